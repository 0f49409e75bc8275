"""Make the chunks of a stream quickly, as copies of a validated chunk with other fields.

Their values need no validation. The public constructors take five times as long for a chunk of text, and much longer
for a fragment of tool arguments, because they try to complete its JSON. Tests compare every field with the results of
the constructors.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeVar

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import ToolCallChunk, invalid_tool_call, tool_call
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.utils.json import parse_partial_json
from pydantic import BaseModel

from langchain_glm.version import PROVIDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.messages import InvalidToolCall, ToolCall

__all__ = ["delta_chunk"]

Model = TypeVar("Model", bound=BaseModel)

_new: Final = object.__new__
_set: Final = object.__setattr__
_MAX_COMPLETED_LENGTH: Final = 500
"""The most characters of a fragment that LangChain completes: the time for it grows with the square of the length."""


def _copied_chunk(text: str, reasoning: str, parts: Sequence[ToolCallChunk] = ()) -> ChatGenerationChunk:
    """Return the chunk of one delta: its text, its reasoning, and at most one fragment of each tool call."""
    template = _WITH_PARTS if parts else _WITHOUT_PARTS
    message = template.__dict__.copy()
    message["content"] = text
    message["additional_kwargs"] = {"reasoning_content": reasoning} if reasoning else {}
    message["response_metadata"] = {"model_provider": PROVIDER}
    message["tool_calls"], message["invalid_tool_calls"] = _read_parts(parts) if parts else ([], [])
    message["tool_call_chunks"] = [*parts]
    chunk = _CHUNK.__dict__.copy()
    chunk["text"] = text
    chunk["message"] = _copy(template, message)
    return _copy(_CHUNK, chunk)


def _copy(template: Model, fields: dict[str, Any]) -> Model:
    """Return a copy with other fields, made by attributes that pydantic documents; `model_copy` takes twice as long."""
    copy = _new(type(template))
    _set(copy, "__dict__", fields)
    _set(copy, "__pydantic_fields_set__", template.__pydantic_fields_set__.copy())
    _set(copy, "__pydantic_extra__", None if template.__pydantic_extra__ is None else {})
    _set(copy, "__pydantic_private__", None)
    return copy


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


def _validated_chunk(text: str, reasoning: str, parts: Sequence[ToolCallChunk] = ()) -> ChatGenerationChunk:
    """Return the same chunk, made by the public constructors."""
    return ChatGenerationChunk(
        message=AIMessageChunk(
            content=text,
            additional_kwargs={"reasoning_content": reasoning} if reasoning else {},
            response_metadata={"model_provider": PROVIDER},
            tool_call_chunks=list(parts),
        )
    )


_PART: Final = ToolCallChunk(name=None, args="{}", id=None, index=0, type="tool_call_chunk")
_CHUNK: Final = _validated_chunk("", "")
_WITHOUT_PARTS: Final = _CHUNK.message
_WITH_PARTS: Final = _validated_chunk("", "", [_PART]).message


def _copies_work() -> bool:
    """Whether pydantic stores instances as documented, so that copies equal the results of the constructors."""
    try:
        for parts in ([], [_PART]):
            copied, validated = _copied_chunk("a", "b", parts), _validated_chunk("a", "b", parts)
            if copied != validated or copied.model_copy(deep=True).model_dump() != validated.model_dump():
                return False
    except Exception:  # noqa: BLE001 - a changed pydantic may fail in any way; it must not break the import
        return False
    return True


delta_chunk: Final = _copied_chunk if _copies_work() else _validated_chunk
