"""JSON schemas as GLM takes them, and arguments read back by them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from langchain_glm.wire.schemas.inline import inline
from langchain_glm.wire.schemas.read_back import child_schema, read_by_schema, reads_strings, wants_container

POINT = {"type": "object", "properties": {"x": {"type": "integer"}}}
TEXT = {"type": "string"}

# what it shows: the schema, and the one without references
INLINED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a plain schema stays": (POINT, POINT),
    "$defs": (
        {"properties": {"p": {"$ref": "#/$defs/P"}}, "$defs": {"P": POINT}},
        {"properties": {"p": POINT}},
    ),
    "definitions": (
        {"properties": {"p": {"$ref": "#/definitions/P"}}, "definitions": {"P": POINT}},
        {"properties": {"p": POINT}},
    ),
    "references in references": (
        {
            "$ref": "#/$defs/A",
            "$defs": {
                "A": {"type": "array", "items": {"$ref": "#/$defs/B"}},
                "B": {"anyOf": [{"$ref": "#/$defs/P"}, TEXT]},
                "P": POINT,
            },
        },
        {"type": "array", "items": {"anyOf": [POINT, TEXT]}},
    ),
    "the same reference twice is no recursion": (
        {"properties": {"a": {"$ref": "#/$defs/P"}, "b": {"$ref": "#/$defs/P"}}, "$defs": {"P": POINT}},
        {"properties": {"a": POINT, "b": POINT}},
    ),
    "a description beside the reference wins": (
        {
            "properties": {"p": {"$ref": "#/$defs/P", "description": "here", "default": None}},
            "$defs": {"P": {**POINT, "description": "there", "title": "P"}},
        },
        {"properties": {"p": {**POINT, "description": "here", "title": "P", "default": None}}},
    ),
    "recursion is cut at the second occurrence": (
        {
            "$ref": "#/$defs/N",
            "$defs": {"N": {"type": "object", "properties": {"next": {"$ref": "#/$defs/N", "description": "more"}}}},
        },
        {"type": "object", "properties": {"next": {"type": "object", "description": "more"}}},
    ),
    "recursion by way of another": (
        {
            "$ref": "#/$defs/A",
            "$defs": {
                "A": {"properties": {"b": {"$ref": "#/$defs/B"}}},
                "B": {"properties": {"a": {"$ref": "#/$defs/A"}}},
            },
        },
        {"properties": {"b": {"properties": {"a": {"type": "object"}}}}},
    ),
    "recursion on the whole": (
        {"type": "object", "properties": {"child": {"$ref": "#"}}},
        {"type": "object", "properties": {"child": {"type": "object", "properties": {"child": {"type": "object"}}}}},
    ),
    "a pointer with escapes": (
        {"properties": {"p": {"$ref": "#/$defs/a~1b~0c"}}, "$defs": {"a/b~c": POINT}},
        {"properties": {"p": POINT}},
    ),
    "a reference to nowhere allows anything": (
        {
            "properties": {
                "a": {"$ref": "#/$defs/X"},
                "b": {"$ref": "https://x.example/s", "title": "B"},
                "c": {"$ref": "#/properties/a/0"},
            }
        },
        {"properties": {"a": {}, "b": {"title": "B"}, "c": {}}},
    ),
    "properties named like keywords": (
        {
            "properties": {
                "$defs": TEXT,
                "definitions": TEXT,
                "items": TEXT,
                "properties": POINT,
                "$ref": TEXT,
                "enum": POINT,
                "prefixItems": TEXT,
            }
        },
        {
            "properties": {
                "$defs": TEXT,
                "definitions": TEXT,
                "items": TEXT,
                "properties": POINT,
                "$ref": TEXT,
                "enum": POINT,
                "prefixItems": TEXT,
            }
        },
    ),
    "values that look like schemas": (
        {
            "enum": [{"$ref": "#/x"}],
            "const": {"$defs": 1},
            "default": {"items": [1]},
            "examples": [{"prefixItems": []}],
            "required": ["items"],
        },
        {
            "enum": [{"$ref": "#/x"}],
            "const": {"$defs": 1},
            "default": {"items": [1]},
            "examples": [{"prefixItems": []}],
            "required": ["items"],
        },
    ),
    "additionalProperties": (
        {"type": "object", "additionalProperties": {"$ref": "#/$defs/P"}, "$defs": {"P": POINT}},
        {"type": "object", "additionalProperties": POINT},
    ),
    "additionalProperties as a yes or no": (
        {"type": "object", "additionalProperties": False},
        {"type": "object", "additionalProperties": False},
    ),
    "a tuple of two kinds": (
        {"type": "array", "prefixItems": [TEXT, {"type": "integer"}]},
        {"type": "array", "items": {"anyOf": [TEXT, {"type": "integer"}]}, "minItems": 2, "maxItems": 2},
    ),
    "a tuple of one kind": (
        {"type": "array", "prefixItems": [TEXT, TEXT], "minItems": 2, "maxItems": 2},
        {"type": "array", "items": TEXT, "minItems": 2, "maxItems": 2},
    ),
    "an old tuple": (
        {"type": "array", "items": [TEXT, {"$ref": "#/$defs/P"}], "additionalItems": False, "$defs": {"P": POINT}},
        {"type": "array", "items": {"anyOf": [TEXT, POINT]}, "minItems": 2, "maxItems": 2},
    ),
    "a closed tuple": (
        {"type": "array", "prefixItems": [TEXT], "items": False, "minItems": 0},
        {"type": "array", "items": TEXT, "minItems": 0, "maxItems": 1},
    ),
    "an empty tuple": (
        {"type": "array", "prefixItems": []},
        {"type": "array", "items": {}, "minItems": 0, "maxItems": 0},
    ),
}


@pytest.mark.parametrize(("schema", "expected"), INLINED.values(), ids=INLINED)
def test_a_schema_is_inlined(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    before = copy.deepcopy(schema)
    assert inline(schema) == expected
    assert schema == before
    assert inline(inline(schema)) == inline(schema)


class Leaf(BaseModel):
    size: tuple[int, str]


class Tree(BaseModel):
    leaves: list[Leaf]
    by_name: dict[str, Leaf]
    left: Tree | None = None


def test_a_pydantic_schema_has_nothing_left_that_glm_refuses() -> None:
    text = repr(inline(Tree.model_json_schema()))
    assert "$ref" not in text
    assert "$defs" not in text
    assert "prefixItems" not in text
    assert text.count("'size'") == 4  # in properties and in required, for each of two uses


def family(kinds: int) -> dict[str, Any]:
    """Kinds of which each may hold each: a filter or a formula."""
    options = [{"$ref": f"#/$defs/K{number}"} for number in range(kinds)]
    held = {"type": "object", "properties": {"of": {"type": "array", "items": {"anyOf": options}}}}
    return {"$ref": "#/$defs/K0", "$defs": {f"K{number}": held for number in range(kinds)}}


def test_a_family_of_recursive_kinds_stays_small() -> None:
    assert len(repr(inline(family(3)))) > 600
    assert len(repr(inline(family(12)))) < 100_000


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
    assert wants_container(schema) is expected
    assert reads_strings({"properties": {"p": schema}}) is expected or schema == POINT
    assert reads_strings({"properties": {"p": {"type": "string", "items": schema}}}) is expected


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
]


@pytest.mark.parametrize(("value", "schema", "expected"), READ)
def test_json_in_strings_is_read(value: Any, schema: Any, expected: Any) -> None:
    before = copy.deepcopy(value)
    assert read_by_schema(value, schema) == expected
    assert value == before


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
    "enum",
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
    reads_strings(plain)
    wants_container(plain)


@given(value=anything)
def test_without_a_schema_nothing_changes(value: Any) -> None:
    assert read_by_schema(value, {}) == value
