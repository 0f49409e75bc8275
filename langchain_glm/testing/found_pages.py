"""The web that the server's searches find: invented pages about any query, the same ones each time."""

from __future__ import annotations

import hashlib
from typing import Any

__all__ = ["found_pages"]


def found_pages(query: str, count: int, *, characters: int = 0) -> list[dict[str, Any]]:
    """Return search results in GLM's form.

    Args:
        query: what the pages are about.
        count: how many there are.
        characters: the minimum length of a page's content, which repeats its sentence.
    """
    return [_page(query, number, characters) for number in range(1, count + 1)]


def _page(query: str, number: int, characters: int) -> dict[str, Any]:
    site = hashlib.sha256(f"{query}/{number}".encode("utf-8", "replace")).hexdigest()[:8]
    sentence = f"Page {number} about: {query}"
    return {
        "icon": f"https://{site}.example/icon.png",
        "title": f"{query} ({number})",
        "link": f"https://{site}.example/{number}",
        "media": f"Site {site}",
        "publish_date": f"2026-10-{number % 28 + 1:02d}",
        "content": "\n".join([sentence] * max(1, -(-characters // (len(sentence) + 1)))),
        "refer": f"ref_{number}",
    }
