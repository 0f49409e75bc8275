"""Read a reply of a knowledge base into documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.documents import Document

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["is_reply", "passages"]


def is_reply(data: Mapping[str, Any]) -> bool:
    """Return whether an object is a reply and not an error: its `code` is 200 (errors have HTTP 200 too)."""
    return str(data.get("code")) == "200"


def passages(reply: Mapping[str, Any]) -> list[Document]:
    """Read a reply.

    Args:
        reply: its JSON, with the passages in `data`.

    Returns:
        A document for each passage, in the reply's order, with the passage's id. The metadata are those of the
        endpoint (`knowledge_id`, `doc_id`, `doc_name`, `doc_url`, `doc_type`, `index`) with `source` (the URL of the
        document, or else its name), `score`, and `medias` if there are any.
    """
    return [_document(item) for item in reply.get("data") or ()]


def _document(item: Mapping[str, Any]) -> Document:
    given: dict[str, Any] = item.get("metadata") or {}
    source = given.get("doc_url") or given.get("doc_name")
    added = {"source": source, "score": item.get("score"), "medias": item.get("medias")}
    metadata = {**given, **{name: value for name, value in added.items() if value not in (None, [])}}
    return Document(page_content=item.get("text") or "", metadata=metadata, id=item.get("id"))
