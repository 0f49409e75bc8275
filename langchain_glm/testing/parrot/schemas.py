"""Read a JSON schema: references, merged parts and types. Malformed keywords are ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["resolve", "schema_kind"]

_MAX_LEVELS: Final = 8  # levels of `allOf`; deeper ones are recursive
_LISTS: Final = ("required", "enum", "anyOf", "oneOf", "allOf")
_NUMBERS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_COUNTS: Final = ("minItems", "maxItems", "minLength", "maxLength")


def resolve(schema: Any, root: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """Return a schema with its `$ref` and `allOf` merged into it.

    Args:
        schema: the schema, or a part of one.
        root: the complete schema, in which references are looked up.
        depth: how many levels of `allOf` have been merged.
    """
    merged = dict(schema) if isinstance(schema, dict) else {}
    seen: set[str] = set()
    while isinstance(merged.get("$ref"), str) and merged["$ref"] not in seen:
        reference = merged.pop("$ref")
        seen.add(reference)
        merged = {**_dereference(root, reference), **merged}
    merged = _well_formed(merged)
    for part in merged.pop("allOf", ()) if depth < _MAX_LEVELS else ():
        inner = resolve(part, root, depth + 1)
        properties = {**merged.get("properties", {}), **inner.get("properties", {})}
        required = [*merged.get("required", ()), *inner.get("required", ())]
        merged = {**inner, **merged}
        if properties:
            merged |= {"properties": properties, "required": required}
    return merged


def _well_formed(schema: dict[str, Any]) -> dict[str, Any]:
    kinds: dict[str, Any] = {
        "properties": dict,
        **dict.fromkeys(_LISTS, list),
        **dict.fromkeys(_NUMBERS, (int, float)),
        **dict.fromkeys(_COUNTS, int),
    }
    return {key: value for key, value in schema.items() if isinstance(value, kinds.get(key, object))}


def _dereference(root: Mapping[str, Any], reference: str) -> dict[str, Any]:
    target: Any = root
    for step in filter(None, reference.removeprefix("#").split("/")):
        key = step.replace("~1", "/").replace("~0", "~")
        target = target.get(key) if isinstance(target, dict) else None
    return dict(target) if isinstance(target, dict) else {}


def schema_kind(schema: Mapping[str, Any]) -> str:
    """Return the type of a schema's instances: the first that is not null, or a guess if there is none."""
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if kind is None:
        kind = "object" if "properties" in schema else "array" if "items" in schema else "string"
    return str(kind)
