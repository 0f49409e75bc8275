"""Classes, TypedDicts and dicts as JSON schemas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, Optional, TypedDict

import pydantic.v1
import pytest
from pydantic import BaseModel, Field

from langchain_glm.wire.schemas.convert import to_json_schema, to_response_format
from langchain_glm.wire.schemas.inline import inline

NULL = {"type": "null"}
WHOLE = {"type": "integer"}


class Node(BaseModel):
    """A node of a tree."""

    size: int = Field(title="How large")
    next: Node | None = None


class Old(pydantic.v1.BaseModel):
    """Of pydantic's first version."""

    size: int


class Inner(TypedDict):
    """An inner one."""

    x: Optional[int]  # noqa: UP045 - both spellings are read


class Outer(TypedDict):
    """An outer one.

    Args:
        told: from the docstring
    """

    told: int | None
    noted: Annotated[int | None, ..., "from the note"]
    optional: Annotated[int, 5, "with a default"]
    listed: list[int | None]
    by_name: dict[str, int | None]
    inner: Inner | None
    either: int | str
    letter: Literal["a", None]
    plain: int


class Endless(TypedDict):
    """Holds itself."""

    next: Endless | None


@dataclass
class Data:
    """Data."""

    size: int


def test_a_recursive_class_keeps_its_recursion() -> None:
    schema = to_json_schema(Node)
    assert schema["title"] == "Node"
    assert schema["$defs"]["Node"]["properties"]["next"]["anyOf"] == [{"$ref": "#/$defs/Node"}, NULL]
    assert inline(schema)["properties"] == {
        "size": {"type": "integer", "title": "How large"},
        "next": {"anyOf": [{"type": "object"}, NULL], "default": None},
    }


def test_a_typed_dict_keeps_what_may_be_null() -> None:
    schema = to_json_schema(Outer)
    assert schema["required"] == ["told", "noted", "listed", "by_name", "inner", "either", "letter", "plain"]
    inner = {"type": "object", "properties": {"x": {"anyOf": [WHOLE, NULL]}}, "required": ["x"]}
    assert schema["properties"] == {
        "told": {"anyOf": [WHOLE, NULL], "description": "from the docstring"},
        "noted": {"anyOf": [WHOLE, NULL], "description": "from the note"},
        "optional": {**WHOLE, "default": 5, "description": "with a default"},
        "listed": {"type": "array", "items": {"anyOf": [WHOLE, NULL]}},
        "by_name": {"type": "object", "additionalProperties": {"anyOf": [WHOLE, NULL]}},
        "inner": {"anyOf": [inner, NULL], "description": "An inner one."},
        "either": {"anyOf": [WHOLE, {"type": "string"}]},
        "letter": {"anyOf": [{"type": "string", "enum": ["a"]}, NULL]},
        "plain": WHOLE,
    }


def test_a_typed_dict_that_holds_itself_is_a_clear_error() -> None:
    with pytest.raises(ValueError, match="use a pydantic class"):
        to_json_schema(Endless)


@pytest.mark.parametrize(
    ("schema", "title"),
    [
        (Old, "Old"),
        ({"title": "T", "properties": {}}, "T"),
        ({"type": "object"}, "answer"),
        ({"$ref": "#/$defs/P", "$defs": {"P": {"type": "object"}}}, "P"),
        ({"name": "F", "parameters": {"type": "object"}}, "F"),
        ({"type": "function", "function": {"name": "F", "parameters": {"type": "object"}}}, "F"),
        ({"name": "A", "input_schema": {"type": "object"}}, "A"),
    ],
)
def test_every_schema_has_a_title(schema: Any, title: str) -> None:
    assert to_json_schema(schema)["title"] == title


@pytest.mark.parametrize("schema", [Node, Old, Outer, Data, {"title": "T", "properties": {}}, {"type": "object"}])
def test_a_response_format_is_made_of_a_schema(schema: Any) -> None:
    made = to_response_format(schema)
    assert made["type"] == "json_schema"
    assert made["json_schema"]["name"] == made["json_schema"]["schema"]["title"]
    assert "$ref" not in str(made)
    assert to_response_format(made) == made


@pytest.mark.parametrize("given", [{"type": "json_object"}, {"type": "text"}, {"type": "tomorrow", "x": 1}])
def test_a_response_format_stays_as_it_is(given: dict[str, Any]) -> None:
    assert to_response_format(given) == given


@pytest.mark.parametrize("given", [3, "json", str, {"a": 1}, {}, int | None, [Node]])
def test_what_is_no_response_format(given: Any) -> None:
    with pytest.raises(ValueError, match=r"^response_format: .* use with_structured_output"):
        to_response_format(given)
