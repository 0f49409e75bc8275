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
        A document for each passage, in the reply's order, with the passage's id. The metadata hold the endpoint's
        fields (`knowledge_id`, `doc_id`, `doc_name`, `doc_url`, `doc_type`, `index`), `source` (the URL of the
        document, or else its name), `score`, and `medias` if there are any.
    """
    data = reply.get("data")
    return [_document(item) for item in data if isinstance(item, dict)] if isinstance(data, list) else []


def _document(item: Mapping[str, Any]) -> Document:
    given = item["metadata"] if isinstance(item.get("metadata"), dict) else {}
    text, passage_id = item.get("text"), item.get("id")
    source = given.get("doc_url") or given.get("doc_name")
    added = {"source": source, "score": item.get("score"), "medias": item.get("medias")}
    metadata = {**given, **{name: value for name, value in added.items() if value not in (None, [])}}
    return Document(
        page_content=text if isinstance(text, str) else "",
        metadata=metadata,
        id=None if passage_id is None else str(passage_id),
    )
