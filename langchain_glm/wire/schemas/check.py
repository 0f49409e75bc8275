"""Check answers against their JSON schema, because GLM does not enforce schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.wire.schemas.read_back import matches, property_schemas
from langchain_glm.wire.schemas.references import referenced

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["find_error"]


def find_error(value: Any, schema: Any) -> str | None:
    """Return what is wrong about an answer, or `None` if it fits its schema.

    The check covers `type`, OpenAPI's `nullable`, `const`, `enum`, `required`, `properties`, `patternProperties`,
    `additionalProperties`, `items`, `prefixItems`, `anyOf`, `oneOf` (as `anyOf`), `allOf`, `pattern`, and the minimum
    and maximum of numbers, lengths and counts. References inside the schema are followed. Other keywords, such as
    `format`, `multipleOf`, `uniqueItems` and `not`, are not checked.

    Args:
        value: the parsed answer.
        schema: the complete schema, with its `$defs`.

    Example:
        ```python
        find_error({"a": 1}, {"type": "object", "required": ["a", "b"]})  # "the answer lacks 'b'"
        ```
    """
    try:
        return _Check(schema).error(value, schema, "the answer")
    except RecursionError:
        return "the answer is nested too deep to be checked"


class _Check:
    """One check of an answer: it holds the complete schema, for references, and the results so far."""

    def __init__(self, root: Any) -> None:
        self._root = root
        # Results by path and schema, so that parts which alternatives share are checked only once.
        self._found: dict[tuple[str, int], str | None] = {}

    def error(self, value: Any, schema: Any, path: str) -> str | None:
        """Return what is wrong about the value at a path, or `None`."""
        if schema is False:
            return f"{path} is not allowed"
        if not isinstance(schema, Mapping):
            return None
        key = (path, id(schema))
        if key not in self._found:
            self._found[key] = None  # a reference back to this schema adds nothing
            self._found[key] = next((error for error in self._errors(value, schema, path) if error), None)
        return self._found[key]

    def _errors(self, value: Any, schema: Mapping[str, Any], path: str) -> Iterator[str | None]:
        if value is None and schema.get("nullable") is True:
            return
        if isinstance(reference := schema.get("$ref"), str):
            yield self.error(value, referenced(reference, self._root), path)
        if "const" in schema and not _equal(value, schema["const"]):
            yield f"{path} is not {schema['const']!r}"
        if isinstance(enum := schema.get("enum"), list) and not any(_equal(value, option) for option in enum):
            yield f"{path} is not one of {enum}"
        kinds = schema.get("type")
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if isinstance(kinds, list) and kinds and not any(_has_type(value, kind) for kind in kinds):
            yield f"{path} is not of type {' or '.join(map(str, kinds))}"
        for keyword in ("anyOf", "oneOf"):
            errors = [self.error(value, option, path) for option in _list(schema, keyword)]
            if errors and None not in errors:
                yield errors[0]
        for part in _list(schema, "allOf"):
            yield self.error(value, part, path)
        if isinstance(value, dict):
            yield from self._object_errors(value, schema, path)
        elif isinstance(value, list):
            yield from self._array_errors(value, schema, path)
        elif isinstance(value, str):
            yield _limit_error(len(value), schema, ("minLength", "maxLength"), f"the length of {path}")
            if matches(schema.get("pattern"), value) is False:
                yield f"{path} does not match {schema['pattern']!r}"
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield _limit_error(value, schema, ("minimum", "maximum"), path)
            yield _exclusive_limit_error(value, schema, path)

    def _object_errors(self, value: dict[str, Any], schema: Mapping[str, Any], path: str) -> Iterator[str | None]:
        for name in _list(schema, "required"):
            if isinstance(name, str) and name not in value:
                yield f"{path} lacks {name!r}"
        for name, child in value.items():
            for part in property_schemas(schema, name):
                yield self.error(child, part, f"{path}[{name!r}]")

    def _array_errors(self, value: list[Any], schema: Mapping[str, Any], path: str) -> Iterator[str | None]:
        yield _limit_error(len(value), schema, ("minItems", "maxItems"), f"the number of items of {path}")
        items = schema.get("items")
        first, rest = (items, schema.get("additionalItems")) if isinstance(items, list) else ([], items)
        first = first or _list(schema, "prefixItems")
        for number, child in enumerate(value):
            yield self.error(child, first[number] if number < len(first) else rest, f"{path}[{number}]")


def _list(schema: Mapping[str, Any], keyword: str) -> list[Any]:
    found = schema.get(keyword)
    return found if isinstance(found, list) else []


def _equal(value: Any, other: Any) -> bool:
    """Whether two JSON values are equal; unlike in Python, `true` is not equal to 1."""
    return bool(value == other) and isinstance(value, bool) == isinstance(other, bool)


def _limit_error(size: float, schema: Mapping[str, Any], limits: tuple[str, str], what: str) -> str | None:
    lowest, highest = (_number(schema.get(limit)) for limit in limits)
    if lowest is not None and size < lowest:
        return f"{what} is less than {lowest}"
    if highest is not None and size > highest:
        return f"{what} is more than {highest}"
    return None


def _exclusive_limit_error(value: float, schema: Mapping[str, Any], path: str) -> str | None:
    """Check the exclusive limits; in old drafts they are `true` and refer to `minimum` and `maximum`."""
    lowest, highest = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    lowest = _number(schema.get("minimum") if lowest is True else lowest)
    highest = _number(schema.get("maximum") if highest is True else highest)
    if lowest is not None and value <= lowest:
        return f"{path} is not more than {lowest}"
    if highest is not None and value >= highest:
        return f"{path} is not less than {highest}"
    return None


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _has_type(value: Any, kind: Any) -> bool:
    """Whether a value has a JSON type; `true` is not a number, and every value has an unknown type."""
    if isinstance(value, bool) and kind in ("integer", "number"):
        return False
    if kind == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return not isinstance(kind, str) or kind not in _TYPES or isinstance(value, _TYPES[kind])


_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "number": (int, float),
    "null": type(None),
}
