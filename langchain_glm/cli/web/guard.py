"""Refuse requests that the page did not make: other host names, other sites, other types, too many bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import orjson
from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from starlette.requests import Request
    from starlette.types import ASGIApp

__all__ = ["LOOPBACK", "RefusedError", "guarded", "read_json"]

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""The names under which this computer calls itself."""

_OWN: Final = frozenset({"same-origin", "none"})


class RefusedError(Exception):
    """A request is refused.

    Args:
        status: the HTTP status of the refusal.
        text: why, in a sentence.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.response = JSONResponse({"error": text}, status)


def guarded(
    answer: Callable[[Request], Awaitable[ASGIApp]], hosts: Collection[str] = LOOPBACK
) -> Callable[[Request], Awaitable[Any]]:
    """Wrap a route's function, so that it answers only to these host names and sends refusals as responses."""

    async def respond(request: Request) -> ASGIApp:
        try:
            _check_host(request, hosts)
            return await answer(request)
        except RefusedError as refused:
            return refused.response

    return respond


def _check_host(request: Request, hosts: Collection[str]) -> None:
    """Refuse a request for another host name.

    A site on the web can give its own name the address of this computer (DNS rebinding); the browser then takes the
    page for a part of that site, but still sends the site's name.

    Raises:
        RefusedError: with status 403.
    """
    name = urlsplit(f"//{request.headers.get('host', '')}").hostname
    if name not in hosts:
        raise RefusedError(403, f"This page does not answer to the host name {name!r}.")


async def read_json(request: Request, max_bytes: int) -> Any:
    """Return the JSON of a request that the page itself has sent.

    Raises:
        RefusedError: with 403 for other sites, 415 for other types, 413 for too many bytes, 400 for what is not JSON.
    """
    headers = request.headers
    origin = headers.get("origin")
    if (origin and urlsplit(origin).netloc != headers.get("host")) or headers.get("sec-fetch-site", "none") not in _OWN:
        raise RefusedError(403, "This page answers only to itself, not to other sites.")
    if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise RefusedError(415, "The request must be JSON (content-type: application/json).")
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > max_bytes:
            raise RefusedError(413, f"The message is larger than {max_bytes / 1e6:g} MB. Send fewer or smaller images.")
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        raise RefusedError(400, "The request is not JSON.") from None
