"""Chunks that are made past pydantic are, field by field, what the public constructors make."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from langchain_glm.wire.delta import _validated, delta_chunk

CASES = [("", ""), ("text", ""), ("", "thought"), ("text", "thought"), ("你好\n", "\n想")]


def state(model: Any) -> dict[str, Any]:
    """Everything that pydantic keeps in an instance."""
    names = ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
    return {name: getattr(model, name) for name in names} | {"class": type(model)}


@pytest.mark.parametrize(("text", "reasoning"), CASES)
def test_every_field_is_the_same(text: str, reasoning: str) -> None:
    fast, slow = delta_chunk(text, reasoning), _validated(text, reasoning)
    assert fast == slow
    assert repr(fast) == repr(slow)
    assert state(fast.message) == state(slow.message)
    assert {**state(fast), "__dict__": None} == {**state(slow), "__dict__": None}
    assert fast.__dict__.keys() == slow.__dict__.keys()
    assert list(fast.message.__dict__) == list(slow.message.__dict__)
    assert fast.model_dump() == slow.model_dump()
    assert fast.message.content_blocks == slow.message.content_blocks


def test_chunks_share_nothing() -> None:
    one, other = delta_chunk("a", ""), delta_chunk("b", "")
    for name, value in one.message.__dict__.items():
        if isinstance(value, (list, dict, set)):
            assert value is not other.message.__dict__[name], name
    one.message.response_metadata = {"changed": True}
    one.message.id = "1"
    assert (other.message.id, other.message.response_metadata) == (None, {"model_provider": "glm"})
    assert "id" not in other.message.model_fields_set


def test_they_add_copy_and_pickle_as_others_do() -> None:
    fast, slow = delta_chunk("a", "x") + delta_chunk("b", "y"), _validated("a", "x") + _validated("b", "y")
    assert fast == slow
    assert copy.deepcopy(delta_chunk("a", "x")) == pickle.loads(pickle.dumps(_validated("a", "x")))
