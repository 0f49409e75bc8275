"""JSON schemas as GLM takes them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pydantic import BaseModel

from langchain_glm.wire.schemas.inline import inline

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
    "recursion in what is no object": (
        {
            "$ref": "#/$defs/Json",
            "$defs": {"Json": {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/Json"}}, TEXT]}},
        },
        {"anyOf": [{"type": "array", "items": {"type": ["array", "string"]}}, TEXT]},
    ),
    "recursion in what may be anything": (
        {"properties": {"p": {"$ref": "#/$defs/X"}}, "$defs": {"X": {"not": {"$ref": "#/$defs/X"}}}},
        {"properties": {"p": {"not": {}}}},
    ),
    "recursion with nothing else": ({"$ref": "#/$defs/X", "$defs": {"X": {"$ref": "#/$defs/X"}}}, {}),
    "keywords beside a reference": (
        {
            "properties": {"p": {"$ref": "#/$defs/P", "required": ["x"], "maxProperties": 1}},
            "$defs": {"P": POINT},
        },
        {"properties": {"p": {**POINT, "required": ["x"], "maxProperties": 1}}},
    ),
    "keywords beside a reference that say otherwise": (
        {
            "properties": {"p": {"$ref": "#/$defs/P", "properties": {"y": {"$ref": "#/$defs/T"}}}},
            "$defs": {"P": {**POINT, "allOf": [{"minProperties": 1}]}, "T": TEXT},
        },
        {"properties": {"p": {**POINT, "allOf": [{"minProperties": 1}, {"properties": {"y": TEXT}}]}}},
    ),
    "keywords beside a recursion": (
        {
            "$ref": "#/$defs/N",
            "$defs": {"N": {"type": "object", "properties": {"next": {"$ref": "#/$defs/N", "minProperties": 1}}}},
        },
        {"type": "object", "properties": {"next": {"type": "object", "minProperties": 1}}},
    ),
    "the mapping of a discriminator": (
        {
            "oneOf": [{"$ref": "#/$defs/P"}],
            "discriminator": {"propertyName": "kind", "mapping": {"p": "#/$defs/P"}},
            "$defs": {"P": POINT},
        },
        {"oneOf": [POINT], "discriminator": {"propertyName": "kind"}},
    ),
    "patternProperties": (
        {"patternProperties": {"$ref": {"$ref": "#/$defs/P"}}, "$defs": {"P": POINT}},
        {"patternProperties": {"$ref": POINT}},
    ),
    "a pointer into a list": (
        {"anyOf": [POINT, {"properties": {"p": {"$ref": "#/anyOf/0"}}}]},
        {"anyOf": [POINT, {"properties": {"p": POINT}}]},
    ),
    "a pointer in percent": (
        {"properties": {"p": {"$ref": "#/$defs/Box%5Bint%5D"}}, "$defs": {"Box[int]": POINT}},
        {"properties": {"p": POINT}},
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
