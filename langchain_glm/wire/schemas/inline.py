"""Remove references and tuples from JSON schemas, because GLM does not understand them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langchain_glm.errors import GLMValueError
from langchain_glm.wire.schemas.references import referenced

__all__ = ["inline"]

_ANNOTATIONS: Final = frozenset({"description", "title", "default", "examples", "deprecated"})
_MAPS_OF_SCHEMAS: Final = frozenset({"properties", "patternProperties", "dependentSchemas"})
_VALUES: Final = frozenset({"enum", "const", "default", "examples", "required"})
_DROPPED: Final = frozenset({"$defs", "definitions", "additionalItems", "prefixItems"})
_MAX_RECURSION_LEVELS: Final = 3
"""How many levels of mutually recursive types are expanded. Without a limit, eight such types would make megabytes."""

_MAX_PARTS: Final = 50_000
"""The limit for an expanded schema. Twenty types that each use the next one twice would make millions of parts."""


def inline(schema: Mapping[str, Any], *, titles: bool = True) -> dict[str, Any]:
    """Return a schema without `$defs`, references and tuples.

    GLM-5.3 sends arguments whose schema is a reference as JSON in a string; Z.ai answers 1210 to tuple schemas.
    A recursive type is not expanded again within itself; only its JSON type is kept there. Mutually recursive types are
    expanded to three levels. The result allows more than the original schema in these places, so answers are checked
    against the original. `discriminator` loses its `mapping`, which holds references.

    Args:
        schema: any JSON schema. It is not changed.
        titles: whether titles are kept; those that pydantic makes from names only cost tokens.

    Returns:
        A new schema with the same meaning, except for recursion.

    Raises:
        GLMValueError: if it would have more than 50,000 parts, or is nested deeper than Python can follow.

    Example:
        ```python
        inline({"properties": {"p": {"$ref": "#/$defs/P"}}, "$defs": {"P": {"type": "object"}}})
        # {"properties": {"p": {"type": "object"}}}
        ```
    """
    try:
        expanded: dict[str, Any] = _Inliner(schema, titles=titles).expand(schema, ())
    except RecursionError:
        raise GLMValueError("the schema is nested too deep") from None
    return expanded


class _Inliner:
    """Expands the references within one schema."""

    def __init__(self, root: Mapping[str, Any], *, titles: bool) -> None:
        self._root = root
        self._dropped = _DROPPED if titles else _DROPPED | {"title"}
        self._parts = 0

    def expand(self, node: Any, enclosing_references: tuple[str, ...]) -> Any:
        """Return a part of the schema without references and tuples."""
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise GLMValueError(f"the schema has more than {_MAX_PARTS} parts after its references are expanded")
        if isinstance(node, list):
            return [self.expand(item, enclosing_references) for item in node]
        if not isinstance(node, Mapping):
            return node
        reference = node.get("$ref")
        expanded: dict[str, Any] = {}
        for key, value in node.items():
            if key in self._dropped or (key == "$ref" and isinstance(value, str)):
                continue
            if key in _MAPS_OF_SCHEMAS and isinstance(value, Mapping):  # property names are not keywords
                expanded[key] = {name: self.expand(child, enclosing_references) for name, child in value.items()}
            elif key == "discriminator" and isinstance(value, Mapping):
                expanded[key] = {name: part for name, part in value.items() if name != "mapping"}
            else:
                expanded[key] = value if key in _VALUES else self.expand(value, enclosing_references)
        positions = node.get("prefixItems", node.get("items"))
        if isinstance(positions, list):
            expanded |= self._without_tuple(positions, node, enclosing_references)
        if not isinstance(reference, str):
            return expanded
        if reference in enclosing_references or _is_too_deep(reference, self._root, enclosing_references):
            kinds = _types(node, self._root, set())
            return {**({"type": kinds[0] if len(kinds) == 1 else kinds} if kinds else {}), **expanded}
        target = referenced(reference, self._root)
        if not isinstance(target, Mapping):
            return expanded
        return _merge(self.expand(target, (*enclosing_references, reference)), expanded)

    def _without_tuple(
        self, positions: list[Any], node: Mapping[str, Any], enclosing_references: tuple[str, ...]
    ) -> dict[str, Any]:
        """Replace a tuple's item schemas by one that allows any of them, with the same number of items."""
        kinds: list[Any] = []
        for kind in self.expand(positions, enclosing_references):
            if kind not in kinds:
                kinds.append(kind)
        items = kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {}
        length = len(positions)
        return {"items": items, "minItems": node.get("minItems", length), "maxItems": node.get("maxItems", length)}


def _merge(target: dict[str, Any], siblings: dict[str, Any]) -> dict[str, Any]:
    """Merge the target of a reference with the keywords next to the reference, so that both apply."""
    conflicting = {
        key: value
        for key, value in siblings.items()
        if key not in _ANNOTATIONS and key in target and target[key] != value
    }
    merged = {**target, **{key: value for key, value in siblings.items() if key not in conflicting}}
    if conflicting:
        both = target.get("allOf")
        merged["allOf"] = [*(both if isinstance(both, list) else ()), conflicting]
    return merged


def _types(node: Any, root: Mapping[str, Any], followed: set[str]) -> list[str]:
    """Return the JSON types that a schema allows, or an empty list; each reference is followed once."""
    if not isinstance(node, Mapping):
        return []
    kind = node.get("type")
    if isinstance(kind, str):
        return [kind]
    if isinstance(kind, list):
        return [name for name in kind if isinstance(name, str)]
    reference = node.get("$ref")
    if isinstance(reference, str):
        if reference in followed:
            return []
        followed.add(reference)
        return _types(referenced(reference, root), root, followed)
    if "properties" in node:
        return ["object"]
    options = node.get("anyOf") or node.get("oneOf")
    found = [_types(option, root, followed) for option in options] if isinstance(options, list) else []
    return list(dict.fromkeys(name for names in found for name in names)) if all(found) else []


def _is_too_deep(reference: str, root: Mapping[str, Any], enclosing_references: tuple[str, ...]) -> bool:
    """Whether a reference is within three levels of types that it is mutually recursive with, so it is not expanded."""
    if len(enclosing_references) < _MAX_RECURSION_LEVELS:
        return False
    family = _reachable(reference, root).intersection(enclosing_references)
    return len(family) >= _MAX_RECURSION_LEVELS


def _reachable(reference: str, root: Mapping[str, Any]) -> set[str]:
    """Return all references that can be reached from one."""
    reachable: set[str] = set()
    pending = [referenced(reference, root)]
    while pending:
        node = pending.pop()
        if isinstance(node, Mapping):
            found = node.get("$ref")
            if isinstance(found, str) and found not in reachable:
                reachable.add(found)
                pending.append(referenced(found, root))
            pending += node.values()
        elif isinstance(node, list):
            pending += node
    return reachable
