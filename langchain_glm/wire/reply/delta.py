"""Make the chunks of a stream as copies of a validated chunk with other fields.

Their values need no validation. The public constructors take twice as long for a chunk of text, and much longer for a
fragment of tool arguments, because they try to complete its JSON. Tests compare every field with the results of the
constructors.
"""

from __future__ import annotations

import json
from copy import copy
from typing import TYPE_CHECKING, Any, Final

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import ToolCallChunk, invalid_tool_call, tool_call
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.utils.json import parse_partial_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.messages import InvalidToolCall, ToolCall

__all__ = ["delta_chunk"]

_MAX_COMPLETED_LENGTH: Final = 500
"""The most characters of a fragment that LangChain completes: the time for it grows with the square of the length."""


def delta_chunk(
    text: str, reasoning: str, parts: Sequence[ToolCallChunk] = (), *, provider: str
) -> ChatGenerationChunk:
    """Return the chunk of one delta: its text, its reasoning, and at most one fragment of each tool call.

    Args:
        text: its text.
        reasoning: its reasoning.
        parts: its fragments of tool calls.
        provider: the `model_provider` of the message.
    """
    calls, invalid = _read_parts(parts)
    message, chunk = copy(_WITH_PARTS if parts else _WITHOUT_PARTS), copy(_CHUNK)
    vars(message).update(  # `model_copy(update=…)` would record tool calls as set by the caller, and takes longer
        content=text,
        additional_kwargs={"reasoning_content": reasoning} if reasoning else {},
        response_metadata={"model_provider": provider},
        tool_calls=calls,
        invalid_tool_calls=invalid,
        tool_call_chunks=[*parts],
    )
    vars(chunk).update(text=text, message=message)
    return chunk


def _read_parts(parts: Sequence[ToolCallChunk]) -> tuple[list[ToolCall], list[InvalidToolCall]]:
    """Return the valid and the invalid calls that the constructor would make of fragments."""
    calls, invalid = [], []
    for part in parts:
        arguments = _object_of(part["args"] or "")
        if arguments is None:
            invalid.append(invalid_tool_call(name=part["name"], args=part["args"], id=part["id"], error=None))
        else:
            calls.append(tool_call(name=part["name"] or "", args=arguments, id=part["id"]))
    return calls, invalid


def _object_of(arguments: str) -> dict[str, Any] | None:
    """Return the object that LangChain would make of a fragment, or `None`; it completes fragments if it can."""
    if not arguments:
        return {}
    if not arguments.lstrip().startswith("{"):
        return None  # it cannot be completed to an object
    read = parse_partial_json if len(arguments) <= _MAX_COMPLETED_LENGTH else json.loads
    try:
        value = read(arguments, strict=False)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _template(parts: list[ToolCallChunk]) -> AIMessageChunk:
    return AIMessageChunk(content="", additional_kwargs={}, response_metadata={}, tool_call_chunks=parts)


_WITHOUT_PARTS: Final = _template([])
_WITH_PARTS: Final = _template([ToolCallChunk(name=None, args="{}", id=None, index=0, type="tool_call_chunk")])
_CHUNK: Final = ChatGenerationChunk(message=_WITHOUT_PARTS)
