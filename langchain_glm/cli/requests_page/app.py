"""The routes of the page that shows requests, beside the server whose requests it shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from langchain_glm.cli.web.guard import guarded
from langchain_glm.cli.web.html import PRIVATE, page_response
from langchain_glm.cli.web.sending import EventStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from langchain_glm.cli.requests_page.watching import Watch

__all__ = ["beside", "requests_app"]

_HTML: Final = Path(__file__).with_name("requests.html")


def requests_app(watch: Watch, about: Callable[[], dict[str, Any]]) -> Starlette:
    """Return the application that shows what `watch` sees, at `/`.

    Args:
        watch: sees the requests.
        about: gives `host`, `base_url`, `key_variable`, `model`, and `chat`, the path of the chat page or `""`.
    """

    async def show_page(request: Request) -> Response:
        return page_response(_HTML)

    async def show_about(request: Request) -> Response:
        return JSONResponse(about(), headers=PRIVATE)

    async def show_events(request: Request) -> EventStream:
        return EventStream(watch.events())

    return Starlette(
        routes=[
            Route("/", guarded(show_page)),
            Route("/requests/about", guarded(show_about)),
            Route("/requests/events", guarded(show_events)),
        ]
    )


def beside(api: ASGIApp, pages: ASGIApp) -> ASGIApp:
    """Return an application that serves the pages at `/`, `/requests/` and `/chat/`, and the endpoint elsewhere.

    No host has its API at these paths, so the endpoint stays as it is.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        is_page = path in ("/", "/chat") or path.startswith(("/requests/", "/chat/"))
        await (pages if is_page else api)(scope, receive, send)

    return serve
