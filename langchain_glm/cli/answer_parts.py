"""What the terminal and the chat page show of an answer: pieces of thinking and text, and what its search found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_core.messages import AIMessage, BaseMessage

__all__ = ["pieces", "search_results"]


def pieces(message: AIMessage) -> Iterator[tuple[Literal["thinking", "text"], str]]:
    """Return the thinking and the text of an answer, or of a chunk of one, in their order."""
    for block in message.content_blocks:
        if block["type"] == "reasoning" and block.get("reasoning"):
            yield "thinking", block["reasoning"]
        elif block["type"] == "text" and block["text"]:
            yield "text", block["text"]


def search_results(message: BaseMessage) -> list[dict[str, Any]]:
    """Return the pages that GLM's search found for an answer: those that it cites, if that is known, else all."""
    for name in ("sources", "web_search"):  # `sources` are those that GLMWebSearchMiddleware found cited
        found = message.response_metadata.get(name)
        if isinstance(found, list) and found:
            return [result for result in found if isinstance(result, dict)]
    return []
