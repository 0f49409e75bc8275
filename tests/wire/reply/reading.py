"""One reply, read in every way that LangChain reads one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from langchain_core.language_models._compat_bridge import chunks_to_events
from langchain_core.language_models._utils import _update_message_content_to_blocks
from langchain_core.language_models.chat_model_stream import ChatModelStream
from langchain_core.messages import AIMessage, AIMessageChunk

from langchain_glm.content_blocks import register_translators
from langchain_glm.wire.reply.chunks import ChunkReader
from langchain_glm.wire.reply.completion import to_result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from langchain_core.outputs import ChatGenerationChunk

register_translators()

DONE: Final[Mapping[str, Any]] = {}
"""Stands for `[DONE]` at the end of a list of events."""
HEAD: Final[dict[str, Any]] = {"id": "20261001120000abcd", "created": 7, "model": "glm-5.2"}
USAGE: Final[dict[str, Any]] = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}


def delta(finish_reason: str | None = None, **fields: Any) -> dict[str, Any]:
    """An event with one choice, as GLM sends it: no `finish_reason` before the end."""
    finish = {} if finish_reason is None else {"finish_reason": finish_reason}
    return {**HEAD, "choices": [{"index": 0, **finish, "delta": fields}]}


def end(finish_reason: str = "stop", **top: Any) -> dict[str, Any]:
    """GLM's last event: no content, the reason and the usage."""
    return {**delta(finish_reason, role="assistant", content=""), "usage": USAGE, **top}


def part(arguments: Any = None, **fields: Any) -> dict[str, Any]:
    """An event with one entry of `tool_calls`; `name` goes into its function."""
    function = {key: fields.pop(key) for key in ("name",) if key in fields}
    if arguments is not None:
        function["arguments"] = arguments
    return delta(tool_calls=[{"type": "function", **fields, "function": function}])


def body(finish_reason: str = "stop", *, top: Mapping[str, Any] | None = None, **message: Any) -> dict[str, Any]:
    """A whole reply."""
    choice = {"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", **message}}
    return {**HEAD, "choices": [choice], "usage": USAGE, **(top or {})}


def chunks_of(
    events: Iterable[Mapping[str, Any]], schemas: Mapping[str, Any] | None = None, *, json_only: bool = False
) -> list[ChatGenerationChunk]:
    events = list(events)
    reader = ChunkReader(schemas or {}, json_only=json_only)
    read = [chunk for event in events if (chunk := reader.read(event)) is not None]
    return read + reader.finish(marked_end=bool(events) and not events[-1])


def _sum(messages: list[AIMessageChunk]) -> AIMessageChunk:
    total = messages[0]
    for message in messages[1:]:
        total = total + message
    return total


def summed(chunks: list[ChatGenerationChunk]) -> AIMessageChunk:
    """The chunks merged with `+`, which is what `stream` users and LangGraph do."""
    return _sum([chunk.message for chunk in chunks if isinstance(chunk.message, AIMessageChunk)])


def summed_blocks(chunks: list[ChatGenerationChunk]) -> AIMessageChunk:
    """The same under `output_version="v1"`, numbering blocks as langchain-core does."""
    messages: list[AIMessageChunk] = []
    index, index_type = -1, ""
    for chunk in chunks:
        message: Any = _update_message_content_to_blocks(chunk.message, "v1")
        for block in message.content:
            if block["type"] != index_type:
                index_type = block["type"]
                index += 1
            block.setdefault("index", index)
        messages.append(message)
    return _sum(messages)


def assembled(chunks: list[ChatGenerationChunk]) -> AIMessage:
    """The message that the protocol's events (`version="v3"`) amount to."""
    stream = ChatModelStream()
    for event in chunks_to_events(iter(chunks)):
        stream.dispatch(event)
    message = stream.output_message
    assert message is not None
    return message


WAYS: Final[Mapping[str, Callable[[list[ChatGenerationChunk]], AIMessage]]] = {
    "v0": summed,
    "v1": summed_blocks,
    "v3": assembled,
}


def whole(reply: Mapping[str, Any], schemas: Mapping[str, Any] | None = None, *, json_only: bool = False) -> AIMessage:
    message = to_result(reply, schemas or {}, json_only=json_only).generations[0].message
    assert isinstance(message, AIMessage)
    return message


def held(message: AIMessage) -> dict[str, Any]:
    """What a user finds in a message, whichever way it was read."""
    blocks: list[Any] = list(message.content_blocks)
    return {
        "text": message.text,
        "reasoning": "".join(block["reasoning"] for block in blocks if block["type"] == "reasoning"),
        "tool_calls": [(call["id"], call["name"], call["args"]) for call in message.tool_calls],
        "invalid": [(call["id"], call["name"] or "") for call in message.invalid_tool_calls],
        "usage": message.usage_metadata,
        "metadata": {key: value for key, value in message.response_metadata.items() if key != "output_version"},
    }


def read_all(
    events: Iterable[Mapping[str, Any]], schemas: Mapping[str, Any] | None = None
) -> dict[str, dict[str, Any]]:
    """What each way of streaming holds of the same events; chunks are made anew, for merging changes them."""
    events = list(events)
    return {name: held(way(chunks_of(events, schemas))) for name, way in WAYS.items()}
