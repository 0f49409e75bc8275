"""JSON schemas as GLM takes them, and arguments read back by them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.wire.json import load_json

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["child_schema", "fault_in", "inline", "read_by_schema", "reads_strings", "wants_container"]

_ANNOTATIONS = ("description", "title", "default")
_FAMILY_LEVELS = 3
"""How deep types that contain each other are written out; without a limit, eight of them make megabytes."""

_MOST_PARTS: Final = 50_000
"""Parts of a schema that is written out: twenty types, each of which holds the next one twice, would make millions."""


def inline(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema without `$defs`, references and tuples.

    GLM-5.3 sends arguments whose schema is a reference as JSON in a string; Z.ai answers 1210 to tuple schemas.
    A type that contains itself is cut off at its second occurrence, where any object is allowed; so is a type
    that begins one more level of a family whose members contain each other.

    Args:
        schema: any JSON schema. It is not changed.

    Returns:
        A new schema that means the same, but for recursion.

    Raises:
        ValueError: if it would have more than 50,000 parts, or is nested deeper than Python can follow.

    Example:
        ```python
        inline({"properties": {"p": {"$ref": "#/$defs/P"}}, "$defs": {"P": {"type": "object"}}})
        # {"properties": {"p": {"type": "object"}}}
        ```
    """
    try:
        plain: dict[str, Any] = _inlined(schema, schema, (), count())
    except RecursionError:
        raise ValueError("the schema is nested too deep") from None
    return plain


def _inlined(node: Any, root: Mapping[str, Any], open_references: tuple[str, ...], parts: Iterator[int]) -> Any:
    if next(parts) > _MOST_PARTS:
        raise ValueError(f"the schema has more than {_MOST_PARTS} parts once its references are written out")
    if isinstance(node, list):
        return [_inlined(item, root, open_references, parts) for item in node]
    if not isinstance(node, Mapping):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str):
        beside = {key: value for key, value in node.items() if key in _ANNOTATIONS}
        if reference in open_references or _is_deep(reference, root, open_references):
            return {"type": "object", **beside}
        target = _target(reference, root)
        resolved = _inlined(target, root, (*open_references, reference), parts) if isinstance(target, Mapping) else {}
        return {**resolved, **beside}
    plain = {}
    for key, value in node.items():
        if key in ("$defs", "definitions", "additionalItems", "prefixItems"):
            continue
        if key == "properties" and isinstance(value, Mapping):  # names of properties are no keywords
            plain[key] = {name: _inlined(child, root, open_references, parts) for name, child in value.items()}
        elif key in ("enum", "const", "default", "examples", "required"):
            plain[key] = value
        else:
            plain[key] = _inlined(value, root, open_references, parts)
    return _without_tuple(plain, node, root, open_references, parts)


def _is_deep(reference: str, root: Mapping[str, Any], open_references: tuple[str, ...]) -> bool:
    """Whether a reference stands inside as many types as are written out that it leads back to."""
    if len(open_references) < _FAMILY_LEVELS:
        return False
    family = _reached(reference, root).intersection(open_references)
    return len(family) >= _FAMILY_LEVELS


def _reached(reference: str, root: Mapping[str, Any]) -> set[str]:
    """Every reference that one leads to."""
    reached: set[str] = set()
    waiting = [_target(reference, root)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            found = node.get("$ref")
            if isinstance(found, str) and found not in reached:
                reached.add(found)
                waiting.append(_target(found, root))
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return reached


def _without_tuple(
    plain: dict[str, Any],
    node: Mapping[str, Any],
    root: Mapping[str, Any],
    open_references: tuple[str, ...],
    parts: Iterator[int],
) -> dict[str, Any]:
    """A list of item schemas becomes: any of them, as many as there are."""
    positions = node.get("prefixItems", node.get("items"))
    if not isinstance(positions, list):
        return plain
    kinds: list[Any] = []
    for kind in _inlined(positions, root, open_references, parts):
        if kind not in kinds:
            kinds.append(kind)
    plain["items"] = kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {}
    plain.setdefault("minItems", len(positions))
    plain.setdefault("maxItems", len(positions))
    return plain


def _target(reference: str, root: Mapping[str, Any]) -> Any:
    """What a local JSON pointer (`#/$defs/Name`) points at, or `None`."""
    if not reference.startswith("#"):
        return None
    node: Any = root
    for step in reference[1:].split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        node = node.get(name) if isinstance(node, Mapping) else None
    return node


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
    types = _types(schema)
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
    wanted = _types(schema)
    if (isinstance(found, dict) and "object" in wanted) or (isinstance(found, list) and "array" in wanted):
        return read_by_schema(found, schema)
    return text


def _types(schema: Mapping[str, Any]) -> set[str]:
    """Every JSON type that the schema allows; `string` too where it does not say."""
    kind = schema.get("type")
    if isinstance(kind, str):
        return {kind}
    if isinstance(kind, list):
        return {name for name in kind if isinstance(name, str)}
    options = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if not isinstance(options, list):
        return {"object"} if "properties" in schema else {"string"}
    return {name for option in options if isinstance(option, Mapping) for name in _types(option)}


def _of(schema: Mapping[str, Any], keyword: str) -> Any:
    """A keyword's value in the schema, or in the one of its alternatives that has it."""
    if keyword in schema:
        return schema[keyword]
    options = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if not isinstance(options, list):
        return None
    having = [option[keyword] for option in options if isinstance(option, Mapping) and keyword in option]
    return having[0] if len(having) == 1 else None


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
    types = _types(schema) if "type" in schema else set()
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
