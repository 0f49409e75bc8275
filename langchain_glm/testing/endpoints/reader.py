"""`POST /reader`: a web page as text.

The form of the answer is that of Z.ai's API description and of the official SDK 0.2.3. These are assumptions, because
no recording shows them: a URL that is missing or not http(s) is refused with 1214, and so is a page that cannot be
fetched. Hosts that do not serve the path answer 404. For a page that takes long, queue `Fault.silence`.
"""

from __future__ import annotations

import ipaddress
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from langchain_glm.testing.refusals import Problem, json_answer, not_found, refuse
from langchain_glm.testing.turn import new_id
from langchain_glm.testing.web import read_html

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.testing.library import Library
    from langchain_glm.testing.steps import Answer

__all__ = ["fetched", "reader"]

_PATH: Final = "/reader"
_FORMATS: Final = ("markdown", "text")
_FLAGS: Final = (
    "no_cache", "retain_images", "no_gfm", "keep_img_data_url", "with_images_summary", "with_links_summary",
)  # fmt: skip
_UNREACHABLE: Final = ("localhost", ".localhost", ".invalid", ".local", ".internal")


def reader(body: Mapping[str, Any], host: Host, library: Library) -> Answer:
    """Answer `POST /reader` from the pages of the library, or with a page made from the URL."""
    if not host.may_serve(_PATH):
        return not_found(_PATH, host)
    if problem := _check(body):
        return refuse(problem, host)
    url = body["url"]
    html = fetched(url, library)
    if not isinstance(html, str):
        return refuse(Problem("1214", f"url: {url} cannot be read"), host)
    page = read_html(
        html, url, markdown=body.get("return_format") != "text", images=body.get("retain_images") is not False
    )
    metadata = {"viewport": "width=device-width", **page.metadata}
    result: dict[str, Any] = {
        "content": page.content,
        "description": metadata.get("description", ""),
        "title": page.title,
        "url": url,
        "external": {"stylesheet": page.stylesheets},
        "metadata": metadata,
    }
    if body.get("with_images_summary") is True:
        result["images"] = page.images
    if body.get("with_links_summary") is True:
        result["links"] = page.links
    now = int(time.time())
    answer_id = new_id(host, now)
    request_id = body.get("request_id") or answer_id
    return json_answer(
        {"id": answer_id, "created": now, "request_id": request_id, "model": "web-reader", "reader_result": result}
    )


def _check(body: Mapping[str, Any]) -> Problem | None:
    url, timeout = body.get("url"), body.get("timeout", 20)
    if not isinstance(url, str) or not url:
        return Problem("1214", "url")
    try:
        parts = urlsplit(url)
    except ValueError:
        return Problem("1214", "url")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return Problem("1214", "url")
    if not str(timeout).isdigit() or int(timeout) < 1:  # the SDK types it as a string, the description as a number
        return Problem("1214", "timeout")
    if body.get("return_format", "markdown") not in _FORMATS:
        return Problem("1214", "return_format")
    return next((Problem("1214", flag) for flag in _FLAGS if not isinstance(body.get(flag, False), bool)), None)


def fetched(url: str, library: Library) -> str | bytes | None:
    """Return what the endpoint finds at a URL: a page or file of the library, or a page that is made from the URL.

    Nothing is found at names and addresses that only exist within a private network, because the endpoint is outside of
    it, nor below `.invalid`, which never exists (RFC 2606).
    """
    if url in library.web:
        return library.web[url]
    name = urlsplit(url).hostname or ""
    if name.endswith(_UNREACHABLE) or _is_private(name):
        return None
    words = " ".join(unquote(urlsplit(url).path).replace("-", " ").replace("/", " ").split()) or "home"
    return (
        f'<html><head><title>{name}: {words}</title><meta name="description" content="A page about {words}."></head>'
        f'<body><h1>{words.capitalize()}</h1><p>This page of {name} is about {words}.</p><p><a href="/">Home</a></p>'
        "</body></html>"
    )


def _is_private(name: str) -> bool:
    try:
        return not ipaddress.ip_address(name).is_global
    except ValueError:
        return False
