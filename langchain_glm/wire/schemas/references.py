"""References within a JSON schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

__all__ = ["referenced"]


def referenced(reference: str, root: Any) -> Any:
    """Return the target of a reference, or `None`.

    Args:
        reference: a JSON pointer into the same schema (`#/$defs/Name`). References to other documents and anchors
            are not followed.
        root: the complete schema.
    """
    if not reference.startswith("#"):
        return None
    node: Any = root
    for step in unquote(reference[1:]).split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, Mapping):
            node = node.get(name)
        elif isinstance(node, list) and name.isdecimal() and int(name) < len(node):
            node = node[int(name)]
        else:
            return None
    return node
