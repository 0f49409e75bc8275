"""The keywords of a call in the form in which traces and cache keys show them: without secrets."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from langchain_glm.catalog.choose_host import choose_host
from langchain_glm.connection import HOST_FIELDS, SECRET_FIELDS
from langchain_glm.errors import GLMError
from langchain_glm.keywords import ALIASES, is_refused
from langchain_glm.validation import own_settings
from langchain_glm.wire.request.functions import to_wire_tool
from langchain_glm.wire.types import WireTool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.connection import Connection

__all__ = ["changed_settings", "digest", "host_of_call", "mask", "redacted_keywords", "with_stop"]


def mask(_: Any) -> str:
    """Return the replacement for a secret in a trace."""
    return "**********"


def digest(value: Any) -> str:
    """Return a hash that distinguishes secrets without showing them; an MCP server may answer each user differently."""
    return hashlib.sha256(str(value).encode()).hexdigest()


def changed_settings(model: Connection) -> dict[str, Any]:
    """Return the settings that differ from their defaults, without secrets."""
    host = model.endpoint_host
    changed = {
        name: value
        for name, default in own_settings(type(model)).items()
        if name not in SECRET_FIELDS and (value := getattr(model, name)) != default
    }
    return {**changed, "host": host.name, "base_url": host.base_url}


def host_of_call(model: Connection, keywords: Mapping[str, Any]) -> Host:
    """Return the host of a call, or that of the settings if the call's keywords are not valid.

    Args:
        model: the settings.
        keywords: the keywords of the call, under our names for them.
    """
    if not HOST_FIELDS & keywords.keys():
        return model.endpoint_host
    base_url = None if keywords.get("host") else model.base_url  # another host has its own URL
    try:
        return choose_host(
            keywords.get("host", model.host),
            keywords.get("base_url", base_url),
            model=keywords.get("model", getattr(model, "model", None)),
        )[0]
    except (GLMError, TypeError):  # the call itself raises an error that says what is wrong
        return model.endpoint_host


def redacted_keywords(keywords: Mapping[str, Any], replace: Callable[[Any], str] = mask) -> dict[str, Any]:
    """Return the keywords of a call under our names for them, without secrets.

    Args:
        keywords: the keywords of a call.
        replace: makes the replacement for a header of an MCP server.
    """
    redacted: dict[str, Any] = {}
    for name, value in keywords.items():
        field = ALIASES.get(name, name)
        if field not in SECRET_FIELDS and not is_refused(field):
            redacted[field] = redacted_keywords(value, replace) if field == "model_kwargs" and value else value
    if redacted.get("tools"):
        redacted["tools"] = [
            tool if isinstance(tool, WireTool) and tool.name else _without_headers(tool, replace)
            for tool in redacted["tools"]
        ]
    return redacted


def with_stop(keywords: Mapping[str, Any], stop: list[str] | str | None) -> dict[str, Any]:
    """Return the keywords of a call with their stop words as a list; without stop words, `stop` is used."""
    words = keywords.get("stop") or stop
    return {**keywords, "stop": [words] if isinstance(words, str) else words}


def _without_headers(tool: Any, replace: Callable[[Any], str]) -> Any:
    if not isinstance(tool, dict):
        tool = to_wire_tool(tool)  # its repr holds its address in memory, and its dump holds its headers
    if isinstance(tool.get("mcp"), dict) and tool["mcp"].get("headers"):
        hidden = {name: replace(value) for name, value in tool["mcp"]["headers"].items()}
        return {**tool, "mcp": {**tool["mcp"], "headers": hidden}}
    return tool
