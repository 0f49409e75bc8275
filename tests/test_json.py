"""JSON as text: request bodies, with parts that are written once."""

from __future__ import annotations

import copy
import json
import pickle
from enum import IntEnum
from typing import Any

import pytest

from langchain_glm.json import CachedJson, encode


class Size(IntEnum):
    SMALL = 1


class Text(str):
    """As LangChain's `message.text` is one."""

    __slots__ = ()


BODIES: dict[str, tuple[Any, Any]] = {
    "plain": ({"a": ["城", 1.5, None, True]}, {"a": ["城", 1.5, None, True]}),
    "a key that is no string": ({1: "a"}, {"1": "a"}),
    "a subclass of str": ({"a": Text("b")}, {"a": "b"}),
    "an enumeration": ({"a": Size.SMALL}, {"a": 1}),
    "a large integer": ({"a": 10**30}, {"a": 10**30}),
    "half a surrogate pair": ({"a": "\ud83d"}, {"a": "?"}),
    "a number that is none": ({"a": float("nan")}, {"a": None}),
}


@pytest.mark.parametrize(("body", "expected"), BODIES.values(), ids=BODIES)
def test_a_body_is_written(body: Any, expected: Any) -> None:
    assert json.loads(encode(body)) == expected
    written = CachedJson(body)
    assert json.loads(encode({"tools": [written, written]})) == {"tools": [expected, expected]}
    assert json.loads(encode({"tools": [written], "large": 10**30})) == {"tools": [expected], "large": 10**30}


def test_what_is_written_once_keeps_its_text_and_is_a_dict() -> None:
    one = CachedJson({"a": {"b": 1}})
    assert one.json is one.json
    assert one == {"a": {"b": 1}}
    for other in (copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert (type(other), other) == (CachedJson, one)
        assert encode(other) == encode(one)


def test_what_is_nested_too_deep_is_refused() -> None:
    body: Any = []
    for _ in range(100_000):
        body = [body]
    with pytest.raises(ValueError, match="nested too deep"):
        encode(body)
