"""Read arguments by their schema, because GLM sometimes sends objects and arrays as JSON in a string."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.json import load_json

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "child_schema",
    "matches",
    "may_hold_json_strings",
    "property_schemas",
    "read_by_schema",
    "requires_container",
]

_COMBINING: Final = ("anyOf", "oneOf", "allOf")


def read_by_schema(value: Any, schema: Any) -> Any:
    """Parse strings of JSON for which the schema requires an object or an array.

    Args:
        value: parsed arguments, or a part of them.
        schema: their inlined schema; anything that is not a schema has no effect.

    Returns:
        The value, with such strings replaced by what they hold.

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


def may_hold_json_strings(schema: Any) -> bool:
    """Whether `read_by_schema` may change anything, because a part of the schema requires an object or array."""
    if not isinstance(schema, Mapping):
        return False
    children = [
        *_map(schema, "properties").values(),
        *_map(schema, "patternProperties").values(),
        schema.get("items"),
        schema.get("additionalProperties"),
    ]
    return any(requires_container(child) or may_hold_json_strings(child) for child in children) or any(
        may_hold_json_strings(option) for option in _options(schema)
    )


def requires_container(schema: Any) -> bool:
    """Whether a value must be an object or an array and must not be a string."""
    if not isinstance(schema, Mapping):
        return False
    types = _types(schema)
    return "string" not in types and bool(types & {"object", "array"})


def child_schema(schema: Any, key: str | None) -> Any:
    """Return the schema of a property, or, for `None`, of a list's items.

    If several alternatives of a union describe it, the result allows any of their schemas.

    Returns:
        A schema, or `None` if there is none.
    """
    found = list(_child_schemas(schema, key))
    if len(found) > 1:
        return {"anyOf": found}
    return found[0] if found else None


def _child_schemas(schema: Any, key: str | None) -> Iterator[Any]:
    if not isinstance(schema, Mapping):
        return
    found = [schema.get("items")] if key is None else property_schemas(schema, key)
    yield from (child for child in found if isinstance(child, Mapping))
    for option in _options(schema):
        yield from _child_schemas(option, key)


def property_schemas(schema: Mapping[str, Any], name: str) -> list[Any]:
    """Return every schema that an object's own keywords give for a property."""
    properties, patterns = _map(schema, "properties"), _map(schema, "patternProperties")
    found = [properties[name]] if name in properties else []
    found += [child for pattern, child in patterns.items() if matches(pattern, name)]
    return found or [schema.get("additionalProperties")]


def matches(pattern: Any, text: str) -> bool | None:
    """Whether a schema's pattern (JavaScript's syntax) matches a text; `None` if Python does not support it."""
    try:
        return re.search(pattern, text) is not None
    except (re.error, TypeError):
        return None


def _from_string(text: str, schema: Mapping[str, Any]) -> Any:
    if not requires_container(schema):
        return text
    found = load_json(text)
    allowed_types = _types(schema)
    if (isinstance(found, dict) and "object" in allowed_types) or (
        isinstance(found, list) and "array" in allowed_types
    ):
        return read_by_schema(found, schema)
    return text


def _types(schema: Mapping[str, Any]) -> set[str]:
    """Return the JSON types that the schema allows; `string` if it does not name any."""
    kind = schema.get("type")
    if isinstance(kind, str):
        return {kind}
    if isinstance(kind, list):
        return {name for name in kind if isinstance(name, str)}
    if "properties" in schema:
        return {"object"}
    options = [option for option in _options(schema) if isinstance(option, Mapping)]
    return {name for option in options for name in _types(option)} if options else {"string"}


def _options(schema: Mapping[str, Any]) -> list[Any]:
    """Return the schemas that `anyOf`, `oneOf` and `allOf` combine."""
    found = [schema.get(keyword) for keyword in _COMBINING]
    return [option for options in found if isinstance(options, list) for option in options]


def _map(schema: Mapping[str, Any], keyword: str) -> Mapping[str, Any]:
    found = schema.get(keyword)
    return found if isinstance(found, Mapping) else {}
