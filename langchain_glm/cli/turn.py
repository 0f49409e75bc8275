"""One turn of a conversation: what the model and its tools say, as events while it comes and as messages at the end."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage, message_chunk_to_message

from langchain_glm.cli.answer_parts import pieces, search_results

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from langchain_glm.chat_models import ChatGLM

__all__ = ["Event", "run_turn", "sources_of"]


class Event(NamedTuple):
    """Something that happens in a turn.

    Args:
        kind: `thinking` and `text` are pieces of a stream; `call` and `result` are a tool's call and its result.
        text: the piece, the call as text, or the result.
    """

    kind: Literal["thinking", "text", "call", "result"]
    text: str


async def run_turn(
    model: ChatGLM, messages: Sequence[BaseMessage], tools: Sequence[Any], came: list[BaseMessage]
) -> AsyncGenerator[Event]:
    """Ask the model, run the tools that it calls, and give its last answer.

    Args:
        model: the model.
        messages: the conversation, the question last.
        tools: the tools; with any of them, an agent of `langchain` runs the turn.
        came: the list to which the turn's messages are added. Where the turn is interrupted, it holds what came until
            then, without calls that have no result.

    Raises:
        GLMError: if the endpoint fails.
        ImportError: if there are tools, but no `langchain`.
    """
    chunks: list[AIMessageChunk] = []
    try:
        if tools:
            async with aclosing(_agent_turn(model, messages, tools, came, chunks)) as events:
                async for event in events:
                    yield event
        else:
            stream = cast("AsyncGenerator[AIMessageChunk]", model.astream(messages))
            async with aclosing(stream):  # who stops reading ends the request at once
                async for chunk in stream:
                    chunks.append(chunk)
                    for kind, text in pieces(chunk):
                        yield Event(kind, text)
    finally:
        while came and isinstance(came[-1], AIMessage) and came[-1].tool_calls:
            came.pop()
        if chunks and (message := _message(chunks)):
            came.append(message)


async def _agent_turn(
    model: ChatGLM,
    messages: Sequence[BaseMessage],
    tools: Sequence[Any],
    came: list[BaseMessage],
    chunks: list[AIMessageChunk],
) -> AsyncGenerator[Event]:
    from langchain.agents import create_agent

    from langchain_glm.middleware import GLMWebSearchMiddleware

    middleware: list[Any] = []
    if model.web_search:  # Z.ai ignores its search beside functions
        model = model.model_copy(update={"web_search": None})
        middleware = [GLMWebSearchMiddleware(model)]
    agent: Any = create_agent(model, list(tools), middleware=middleware)
    known = len(messages)
    stream = agent.astream({"messages": list(messages)}, stream_mode=["messages", "values"])
    async with aclosing(stream):
        async for mode, data in stream:
            if mode == "messages":
                chunk, metadata = data
                if isinstance(chunk, AIMessageChunk) and metadata["langgraph_node"] == "model":
                    chunks.append(chunk)
                    for kind, text in pieces(chunk):
                        yield Event(kind, text)
                continue
            for message in data["messages"][known:]:
                came.append(message)
                chunks.clear()
                for event in _steps(message):
                    yield event
            known = len(data["messages"])


def _steps(message: BaseMessage) -> list[Event]:
    if isinstance(message, ToolMessage):
        return [Event("result", message.text)]
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    return [
        Event("call", f"{call['name']}({', '.join(f'{name}={value!r}' for name, value in call['args'].items())})")
        for call in calls
    ]


def _message(chunks: list[AIMessageChunk]) -> AIMessage | None:
    """Return what came as a message that a later request may hold, without calls, which have no results yet.

    Returns:
        The message; `None` if it would be empty.
    """
    sum_of_chunks: Any = chunks[0] + chunks[1:]
    whole = cast("AIMessage", message_chunk_to_message(sum_of_chunks))
    if whole.response_metadata.get("finish_reason") and not whole.tool_calls:
        return whole
    if not whole.text:
        return None
    return AIMessage(whole.text, additional_kwargs=whole.additional_kwargs,
                     response_metadata={**whole.response_metadata, "interrupted": True})  # fmt: skip


def sources_of(messages: Sequence[BaseMessage]) -> list[dict[str, str]]:
    """Return the pages that searches of these messages found: `ref`, `title`, `url`, `site` and `date`, if known.

    Args:
        messages: the messages of a turn.
    """
    names = {"ref": "refer", "title": "title", "url": "link", "site": "media", "date": "publish_date"}
    found = [result for message in messages for result in search_results(message)]
    listed = [{name: str(result.get(key) or "") for name, key in names.items()} for result in found]
    return [source for source in listed if source["url"] or source["title"]]
