"""Read a reply of the web reader into a `Document`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.documents import Document

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["page_document"]

_COPIED = {"title": "title", "description": "description", "publishedTime": "published_time", "links": "links",
           "images": "images"}  # fmt: skip


def page_document(result: Mapping[str, Any], url: str) -> Document:
    """Return a page as a document.

    Args:
        result: `reader_result` of the reply.
        url: the URL that was asked for.

    Returns:
        The content, with `source` (the URL that was asked for), `title` and `description` in the metadata, and
        `published_time`, `links` and `images` if the endpoint sent them.
    """
    found = {ours: result[theirs] for theirs, ours in _COPIED.items() if result.get(theirs)}
    metadata = {"source": url, "title": "", "description": "", **found}
    return Document(page_content=result.get("content") or "", metadata=metadata)
