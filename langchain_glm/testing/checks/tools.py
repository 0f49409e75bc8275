"""The tools of a request: types, names, and schemas that GLM cannot read.

Sources: BigModel's API description (2026-04); recorded refusals of unknown types and of tuple schemas.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.testing.refusals import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.catalog.profiles import Model

__all__ = ["check_tools", "has_tuple_schema"]

_GLM_TYPES: Final = ("web_search", "retrieval", "mcp")
_ACCEPTS_ANY_NAME: Final = "glm-5.3"  # measured 2026-08: this family accepts any name that is not empty
_MAX_FUNCTIONS: Final = 128
_USER_NAMES: Final = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_DATA: Final = frozenset({"enum", "const", "default", "examples", "required"})


def check_tools(body: Mapping[str, Any], model: Model, host: Host) -> Problem | None:
    """Refuse tools that GLM cannot read. `tool_choice` is not checked, because GLM ignores it whatever its value."""
    tools = body.get("tools")
    if tools is None:
        return None
    if not isinstance(tools, list):
        return Problem("1214", "tools")
    for index, tool in enumerate(tools):
        problem = _tool(tool, f"tools[{index}]", model, host)
        if problem:
            return problem
    if sum(tool["type"] == "function" for tool in tools) > _MAX_FUNCTIONS:
        return Problem("1214", f"tools: at most {_MAX_FUNCTIONS} functions")
    return None


def _tool(tool: Any, path: str, model: Model, host: Host) -> Problem | None:
    kind = tool.get("type") if isinstance(tool, dict) else None
    if kind not in ("function", *(_GLM_TYPES if host.glm_tools else ())):
        return Problem("1214", f"{path}.type")
    if tool.keys() - {"type", kind}:
        return Problem("1210", f"{path} {sorted(tool.keys() - {'type', kind})}")
    inner = tool.get(kind)
    if not isinstance(inner, dict):
        return Problem("1214", f"{path}.{kind}")
    if kind == "web_search" and host.search_engine and not inner.get("search_engine"):
        return Problem("1214", f"{path}.web_search.search_engine")
    if kind != "function":
        return None
    name = inner.get("name")
    if not isinstance(name, str) or not name:
        return Problem("1214", f"{path}.function.name")
    if not re.fullmatch(host.tool_names, name) and not model.id.startswith(_ACCEPTS_ANY_NAME):
        return Problem("1214", f"{path}.function.name")
    if not isinstance(inner.get("parameters"), dict | None):
        return Problem("1214", f"{path}.function.parameters")
    if has_tuple_schema(inner.get("parameters")):
        return Problem("1210", f"{path}.function.parameters")
    return None


def has_tuple_schema(schema: Any) -> bool:
    """Whether any array in a JSON schema has a separate schema for each position."""
    if isinstance(schema, list):
        return any(map(has_tuple_schema, schema))
    if not isinstance(schema, dict):
        return False
    if isinstance(schema.get("items"), list) or "prefixItems" in schema or "additionalItems" in schema:
        return True
    for keyword, value in schema.items():
        if keyword in _DATA:
            continue
        # The keys below these keywords are names that the user chose: a property may be called `items`.
        inner = list(value.values()) if keyword in _USER_NAMES and isinstance(value, dict) else value
        if has_tuple_schema(inner):
            return True
    return False
