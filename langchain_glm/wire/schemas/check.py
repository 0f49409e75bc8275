"""Answers checked against the schema that was asked for, because GLM enforces none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langchain_glm.wire.schemas.read_back import child_schema, types_of

__all__ = ["fault_in"]


def fault_in(value: Any, schema: Any, place: str = "the answer") -> str | None:
    """Say what of a value does not fit its schema, or `None`.

    Looks at types, required properties, enums, and what properties and items hold; other keywords are not
    looked at.

    Example:
        ```python
        fault_in({"a": 1}, {"type": "object", "required": ["a", "b"]})  # "the answer lacks 'b'"
        ```
    """
    if not isinstance(schema, Mapping):
        return None
    options = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(options, list):
        faults = [fault_in(value, option, place) for option in options]
        return None if None in faults else faults[0]
    if "enum" in schema and value not in schema["enum"]:
        return f"{place} is none of {schema['enum']}"
    types = types_of(schema) if "type" in schema else set()
    if types and not any(_is(value, name) for name in types):
        return f"{place} is no {' or '.join(sorted(types))}"
    if isinstance(value, dict):
        for name in schema.get("required") or ():
            if name not in value:
                return f"{place} lacks {name!r}"
        faults = [fault_in(child, child_schema(schema, name), f"{place}[{name!r}]") for name, child in value.items()]
        return next((fault for fault in faults if fault), None)
    if isinstance(value, list):
        items = child_schema(schema, None)
        return next(
            (fault for n, child in enumerate(value) if (fault := fault_in(child, items, f"{place}[{n}]"))), None
        )
    return None


def _is(value: Any, name: str) -> bool:
    """Whether a value is of one of JSON's types; `true` is no number."""
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return name not in _TYPES or isinstance(value, _TYPES[name])


_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float),
    "null": type(None),
}
