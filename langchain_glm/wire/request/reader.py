"""Build the request to the web reader, and check the URLs of pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from langchain_glm.errors import GLMValueError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PAGE_TIMEOUT", "check_page_url", "reader_payload"]

PAGE_TIMEOUT: Final = 20
"""How many seconds the endpoint waits for a page if the request does not say (Z.ai's API description, 2026-10)."""

_NOT_IN_A_URL: Final = re.compile(r"[\x00-\x20\x7f]")


def check_page_url(url: Any, where: str) -> str:
    """Check the URL of a page or a file.

    Args:
        url: what was given.
        where: how the message names it, such as `"urls[2]"`.

    Returns:
        The URL without surrounding white space.

    Raises:
        GLMValueError: if it is not a complete URL with http or https.

    Example:
        ```python
        check_page_url("https://docs.z.ai/", "url")
        ```
    """
    text = url.strip() if isinstance(url, str) else ""
    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port above 65535, or half an IPv6 address
        valid = False
    if not valid or _NOT_IN_A_URL.search(text):
        raise GLMValueError(f"{where}={url!r} must be a complete URL, such as 'https://docs.z.ai/'.")
    return text


def reader_payload(url: str, timeout: int | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a request to `/reader`.

    Args:
        url: the page.
        timeout: how many seconds the endpoint waits for the page; `None` leaves it to the endpoint.
        options: the endpoint's other fields; those that are `None` are left out.

    Example:
        ```python
        reader_payload("https://docs.z.ai/", 30, {"no_cache": True, "return_format": None})
        ```
    """
    fields = {"url": url, "timeout": timeout, **options}
    return {name: value for name, value in fields.items() if value is not None}
