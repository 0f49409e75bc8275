"""Arguments read back by their schema: GLM now and then sends objects and arrays as JSON in a string."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_glm.json import load_json

__all__ = ["child_schema", "read_by_schema", "reads_strings", "types_of", "wants_container"]


def read_by_schema(value: Any, schema: Any) -> Any:
    """Read strings that hold JSON where the schema wants an object or an array, and no string.

    Args:
        value: parsed arguments, or a part of them.
        schema: their schema, inlined; anything that is no schema changes nothing.

    Returns:
        The value, rebuilt only where something had to be read.

    Example:
        ```python
        read_by_schema({"p": '{"x": 1}'}, {"properties": {"p": {"type": "object"}}})  # {"p": {"x": 1}}
        ```
    """
    if not isinstance(schema, Mapping):
        return value
    if isinstance(value, str):
        return _from_string(value, schema)
    if isinstance(value, dict):
        return {key: read_by_schema(child, child_schema(schema, key)) for key, child in value.items()}
    if isinstance(value, list):
        items = child_schema(schema, None)
        return [read_by_schema(child, items) for child in value]
    return value


def reads_strings(schema: Any) -> bool:
    """Whether `read_by_schema` can change anything: some part of the schema wants an object or array."""
    if isinstance(schema, Mapping):
        properties = _of(schema, "properties")
        children = [
            *(properties.values() if isinstance(properties, Mapping) else ()),
            _of(schema, "items"),
            schema.get("additionalProperties"),
        ]
        return any(wants_container(child) or reads_strings(child) for child in children)
    return False


def wants_container(schema: Any) -> bool:
    """Whether a value must be an object or an array, and may be no string."""
    if not isinstance(schema, Mapping):
        return False
    types = types_of(schema)
    return "string" not in types and bool(types & {"object", "array"})


def child_schema(schema: Any, key: str | None) -> Any:
    """The schema of a property, or, with `None`, of a list's items; `None` where nothing is said."""
    if not isinstance(schema, Mapping):
        return None
    if key is None:
        return _of(schema, "items")
    properties = _of(schema, "properties")
    return (properties if isinstance(properties, Mapping) else {}).get(key, schema.get("additionalProperties"))


def _from_string(text: str, schema: Mapping[str, Any]) -> Any:
    if not wants_container(schema):
        return text
    found = load_json(text)
    wanted = types_of(schema)
    if (isinstance(found, dict) and "object" in wanted) or (isinstance(found, list) and "array" in wanted):
        return read_by_schema(found, schema)
    return text


def types_of(schema: Mapping[str, Any]) -> set[str]:
    """Every JSON type that the schema allows; `string` too where it does not say."""
    kind = schema.get("type")
    if isinstance(kind, str):
        return {kind}
    if isinstance(kind, list):
        return {name for name in kind if isinstance(name, str)}
    options = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if not isinstance(options, list):
        return {"object"} if "properties" in schema else {"string"}
    return {name for option in options if isinstance(option, Mapping) for name in types_of(option)}


def _of(schema: Mapping[str, Any], keyword: str) -> Any:
    """A keyword's value in the schema, or in the one of its alternatives that has it."""
    if keyword in schema:
        return schema[keyword]
    options = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if not isinstance(options, list):
        return None
    having = [option[keyword] for option in options if isinstance(option, Mapping) and keyword in option]
    return having[0] if len(having) == 1 else None
