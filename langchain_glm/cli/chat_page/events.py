"""What the page shows of a conversation: LangChain's messages and chunks as plain events."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage

from langchain_glm import GLMError
from langchain_glm.cli.answer_parts import pieces, search_results
from langchain_glm.cli.figures import figures

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from langchain_core.messages import BaseMessage

__all__ = ["Event", "chunk_events", "end_events", "failure", "message_events"]

Event = dict[str, Any]
"""One thing to show. `type` says what it is: `user`, `thinking`, `text`, `call`, `result`, `sources`, `usage`, `error`,
`open` (the turn can be tried again) or `done`."""

_MOST_SHOWN: Final = 20_000
"""Characters of a tool's result that are sent to the page; the model gets all of them."""


def message_events(message: BaseMessage) -> Iterator[Event]:
    """Return the events of a whole message, as for a conversation that is loaded again."""
    if isinstance(message, HumanMessage):
        blocks = message.content_blocks
        yield {
            "type": "user",
            "text": message.text,
            "images": [
                f"data:{block['mime_type']};base64,{block['base64']}"
                for block in blocks
                if block["type"] == "image" and "base64" in block and "mime_type" in block
            ],
        }
    else:
        yield from chunk_events(message)
        yield from end_events(message)


def chunk_events(message: BaseMessage) -> Iterator[Event]:
    """Return the events of a part of an answer: its thinking and its text, and which tools it begins to call."""
    if not isinstance(message, AIMessage):
        return
    for kind, text in pieces(message):
        yield {"type": kind, "text": text}
    if isinstance(message, AIMessageChunk):
        for call in message.tool_call_chunks:
            if call["id"] and call["name"]:
                yield {"type": "call", "id": call["id"], "name": call["name"], "args": None}


def end_events(message: BaseMessage) -> Iterator[Event]:
    """Return the events that only a whole message has: tool calls with arguments, results, sources and tokens."""
    if isinstance(message, ToolMessage):
        yield {
            "type": "result",
            "id": message.tool_call_id,
            "name": message.name or "",
            "text": message.text[:_MOST_SHOWN],
            "failed": message.status == "error",
        }
        yield from _sources(_found_by_tool(message.artifact), call_id=message.tool_call_id)
    elif isinstance(message, AIMessage):
        for call in message.tool_calls:
            yield {"type": "call", "id": call["id"], "name": call["name"], "args": call["args"]}
        yield from _sources(_found_by_model(message))
        yield from _usage(message)


def failure(error: BaseException) -> Event:
    """Return an error as sentences that people can read. Of errors that may hold anything, only the kind is shown."""
    if isinstance(error, GLMError):
        facts = [
            fact
            for fact in (
                f"code {error.code}" if error.code else "",
                f"request {error.request_id}" if error.request_id else "",
            )
            if fact
        ]
        return {"type": "error", "text": error.message, "hint": error.hint or "", "facts": ", ".join(facts)}
    if isinstance(error, ValueError):  # what LangChain and LangGraph say about input that cannot be sent
        return {"type": "error", "text": str(error), "hint": "", "facts": ""}
    return {
        "type": "error",
        "text": f"The program behind this page failed with {type(error).__name__}.",
        "hint": "The terminal in which it runs shows where.",
        "facts": "",
    }


def _usage(message: AIMessage) -> Iterator[Event]:
    if message.usage_metadata is None:
        return
    used = figures([message])
    price = used.costs[0] if used.costs else None
    yield {
        "type": "usage",
        "input": used.input,
        "cached": used.cached,
        "output": used.output,
        "thinking": used.thinking,
        "price": None if price is None else float(price),
        "currency": None if price is None else price.currency,
    }


def _found_by_model(message: AIMessage) -> Sequence[Mapping[str, Any]]:
    """Return the sources of an answer: GLM's search results, else LangChain's citations."""
    if found := search_results(message):
        return found
    annotations = chain.from_iterable(
        block.get("annotations", ()) for block in message.content_blocks if block["type"] == "text"
    )
    return [
        {"title": cited.get("title"), "link": cited.get("url"), "content": cited.get("cited_text")}
        for cited in annotations
        if cited["type"] == "citation"
    ]


def _found_by_tool(artifact: Any) -> list[Mapping[str, Any]]:
    """Return the search results in a tool's artifact: a list of them, or GLM's reply of a search."""
    found = artifact.get("search_result") if isinstance(artifact, dict) else artifact
    if not isinstance(found, list):
        return []
    return [result for result in found if isinstance(result, dict) and {"title", "link"} <= result.keys()]


def _sources(found: Sequence[Mapping[str, Any]], call_id: str | None = None) -> Iterator[Event]:
    if found:
        sources = [
            {
                "title": str(result.get("title") or ""),
                "url": str(result.get("link") or ""),
                "text": str(result.get("content") or "")[:300],
                "site": str(result.get("media") or ""),
                "date": str(result.get("publish_date") or ""),
                "refer": str(result.get("refer") or ""),
            }
            for result in found
        ]
        yield {"type": "sources", "sources": sources, "call": call_id}
