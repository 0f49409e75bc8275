"""LangChain tools → the `tools` array; `tool_choice` → what a host that forces nothing can honour."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from langchain_core.utils.function_calling import convert_to_openai_tool

from langchain_glm.json import dump_json, load_object
from langchain_glm.tools import GLMTool
from langchain_glm.wire.schemas.inline import inline
from langchain_glm.wire.schemas.read_back import read_by_schema
from langchain_glm.wire.types import WireTool

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

__all__ = [
    "NO_TOOLS",
    "choose_tools",
    "demands_call",
    "function_name",
    "parameters_of",
    "read_arguments",
    "to_wire_tool",
]

Tool = TypeVar("Tool", bound=Mapping[str, Any])

_BUILT_IN = ("web_search", "retrieval", "mcp", "builtin_function")

NO_TOOLS = "none"
"""The choice that forbids every tool."""


def to_wire_tool(tool: Mapping[str, Any] | type | Callable[..., Any] | BaseTool | GLMTool) -> WireTool:
    """Translate one tool.

    Args:
        tool: one of GLM's own tools, typed or as a dict; a LangChain tool; a callable; a pydantic class or
            TypedDict; a JSON schema with a title; OpenAI's or Anthropic's dict. A LangChain tool whose `extras`
            hold `provider_tool_definition` is sent as that definition.

    Returns:
        The entry of `tools`. Function schemas are inlined; `strict` is left out, for GLM enforces nothing.

    Raises:
        ValueError: if it is none of these.
    """
    if isinstance(tool, WireTool):
        return tool
    if isinstance(tool, Mapping):  # cannot be referred to weakly, and is cheap to translate
        return WireTool(_translated(tool))
    kept = _kept.get(id(tool))
    state = _state(tool)
    if kept is not None and kept[0]() is tool and kept[1] == state:
        return kept[2]
    wire = WireTool(_translated(tool))
    with suppress(TypeError):  # what cannot be referred to weakly is translated each time
        _kept[id(tool)] = (weakref.ref(tool, _forget(id(tool))), state, wire)
    return wire


_kept: dict[int, tuple[weakref.ref[Any], Any, WireTool]] = {}
"""Translations by the tool's identity: agents bind the same tools before every turn, at 30 µs to 500 µs a tool."""


def _forget(identity: int) -> Callable[[Any], object]:
    return lambda _: _kept.pop(identity, None)


def _state(tool: Any) -> Any:
    """What of a tool may be assigned after it was made."""
    if _is_langchain_tool(tool):
        return tool.name, tool.description, tool.args_schema, tool.extras
    return None


def _is_langchain_tool(tool: Any) -> bool:
    # Who made one has imported their module; `import langchain_glm` need not, for 5 ms.
    tools = sys.modules.get("langchain_core.tools.base")
    return tools is not None and isinstance(tool, tools.BaseTool)


def _translated(tool: Any) -> dict[str, Any]:
    if isinstance(tool, GLMTool):
        return tool.to_wire()
    kind = tool.get("type", "function") if isinstance(tool, Mapping) else "function"
    if isinstance(tool, Mapping) and isinstance(kind, str) and kind != "function":
        settings = "function" if kind == "builtin_function" else kind
        if isinstance(tool.get(settings), Mapping):  # GLM's shape, be it of a tool that is not known yet
            return dict(tool)
        if kind in _BUILT_IN:
            raise ValueError(f"tools: a {kind} tool needs its settings under the key {settings!r}.")
    if _is_langchain_tool(tool) and (own := (tool.extras or {}).get("provider_tool_definition")):
        return dict(own)
    converted = convert_to_openai_tool(tool)
    if "function" not in converted:  # LangChain lets the tools that OpenAI runs pass
        raise ValueError(
            f"tools: {kind!r} is a tool of another provider's; GLM's own are web_search, retrieval and mcp."
        )
    function = dict(converted["function"])
    function.pop("strict", None)
    if isinstance(function.get("parameters"), Mapping):
        try:
            function["parameters"] = inline(function["parameters"])
        except ValueError as error:
            raise ValueError(f"tools: {function.get('name')}: {error}; give it a flatter one.") from None
    if not function.get("description"):
        function["description"] = function["name"]  # the API description requires one
    return {"type": "function", "function": function}


def function_name(tool: Mapping[str, Any]) -> str | None:
    """The name of a function tool; `None` for GLM's own tools."""
    if isinstance(tool, WireTool):
        return tool.name
    function = tool.get("function")
    return function.get("name") if isinstance(function, Mapping) else None


def parameters_of(tools: Sequence[WireTool]) -> dict[str, Any]:
    """Function name → schema of its arguments."""
    return {tool.name: tool.parameters for tool in tools if tool.name is not None}


def choose_tools(
    tools: Sequence[Tool], choice: Any, *, obeyed: bool
) -> tuple[list[Tool], str | Mapping[str, Any] | None, str | None]:
    """Turn LangChain's `tool_choice` into what the host honours.

    GLM documents only `"auto"`, and ignores or refuses everything else. There, a choice is honoured as far as
    it can be: `none` sends no tools, a name sends only that tool, and a sentence asks for the call.

    Args:
        tools: the wire tools.
        choice: `None`, `"auto"`, `"none"`, `"any"`, `"required"`, `True`, a tool's name, or a dict of
            OpenAI's or Anthropic's shape.
        obeyed: whether the endpoint obeys forced choices.

    Returns:
        The tools to send, the `tool_choice` to send (or `None`), and the sentence for the system message
        (or `None`).

    Raises:
        ValueError: if the choice names a tool that is not offered.
    """
    wanted = _wanted(choice)
    if wanted is None or not tools:
        return list(tools), None, None
    if wanted == NO_TOOLS:
        return [], None, None
    functions = [tool for tool in tools if function_name(tool)]
    if wanted == "required":
        if obeyed:
            return list(tools), "required", None
        return list(tools), None, "Answer by calling one of the tools, not in text." if functions else None
    chosen = [tool for tool in tools if wanted in (function_name(tool), tool["type"])]
    if not chosen:
        offered = ", ".join(str(function_name(tool) or tool["type"]) for tool in tools)
        raise ValueError(f"tool_choice={choice!r} names no tool that is offered; offered are: {offered}.")
    if obeyed and function_name(chosen[0]):
        return list(tools), {"type": "function", "function": {"name": wanted}}, None
    return chosen, None, f"Answer by calling the tool {wanted}, not in text."


def demands_call(tools: Sequence[Mapping[str, Any]], choice: Any) -> bool:
    """Whether a `tool_choice` wants a call of a function in any case; GLM's own tools never come back as calls."""
    wanted = _wanted(choice)
    if wanted is None:
        return False
    names = {function_name(tool) for tool in tools} - {None}
    return bool(names) if wanted == "required" else wanted in names


def _wanted(choice: Any) -> str | None:
    """`None` for the model's own choice, `"none"`, `"required"`, or the name of a tool."""
    if isinstance(choice, Mapping):
        function = choice.get("function")
        name = (function.get("name") if isinstance(function, Mapping) else None) or choice.get("name")
        choice = name or choice.get("type")
    if choice is True or choice in ("any", "required"):
        return "required"
    return None if choice in (None, False, "auto", "") else str(choice)


def read_arguments(arguments: str, schema: Any) -> str:
    """Return a call's arguments, with JSON in strings read where the tool's schema wants objects or arrays.

    Args:
        arguments: the JSON as sent. Anything but an object comes back as it is.
        schema: the tool's parameters, or `None` where the tool is unknown.
    """
    held = load_object(arguments) if schema and '"' in arguments else None
    if held is None:
        return arguments
    read = read_by_schema(held, schema)
    return arguments if read == held else dump_json(read)
