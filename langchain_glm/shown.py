"""What of a call may be shown: traces hide secrets, cache keys tell them apart."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from langchain_glm.settings import ALIASES, SECRET
from langchain_glm.wire.request.functions import to_wire_tool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["digest", "shown_keywords", "stars"]


def stars(_: Any) -> str:
    """What stands for a secret."""
    return "**********"


def digest(value: Any) -> str:
    """What tells two secrets apart and shows neither: an MCP server may answer each user differently."""
    return hashlib.sha256(str(value).encode()).hexdigest()


def shown_keywords(kwargs: Mapping[str, Any], hide: Callable[[Any], str] = stars) -> dict[str, Any]:
    """The keywords of a call as traces and cache keys may show them."""
    shown = {name: value for name, value in kwargs.items() if ALIASES.get(name, name) not in SECRET}
    if shown.get("tools"):
        shown["tools"] = [_without_headers(tool, hide) for tool in shown["tools"]]
    return shown


def _without_headers(tool: Any, hide: Callable[[Any], str]) -> Any:
    if not isinstance(tool, dict):
        tool = to_wire_tool(tool)  # its repr would show its place in memory, its dump its headers
    if isinstance(tool.get("mcp"), dict) and tool["mcp"].get("headers"):
        hidden = {name: hide(value) for name, value in tool["mcp"]["headers"].items()}
        return {**tool, "mcp": {**tool["mcp"], "headers": hidden}}
    return tool
