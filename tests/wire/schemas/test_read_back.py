"""Arguments read back by their schema."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_glm.wire.schemas.check import find_error
from langchain_glm.wire.schemas.inline import inline
from langchain_glm.wire.schemas.read_back import child_schema, may_hold_json_strings, read_by_schema, requires_container

POINT = {"type": "object", "properties": {"x": {"type": "integer"}}}
TEXT = {"type": "string"}
OBJECT = {"type": "object"}
ARRAY = {"type": "array"}

# the schema of a value: does it want an object or an array, and no string?
WANTING: list[tuple[Any, bool]] = [
    (OBJECT, True),
    (ARRAY, True),
    (POINT, True),
    ({"properties": {}}, True),
    ({"type": ["object", "null"]}, True),
    ({"anyOf": [OBJECT, {"type": "null"}]}, True),
    ({"oneOf": [ARRAY, OBJECT]}, True),
    ({"allOf": [OBJECT]}, True),
    (TEXT, False),
    ({"type": "integer"}, False),
    ({"type": ["object", "string"]}, False),
    ({"anyOf": [OBJECT, TEXT]}, False),
    ({"anyOf": [OBJECT, {}]}, False),
    ({}, False),
    ({"enum": ["a"]}, False),
    ({"anyOf": []}, False),
    ({"type": {"a": 1}}, False),
    (True, False),
    (None, False),
    ([], False),
]


@pytest.mark.parametrize(("schema", "expected"), WANTING)
def test_a_container_is_wanted(schema: Any, expected: bool) -> None:
    assert requires_container(schema) is expected
    assert may_hold_json_strings({"properties": {"p": schema}}) is expected or schema == POINT
    assert may_hold_json_strings({"properties": {"p": {"type": "string", "items": schema}}}) is expected


ACTIONS = {
    "type": "array",
    "items": {
        "anyOf": [
            {"type": "object", "properties": {"click": POINT}, "required": ["click"]},
            {"type": "object", "properties": {"type": {"type": "object", "properties": {"text": TEXT}}}},
            {"type": "object", "properties": {"done": {"anyOf": [OBJECT, {"type": "null"}]}}},
            {"type": "object", "properties": {"say": TEXT}},
        ]
    },
}

# a value, its schema, and what is read
READ: list[tuple[Any, Any, Any]] = [
    ({"p": '{"x": 1}'}, {"properties": {"p": OBJECT}}, {"p": {"x": 1}}),
    ({"p": "[1, 2]"}, {"properties": {"p": ARRAY}}, {"p": [1, 2]}),
    ({"p": ' {"x": 1}\n'}, {"properties": {"p": OBJECT}}, {"p": {"x": 1}}),
    ({"p": '{"x": 1}'}, {"properties": {"p": TEXT}}, {"p": '{"x": 1}'}),
    ({"p": '{"x": 1}'}, {"properties": {"p": {"anyOf": [OBJECT, TEXT]}}}, {"p": '{"x": 1}'}),
    ({"p": '{"x": 1}'}, {"properties": {"p": {"anyOf": [OBJECT, {"type": "null"}]}}}, {"p": {"x": 1}}),
    ({"p": "[1]"}, {"properties": {"p": OBJECT}}, {"p": "[1]"}),
    ({"p": '{"x": 1}'}, {"properties": {"p": ARRAY}}, {"p": '{"x": 1}'}),
    ({"p": "1"}, {"properties": {"p": OBJECT}}, {"p": "1"}),
    ({"p": "null"}, {"properties": {"p": OBJECT}}, {"p": "null"}),
    ({"p": "x"}, {"properties": {"p": OBJECT}}, {"p": "x"}),
    ({"p": ""}, {"properties": {"p": OBJECT}}, {"p": ""}),
    ({"p": '{"x": 1'}, {"properties": {"p": OBJECT}}, {"p": '{"x": 1'}),
    ({"p": '{"x": 1}, "q": 2'}, {"properties": {"p": OBJECT}}, {"p": '{"x": 1}, "q": 2'}),
    ({"p": '{"x": 1}, "value": {"y": 2}'}, {"properties": {"p": OBJECT}}, {"p": '{"x": 1}, "value": {"y": 2}'}),
    ({"p": {"q": '{"x": 1}'}}, {"properties": {"p": {"properties": {"q": OBJECT}}}}, {"p": {"q": {"x": 1}}}),
    ({"p": ['{"x": 1}', "y"]}, {"properties": {"p": {"items": OBJECT}}}, {"p": [{"x": 1}, "y"]}),
    ({"p": '["{\\"x\\": 1}"]'}, {"properties": {"p": {"type": "array", "items": OBJECT}}}, {"p": [{"x": 1}]}),
    ({"any": '{"x": 1}'}, {"additionalProperties": OBJECT}, {"any": {"x": 1}}),
    ({"q": '{"x": 1}'}, {"properties": {"p": OBJECT}}, {"q": '{"x": 1}'}),
    ({"p": 1}, {"properties": {"p": OBJECT}}, {"p": 1}),
    ({"p": '{"x": 1}'}, None, {"p": '{"x": 1}'}),
    ({"p": '{"x": 1}'}, {"properties": 1}, {"p": '{"x": 1}'}),
    ({"p": '{"x": 1}'}, {"anyOf": [{"properties": {"p": OBJECT}}, {"type": "null"}]}, {"p": {"x": 1}}),
    ({"p1": '{"x": 1}', "q": "{}"}, {"patternProperties": {"^p": OBJECT}}, {"p1": {"x": 1}, "q": "{}"}),
    ({"p": '{"x": 1}'}, {"patternProperties": {"(": OBJECT}}, {"p": '{"x": 1}'}),
    # a union of models, each with one property, as browser agents describe their actions
    (
        {"do": ['{"click": {"at": 1}}', {"type": '{"text": "[]"}'}, {"done": "{}"}, {"say": "{}"}]},
        {"properties": {"do": ACTIONS}},
        {"do": [{"click": {"at": 1}}, {"type": {"text": "[]"}}, {"done": {}}, {"say": "{}"}]},
    ),
    # the same property in several alternatives: read only where all of them want a container
    ({"p": "{}"}, {"anyOf": [{"properties": {"p": OBJECT}}, {"properties": {"p": POINT}}]}, {"p": {}}),
    ({"p": "{}"}, {"anyOf": [{"properties": {"p": OBJECT}}, {"properties": {"p": TEXT}}]}, {"p": "{}"}),
    ({"p": ["{}"]}, {"properties": {"p": {"anyOf": [{"items": OBJECT}, {"items": TEXT}]}}}, {"p": ["{}"]}),
    ({"p": ["{}"]}, {"properties": {"p": {"oneOf": [{"items": OBJECT}, {"type": "null"}]}}}, {"p": [{}]}),
]


@pytest.mark.parametrize(("value", "schema", "expected"), READ)
def test_json_in_strings_is_read(value: Any, schema: Any, expected: Any) -> None:
    before = copy.deepcopy(value)
    assert read_by_schema(value, schema) == expected
    assert value == before
    assert may_hold_json_strings(schema) or expected == before


@pytest.mark.parametrize(
    ("schema", "key", "expected"),
    [
        ({"properties": {"p": TEXT}}, "p", TEXT),
        ({"properties": {"p": TEXT}}, "q", None),
        ({"properties": {"p": TEXT}, "additionalProperties": OBJECT}, "q", OBJECT),
        ({"items": TEXT}, None, TEXT),
        ({}, None, None),
        (True, "p", None),
        (None, None, None),
    ],
)
def test_the_schema_of_a_child(schema: Any, key: str | None, expected: Any) -> None:
    assert child_schema(schema, key) == expected


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYWORDS = [
    "properties",
    "items",
    "anyOf",
    "allOf",
    "type",
    "$ref",
    "$defs",
    "prefixItems",
    "additionalProperties",
    "patternProperties",
    "enum",
    "required",
    "pattern",
    "minimum",
    "maxItems",
]
odd_schemas = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["object", "array", "string", "#", "#/$defs/x", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*KEYWORDS, "x"]), inner, max_size=4),
    max_leaves=12,
)


@given(schema=st.dictionaries(st.sampled_from([*KEYWORDS, "x"]), odd_schemas, max_size=4), value=anything)
def test_no_schema_whatever_breaks_the_reading(schema: dict[str, Any], value: Any) -> None:
    plain = inline(schema)
    read_by_schema(value, plain)
    may_hold_json_strings(plain)
    requires_container(plain)
    find_error(value, schema)


@given(value=anything)
def test_without_a_schema_nothing_changes(value: Any) -> None:
    assert read_by_schema(value, {}) == value
