"""Chunks that are copies are, field by field, what the public constructors make."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import ToolCallChunk
from langchain_core.outputs import ChatGenerationChunk

from langchain_glm.wire.reply.delta import delta_chunk as _delta_chunk

if TYPE_CHECKING:
    from collections.abc import Sequence

CASES = [("", ""), ("text", ""), ("", "thought"), ("text", "thought"), ("你好\n", "\n想")]


def delta_chunk(text: str, reasoning: str, parts: Sequence[ToolCallChunk] = ()) -> ChatGenerationChunk:
    return _delta_chunk(text, reasoning, parts, provider="zai")


def state(model: Any) -> dict[str, Any]:
    """Everything that pydantic keeps in an instance."""
    names = ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
    return {name: getattr(model, name) for name in names} | {"class": type(model)}


def check_same(fast: ChatGenerationChunk, slow: ChatGenerationChunk) -> None:
    assert fast == slow
    assert repr(fast) == repr(slow)
    assert state(fast.message) == state(slow.message)
    assert {**state(fast), "__dict__": None} == {**state(slow), "__dict__": None}
    assert fast.__dict__.keys() == slow.__dict__.keys()
    assert list(fast.message.__dict__) == list(slow.message.__dict__)
    assert fast.model_dump() == slow.model_dump()
    assert fast.message.content_blocks == slow.message.content_blocks


def validated_chunk(text: str, reasoning: str, parts: list[ToolCallChunk]) -> ChatGenerationChunk:
    """What the public constructors make."""
    return ChatGenerationChunk(
        message=AIMessageChunk(
            content=text,
            additional_kwargs={"reasoning_content": reasoning} if reasoning else {},
            response_metadata={"model_provider": "zai"},
            tool_call_chunks=parts,
        )
    )


@pytest.mark.parametrize("parts", [[], ['{"a'], ["x", "{}"]])
@pytest.mark.parametrize(("text", "reasoning"), CASES)
def test_every_field_of_a_delta_is_the_same(text: str, reasoning: str, parts: list[str]) -> None:
    made = [[part(args, index) for index, args in enumerate(parts)] for _ in range(2)]
    check_same(delta_chunk(text, reasoning, made[0]), validated_chunk(text, reasoning, made[1]))


def test_a_long_fragment_that_cannot_be_completed_is_not_completed() -> None:
    message = delta_chunk("", "", [part('{"a": 1' + " x" * 500)]).message
    assert isinstance(message, AIMessageChunk)
    assert (message.tool_calls, len(message.invalid_tool_calls)) == ([], 1)
    message = delta_chunk("", "", [part('{"a": "' + "x" * 1000 + '"}')]).message
    assert isinstance(message, AIMessageChunk)
    assert message.tool_calls[0]["args"] == {"a": "x" * 1000}


def part(args: str, index: int = 0) -> ToolCallChunk:
    return ToolCallChunk(name=None, args=args, id=None, index=index, type="tool_call_chunk")


FRAGMENTS = [
    '{"a',
    '": 1',
    "}",
    ' {"a": 1}',
    "[1",
    "null",
    "1",
    '"',
    "\\",
    "\u00a0{",
    "\n",
    " ",
    "",
    "城市",
    '{"',
    "{}",
    "]",
]


@pytest.mark.parametrize("args", FRAGMENTS)
def test_every_field_of_a_fragment_is_the_same(args: str) -> None:
    check_same(delta_chunk("", "", [part(args)]), validated_chunk("", "", [part(args)]))
    two = [part(args), part("x", 1)]
    check_same(delta_chunk("", "", two), validated_chunk("", "", [part(args), part("x", 1)]))


@given(st.text(alphabet='{}[]":, \\ntrue1\u00a0', max_size=12))
def test_every_field_of_any_fragment_is_the_same(args: str) -> None:
    check_same(delta_chunk("", "", [part(args)]), validated_chunk("", "", [part(args)]))


def test_chunks_share_nothing() -> None:
    one, other = delta_chunk("a", ""), delta_chunk("b", "")
    for name, value in one.message.__dict__.items():
        if isinstance(value, (list, dict, set)):
            assert value is not other.message.__dict__[name], name
    one.message.response_metadata = {"changed": True}
    one.message.id = "1"
    assert (other.message.id, other.message.response_metadata) == (None, {"model_provider": "zai"})
    assert "id" not in other.message.model_fields_set


def test_they_add_copy_and_pickle_as_others_do() -> None:
    fast, slow = (
        delta_chunk("a", "x") + delta_chunk("b", "y"),
        validated_chunk("a", "x", []) + validated_chunk("b", "y", []),
    )
    assert fast == slow
    assert copy.deepcopy(delta_chunk("a", "x")) == pickle.loads(pickle.dumps(validated_chunk("a", "x", [])))
