"""The chunks that a stream makes by the thousand, made without pydantic's validation.

Nothing in them needs checking: validation took 7.5 µs a chunk of text, a copy of a validated template takes 1.2.
For a fragment of tool arguments it took 85, because the constructor tries to complete the fragment's JSON.
A test compares every field with what the public constructors make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import ToolCallChunk, invalid_tool_call
from langchain_core.outputs import ChatGenerationChunk
from pydantic import BaseModel

from langchain_glm.version import PROVIDER

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["delta_chunk", "fragment_chunk", "validated_chunk"]


def validated_chunk(text: str, reasoning: str, parts: list[ToolCallChunk]) -> ChatGenerationChunk:
    """Return the chunk of a delta, by the public constructors."""
    return ChatGenerationChunk(
        message=AIMessageChunk(
            content=text,
            additional_kwargs={"reasoning_content": reasoning} if reasoning else {},
            response_metadata={"model_provider": PROVIDER},
            tool_call_chunks=parts,
        )
    )


_new: Final = object.__new__
# Not setattr: pydantic's looks the field up, object's the slot; both took a third of a chunk's time.
_set_dict: Final = vars(BaseModel)["__dict__"].__set__
_set_fields_set: Final = vars(BaseModel)["__pydantic_fields_set__"].__set__
_set_extra: Final = vars(BaseModel)["__pydantic_extra__"].__set__
_set_private: Final = vars(BaseModel)["__pydantic_private__"].__set__


def _maker(template: Any) -> Callable[[dict[str, Any]], Any]:
    """What makes an instance of the template's class of some fields; the rest is as pydantic's own copy has it."""
    kind, fields_set, extra = type(template), template.__pydantic_fields_set__, template.__pydantic_extra__

    def make(fields: dict[str, Any]) -> Any:
        made = _new(kind)
        _set_dict(made, fields)
        _set_fields_set(made, fields_set.copy())
        _set_extra(made, extra if extra is None else extra.copy())
        _set_private(made, None)
        return made

    return make


_TEMPLATE: Final = validated_chunk("", "", [])
_FRAGMENT: Final = validated_chunk(
    "", "", [ToolCallChunk(name=None, args='"', id=None, index=0, type="tool_call_chunk")]
).message
_MESSAGE: Final = _TEMPLATE.message.__dict__
_CHUNK: Final = _TEMPLATE.__dict__
_make_message: Final = _maker(_TEMPLATE.message)
_make_chunk: Final = _maker(_TEMPLATE)
_make_fragment: Final = _maker(_FRAGMENT)


def delta_chunk(text: str, reasoning: str) -> ChatGenerationChunk:
    """Return the chunk of a delta that holds text, reasoning or both, and no tool call."""
    fields = _MESSAGE.copy()
    fields["content"] = text
    fields["additional_kwargs"] = {"reasoning_content": reasoning} if reasoning else {}
    fields["response_metadata"] = {"model_provider": PROVIDER}
    fields["tool_calls"] = []
    fields["invalid_tool_calls"] = []
    fields["tool_call_chunks"] = []
    outer = _CHUNK.copy()
    outer["text"] = text
    outer["message"] = _make_message(fields)
    chunk: ChatGenerationChunk = _make_chunk(outer)
    return chunk


def fragment_chunk(parts: list[ToolCallChunk]) -> ChatGenerationChunk:
    """Return the chunk of a delta that holds nothing but fragments of tool arguments."""
    if any((part["args"] or "{").lstrip().startswith("{") for part in parts):
        return validated_chunk("", "", parts)  # the constructor makes a call of what may be an object's beginning
    # What does not begin an object cannot be completed to one: to the constructor it is an invalid call.
    message = _make_fragment(
        {
            **_FRAGMENT.__dict__,
            "additional_kwargs": {},
            "response_metadata": {"model_provider": PROVIDER},
            "tool_calls": [],
            "invalid_tool_calls": [
                invalid_tool_call(name=part["name"], args=part["args"], id=part["id"], error=None) for part in parts
            ],
            "tool_call_chunks": parts,
        },
    )
    chunk: ChatGenerationChunk = _make_chunk({**_CHUNK, "message": message})
    return chunk
