"""Read a reply of the web reader into a `Document`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from langchain_core.documents import Document

from langchain_glm.errors import GLMServerError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["page_document", "read_result"]

_COPIED: Final = {"title": "title", "description": "description", "publishedTime": "published_time", "links": "links",
           "images": "images"}  # fmt: skip


def read_result(reply: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result in a reply, whose `content` is a text.

    Raises:
        GLMServerError: if it is not a result.
    """
    result = reply["reader_result"]
    if not isinstance(result, dict) or not isinstance(result.get("content", ""), str | None):
        raise GLMServerError("the reply has no page", request_id=reply.get("request_id"))
    return {**result, "content": result.get("content") or ""}


def page_document(result: Mapping[str, Any], url: str) -> Document:
    """Return a page as a document.

    Args:
        result: what `read_result` returned.
        url: the URL that was asked for.

    Returns:
        The content, with `source` (the URL that was asked for), `title` and `description` in the metadata, and
        `published_time`, `links` and `images` if the endpoint sent them.
    """
    found = {ours: result[theirs] for theirs, ours in _COPIED.items() if result.get(theirs)}
    metadata = {"source": url, "title": "", "description": "", **found}
    return Document(page_content=result["content"], metadata=metadata)
