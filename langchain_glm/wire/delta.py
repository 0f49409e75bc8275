"""A chunk of text or reasoning, made without pydantic's validation.

A stream makes thousands of them, and nothing in them needs checking: validation took 7.5 µs a chunk, a copy of a
validated template takes 2. A test compares every field with what the public constructors make.
"""

from __future__ import annotations

from typing import Any, Final

from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from langchain_glm.wire.messages import PROVIDER

__all__ = ["delta_chunk"]


def _validated(text: str, reasoning: str) -> ChatGenerationChunk:
    """The same by the public constructors; what `delta_chunk` must equal."""
    return ChatGenerationChunk(
        message=AIMessageChunk(
            content=text,
            additional_kwargs={"reasoning_content": reasoning} if reasoning else {},
            response_metadata={"model_provider": PROVIDER},
            tool_call_chunks=[],
        )
    )


_TEMPLATE: Final = _validated("", "")


_MESSAGE: Final = _TEMPLATE.message.__dict__
_CHUNK: Final = _TEMPLATE.__dict__


def delta_chunk(text: str, reasoning: str) -> ChatGenerationChunk:
    """Return the chunk of a delta that holds text, reasoning or both, and no tool call."""
    message = _made(
        _TEMPLATE.message,
        {
            **_MESSAGE,
            "content": text,
            "additional_kwargs": {"reasoning_content": reasoning} if reasoning else {},
            "response_metadata": {"model_provider": PROVIDER},
            "tool_calls": [],
            "invalid_tool_calls": [],
            "tool_call_chunks": [],
        },
    )
    chunk: ChatGenerationChunk = _made(_TEMPLATE, {**_CHUNK, "text": text, "message": message})
    return chunk


def _made(template: Any, fields: dict[str, Any]) -> Any:
    """An instance of the template's class with these fields; the rest is as pydantic's own copy has it."""
    made = _new(type(template))
    _set(made, "__dict__", fields)
    _set(made, "__pydantic_fields_set__", template.__pydantic_fields_set__.copy())
    extra = template.__pydantic_extra__
    _set(made, "__pydantic_extra__", extra if extra is None else extra.copy())
    _set(made, "__pydantic_private__", None)
    return made


_new: Final = object.__new__
_set: Final = object.__setattr__  # not pydantic's, which would look the field up
