"""What about an answer does not fit its schema."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from langchain_glm.wire.schemas.check import find_error

TEXT = {"type": "string"}
NUMBER = {"type": "number"}
NODE = {
    "$ref": "#/$defs/Node",
    "$defs": {
        "Node": {
            "type": "object",
            "properties": {
                "size": {"type": "integer"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
                "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
            },
            "required": ["size"],
        }
    },
}
JSON = {
    "$ref": "#/$defs/Json",
    "$defs": {"Json": {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/Json"}}, TEXT]}},
}

FITTING: list[tuple[Any, Any]] = [
    (1, {}),
    (1, True),
    (None, {"type": ["object", "null"]}),
    (None, {"type": "string", "nullable": True}),
    (None, {"enum": ["a"], "nullable": True}),
    ({"a": None}, {"properties": {"a": {"$ref": "#/$defs/T", "nullable": True}}, "$defs": {"T": TEXT}}),
    (2.0, {"type": "integer"}),
    (1, {"const": 1}),
    (3, {"minimum": 3, "maximum": 3}),
    (3, {"exclusiveMinimum": 2.5, "exclusiveMaximum": 4}),
    (3, {"minimum": 2, "exclusiveMinimum": True, "maximum": 4, "exclusiveMaximum": False}),
    (True, {"minimum": 5}),
    ("3", {"minimum": 5, "minItems": 2, "required": ["a"]}),
    ("深圳", {"minLength": 2, "maxLength": 2}),
    ("abc", {"pattern": "b"}),
    ("abc", {"pattern": r"\p{L}"}),  # Python cannot read it
    ([1], {"minItems": 1, "maxItems": 1}),
    (["a", 1, 2], {"prefixItems": [TEXT], "items": NUMBER}),
    (["a", 1], {"items": [TEXT, NUMBER], "additionalItems": False}),
    ({"a": "x", "b1": 1, "c": []}, {"properties": {"a": TEXT}, "patternProperties": {"^b": NUMBER}}),
    ({"a": "x"}, {"properties": {"a": TEXT}, "additionalProperties": False}),
    ("x", {"allOf": [TEXT, {"minLength": 1}]}),
    ("x", {"oneOf": [TEXT, {"minLength": 1}]}),  # as anyOf
    ({"size": 1, "children": [{"size": 2, "children": [{"size": 3, "next": {"size": 4, "next": None}}]}]}, NODE),
    (["a", ["b", [["c"], []]]], JSON),
    (1, {"$ref": "#"}),
    (1, {"$ref": "#/$defs/nowhere"}),
    (1, {"$ref": "https://example.org/schema"}),
]
WRONG: list[tuple[Any, Any, str]] = [
    (1, False, "the answer is not allowed"),
    (1, {"const": True}, "the answer is not True"),
    (True, {"enum": [1, 2]}, "the answer is not one of [1, 2]"),
    (None, TEXT, "the answer is not of type string"),
    (True, NUMBER, "the answer is not of type number"),
    ([], {"type": ["object", "null"]}, "the answer is not of type object or null"),
    (2, {"minimum": 3}, "the answer is less than 3"),
    (4.5, {"maximum": 3}, "the answer is more than 3"),
    (3, {"exclusiveMinimum": 3}, "the answer is not more than 3"),
    (3, {"exclusiveMaximum": 3}, "the answer is not less than 3"),
    (3, {"minimum": 3, "exclusiveMinimum": True}, "the answer is not more than 3"),
    ("a", {"minLength": 2}, "the length of the answer is less than 2"),
    ("abc", {"maxLength": 2}, "the length of the answer is more than 2"),
    ("abc", {"pattern": "^b"}, "the answer does not match '^b'"),
    ([], {"minItems": 1}, "the number of items of the answer is less than 1"),
    ([1, 2], {"maxItems": 1}, "the number of items of the answer is more than 1"),
    (["a", "b"], {"prefixItems": [TEXT], "items": NUMBER}, "the answer[1] is not of type number"),
    (["a", 1, 2], {"items": [TEXT, NUMBER], "additionalItems": False}, "the answer[2] is not allowed"),
    ({"b": 1}, {"properties": {"a": TEXT}, "additionalProperties": False}, "the answer['b'] is not allowed"),
    ({"b1": "x"}, {"patternProperties": {"^b": NUMBER}}, "the answer['b1'] is not of type number"),
    ({"b": "x"}, {"additionalProperties": NUMBER}, "the answer['b'] is not of type number"),
    ({}, {"required": ["a"]}, "the answer lacks 'a'"),
    ("", {"allOf": [TEXT, {"minLength": 1}]}, "the length of the answer is less than 1"),
    (1, {"anyOf": [TEXT, {"type": "null"}]}, "the answer is not of type string"),
    (5, {"anyOf": [NUMBER, TEXT], "maximum": 3}, "the answer is more than 3"),
    ({"size": 1, "children": [{"size": 2, "children": [{"size": "3"}]}]}, NODE, "['size'] is not of type integer"),
    ({"size": 1, "next": {"size": 2, "next": {"children": []}}}, NODE, "the answer['next']['next'] lacks 'size'"),
    (["a", [[1]]], JSON, "is not of type array"),
    ({"a": ""}, {"properties": {"a": {"$ref": "#/$defs/T", "minLength": 1}}, "$defs": {"T": TEXT}}, "less than 1"),
]


@pytest.mark.parametrize(("value", "schema"), FITTING)
def test_what_fits(value: Any, schema: Any) -> None:
    assert find_error(value, schema) is None


@pytest.mark.parametrize(("value", "schema", "error"), WRONG)
def test_what_does_not_fit(value: Any, schema: Any, error: str) -> None:
    found = find_error(value, schema)
    assert found is not None
    assert found == error or (not error.startswith("the answer") and error in found)


def test_alternatives_that_hold_each_other_are_checked_once() -> None:
    """Two alternatives at each of forty levels would be 2 to the power of 40 checks."""
    option = {"type": "array", "items": {"$ref": "#"}}
    value: Any = 1
    for _ in range(40):
        value = [value]
    start = time.process_time()
    assert find_error(value, {"anyOf": [option, dict(option), TEXT]}) is not None
    assert time.process_time() - start < 5


def test_what_is_nested_too_deep_is_said() -> None:
    value: Any = []
    for _ in range(5_000):
        value = [value]
    assert find_error(value, {"items": {"$ref": "#"}}) == "the answer is nested too deep to be checked"


class _Fields:
    """Types of which pydantic knows both the JSON schema and what fits."""

    scalars = st.sampled_from([int, str, bool, float, None])
    types = st.recursive(
        scalars,
        lambda inner: (
            inner.map(lambda kind: list[kind])  # type: ignore[valid-type]
            | inner.map(lambda kind: dict[str, kind])  # type: ignore[valid-type]
            | st.tuples(inner, inner).map(lambda kinds: kinds[0] | kinds[1] if None not in kinds else kinds[0])
        ),
        max_leaves=4,
    )
    values = st.recursive(
        st.none() | st.booleans() | st.integers(-3, 3) | st.just(1.5) | st.text(max_size=2),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
        max_leaves=4,
    )


@given(kind=_Fields.types, value=_Fields.values)
def test_it_agrees_with_pydantic(kind: Any, value: Any) -> None:
    adapter = TypeAdapter(kind)
    try:
        adapter.validate_python(value, strict=True)
    except ValidationError:
        fits = False
    else:
        fits = True
    assert (find_error(value, adapter.json_schema()) is None) is fits
