"""JSON schemas without references and tuples, which GLM does not follow."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["inline"]

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
