"""Read the reply of a web search: unchanged, as text for a model, or as documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from langchain_core.documents import Document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["REPLY_FIELDS", "read_search", "to_documents", "to_text"]

REPLY_FIELDS: Final = ("search_result", "search_intent", "created")
"""Fields that errors do not have; a reply has at least one: the results, or the intent of the search."""

_METADATA: Final = ("title", "link", "media", "publish_date", "refer")


def read_search(reply: Mapping[str, Any], count: int) -> dict[str, Any]:
    """Return the reply with `search_result` and `search_intent` as lists of objects, and with at most `count` results.

    Both are lists in recorded replies; the official SDK types them as single objects. Without a result, the endpoint
    sends an empty list, or leaves the field out.
    """
    return {
        **reply,
        "search_intent": _objects(reply.get("search_intent")),
        "search_result": _objects(reply.get("search_result"))[:count],
    }


def to_text(reply: Mapping[str, Any]) -> str:
    """Return the results as text for a model: a number, title, site, date, link and content, as far as they are known.

    Args:
        reply: what `read_search` returned.
    """
    if results := reply["search_result"]:
        return "\n\n".join(_source(number, result) for number, result in enumerate(results, 1))
    if any(intent.get("intent") == "SEARCH_NONE" for intent in reply["search_intent"]):
        return "Nothing was searched: the search engine found that this query needs no search."
    return "The search found nothing."


def to_documents(results: Sequence[Mapping[str, Any]]) -> list[Document]:
    """Return the results as documents; the metadata has every key, with an empty string for what is not known."""
    return [
        Document(_text(result.get("content")), metadata={name: _text(result.get(name)) for name in _METADATA})
        for result in results
    ]


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def _source(number: int, result: Mapping[str, Any]) -> str:
    title, link, site, date, _ = (" ".join(_text(result.get(name)).split()) for name in _METADATA)
    origin = ", ".join(filter(None, (site, date)))
    head = " ".join(filter(None, (f"[{number}]", title, f"({origin})" if origin else "")))
    lines = (line.strip() for line in _text(result.get("content")).splitlines())
    return "\n".join(filter(None, (head, link, *lines)))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
