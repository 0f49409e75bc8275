"""Translate LangChain tools into the `tools` array, and `tool_choice` into what the host supports."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, get_origin
from weakref import WeakKeyDictionary

from langchain_core.utils.function_calling import convert_to_openai_tool

from langchain_glm.errors import GLMValueError
from langchain_glm.tools import WebSearch
from langchain_glm.wire.schemas.convert import is_schema_class, to_json_schema
from langchain_glm.wire.schemas.inline import inline
from langchain_glm.wire.types import WireTool

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

    from langchain_glm.catalog.hosts import Host

__all__ = [
    "choose_tools",
    "demands_call",
    "legal_name",
    "original_names",
    "parallel_calls",
    "parameters_of",
    "to_wire_tool",
    "with_legal_names",
]

_NO_TOOL: Final = (
    "is not a tool; give a function, a LangChain tool, a pydantic class, a TypedDict, or a dict in OpenAI's format."
)

_RUN_BY_ENDPOINT = ("web_search", "retrieval", "mcp", "builtin_function")


def to_wire_tool(tool: Mapping[str, Any] | type | Callable[..., Any] | BaseTool) -> WireTool:
    """Translate one tool.

    Args:
        tool: one of GLM's own tools, as an object or a dict; a LangChain tool; a callable; a pydantic class or
            TypedDict; a JSON schema with a title; a dict in OpenAI's or Anthropic's form. If the `extras` of a
            LangChain tool hold `provider_tool_definition`, that definition is sent.

    Returns:
        The entry of `tools`, with the schema inlined and without `strict`, because GLM does not enforce schemas.

    Raises:
        GLMValueError: if it is none of these.
    """
    if isinstance(tool, WireTool):
        return tool
    # The import takes 7 ms, so it is not at the top of the module; the conversion below needs it anyway.
    from langchain_core.tools import BaseTool, StructuredTool

    if isinstance(tool, BaseTool):
        if definition := (tool.extras or {}).get("provider_tool_definition"):
            return WireTool(definition)
        # The translation of a subclass may depend on more than the name, the description and this schema.
        is_plain = type(tool) is StructuredTool and isinstance(tool.args_schema, type)
        return _cached_translation(tool) if is_plain else WireTool(_function_tool(tool))
    own_tool = _own_tool(tool) if isinstance(tool, Mapping) else None
    return WireTool(own_tool or _function_tool(tool))


_translations: WeakKeyDictionary[type, tuple[str, str, WireTool]] = WeakKeyDictionary()
"""A cache of translations by `args_schema`: name, description and translated tool.

Agents bind the same tools before every turn, and translating a schema takes 50 µs or more.
"""


def _cached_translation(tool: BaseTool) -> WireTool:
    schema: Any = tool.args_schema
    cached = _translations.get(schema)
    if cached is None or cached[0] != tool.name or cached[1] != tool.description:
        cached = _translations[schema] = (tool.name, tool.description, WireTool(_function_tool(tool)))
    return cached[2]


def _own_tool(tool: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return a tool in GLM's own form, even if its type is unknown; `None` for a function."""
    kind = tool.get("type", "function")
    if not isinstance(kind, str) or kind == "function":
        return None
    settings = "function" if kind == "builtin_function" else kind
    if isinstance(tool.get(settings), Mapping):
        return tool
    if tool == {"type": "web_search"}:
        return WebSearch()
    if kind in _RUN_BY_ENDPOINT:
        raise GLMValueError(f"tools: a {kind} tool needs its settings under the key {settings!r}.")
    return None


def _function_tool(tool: Any) -> dict[str, Any]:
    """Translate a function. Recursive types need our own conversion, because LangChain's writes `{}` for them."""
    from langchain_core.tools import BaseTool, Tool

    is_tool = isinstance(tool, BaseTool) and not (isinstance(tool, Tool) and tool.args_schema is None)
    schema = tool.tool_call_schema if is_tool else tool
    if is_schema_class(schema) or (is_tool and isinstance(schema, Mapping) and "$defs" in schema):
        json_schema = to_json_schema(schema)
        name = tool.name if is_tool else json_schema["title"]
        parameters = _inline_parameters(name, json_schema, titles=False)
        description = parameters.pop("description", "")
        function = {"name": name, "description": (is_tool and tool.description) or description}
        function["parameters"] = parameters
    else:
        function = _convert_by_langchain(tool)
        if isinstance(function.get("parameters"), Mapping):
            function["parameters"] = _inline_parameters(function.get("name"), function["parameters"], titles=True)
    if not function.get("description"):
        function["description"] = function["name"]  # the API description requires one
    return {"type": "function", "function": function}


def _convert_by_langchain(tool: Any) -> dict[str, Any]:
    if get_origin(tool) is not None:  # on Python 3.14, LangChain takes `list[int]` for a function
        raise GLMValueError(f"tools: {tool!r} {_NO_TOOL}")
    try:
        converted = convert_to_openai_tool(tool)
    except (KeyError, TypeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise GLMValueError(f"tools: {tool!r} {_NO_TOOL} LangChain says: {reason}.") from None
    function = converted.get("function")
    if converted.get("type") == "function" and not (isinstance(function, Mapping) and function.get("name")):
        raise GLMValueError("tools: a function tool needs a name under the key 'function'.")
    if function is None:  # LangChain returns tools that OpenAI runs unchanged
        raise GLMValueError(
            f"tools: {converted.get('type')!r} is a tool of another provider; "
            "GLM's own tools are web_search, retrieval and mcp."
        )
    return {key: value for key, value in function.items() if key != "strict"}


def _inline_parameters(name: Any, parameters: Mapping[str, Any], *, titles: bool) -> dict[str, Any]:
    try:
        return inline(parameters, titles=titles)
    except ValueError as error:
        raise GLMValueError(f"tools: {name}: {error}; give the tool a flatter schema.") from None


_HASH_LENGTH = 8
_MAX_NAME_LENGTH = 64


def legal_name(name: str, host: Host) -> str:
    """Return the name under which a function is sent, which is its own if the host accepts it.

    Tools of MCP servers and programs may have names with dots, slashes, spaces or Chinese characters, which GLM
    refuses. Such a name keeps its legal characters and gets a hash of the complete name, so that different names stay
    different. The result begins with a letter or underscore and has 10 to 64 characters, which every host accepts.

    Args:
        name: the tool's own name.
        host: decides which names are legal. Kimi's own functions (`$web_search`) keep their names there.

    Example:
        ```python
        legal_name("files.read", HOSTS["zai"])  # "files_read_601e4eb6"
        ```

    Sources: BigModel's API description, 2026-04; Moonshot's, 2026-04.
    """
    if _is_legal(name, host.tool_names):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_LENGTH]
    legal = re.sub(r"[^a-zA-Z0-9_-]+", "_", name)
    if not re.match(r"[a-zA-Z_]", legal):
        legal = f"_{legal}"
    return f"{legal[: _MAX_NAME_LENGTH - _HASH_LENGTH - 1]}_{digest}"


@lru_cache(maxsize=4096)
def _is_legal(name: str, pattern: str) -> bool:
    """Whether a host accepts a name; an agent asks for the same names before every turn."""
    return re.fullmatch(pattern, name) is not None


def original_names(tools: Sequence[WireTool], host: Host) -> dict[str, str]:
    """Return the original names of the tools that are sent under another name, by the names that are sent."""
    # Kimi's own functions have another type and keep their names.
    return {
        legal_name(tool.name, host): tool.name
        for tool in tools
        if tool.name is not None and not _is_legal(tool.name, host.tool_names) and tool["type"] == "function"
    }


def with_legal_names(tools: Sequence[WireTool], host: Host) -> list[WireTool]:
    """Return the tools under names that the host accepts."""
    legal = {name: sent for sent, name in original_names(tools, host).items()}
    return (
        [
            WireTool({**tool, "function": {**tool["function"], "name": legal[tool.name]}})
            if tool.name in legal
            else tool
            for tool in tools
        ]
        if legal
        else list(tools)
    )


def parallel_calls(requested: bool | None, host: Host) -> tuple[dict[str, bool], list[str]]:
    """Return the field `parallel_tool_calls` for hosts that may support it, or a notice that GLM does not."""
    if requested is None:
        return {}, []
    if host.native:
        return {}, ["GLM has no parallel_tool_calls; it is not sent."]
    return {"parallel_tool_calls": requested}, []


def parameters_of(tools: Sequence[WireTool], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the schemas of the tools' arguments by the names that are sent; `names` comes from `original_names`."""
    sent = {name: sent for sent, name in names.items()}
    return {sent.get(tool.name, tool.name): tool.parameters for tool in tools if tool.name is not None}


def choose_tools(
    tools: Sequence[WireTool], choice: Any, host: Host, *, can_force: bool
) -> tuple[list[WireTool], str | Mapping[str, Any] | None, str | None]:
    """Turn LangChain's `tool_choice` into what the host supports.

    GLM documents only `"auto"`, and ignores or refuses everything else. For GLM, the choice decides which tools are
    sent instead: `none` sends no tools, and a name sends only that tool. If a call is required, a sentence in the
    system message asks the model for it.

    Args:
        tools: the translated tools, under names that the host accepts.
        choice: `None`, `"auto"`, `"none"`, `"any"`, `"required"`, `True`, a tool's name, or a dict in
            OpenAI's or Anthropic's form.
        host: the endpoint.
        can_force: whether the endpoint obeys a forced choice in this request.

    Returns:
        The tools to send, the `tool_choice` to send (or `None`), and the sentence for the system message
        (or `None`).

    Raises:
        GLMValueError: if the choice names a tool that is not offered.
    """
    requested = _normalized_choice(choice)
    if requested is None or not tools:
        return list(tools), None, None
    if requested == "none":
        return [], None, None
    if requested == "required":
        if can_force:
            return list(tools), "required", None
        has_functions = any(tool.name for tool in tools)
        return list(tools), None, "Answer by calling one of the tools, not in text." if has_functions else None
    requested = legal_name(requested, host)
    chosen = [tool for tool in tools if requested in (tool.name, tool["type"])]
    if not chosen:
        offered = ", ".join(str(tool.name or tool["type"]) for tool in tools)
        raise GLMValueError(f"tool_choice={choice!r} is not one of the offered tools: {offered}.")
    if can_force and chosen[0].name:
        return list(tools), {"type": "function", "function": {"name": requested}}, None
    return chosen, None, f"Answer by calling the tool {requested}, not in text."


def demands_call(tools: Sequence[WireTool], choice: Any) -> bool:
    """Whether a `tool_choice` demands a call of a function; GLM's own tools never come back as calls."""
    requested = _normalized_choice(choice)
    if requested is None:
        return False
    names = {tool.name for tool in tools} - {None}
    return bool(names) if requested == "required" else requested in names


def _normalized_choice(choice: Any) -> str | None:
    """Return `None` if the model may choose, or `"none"`, `"required"`, or the name of a tool."""
    if isinstance(choice, Mapping):
        function = choice.get("function")
        name = (function.get("name") if isinstance(function, Mapping) else None) or choice.get("name")
        choice = name or choice.get("type")
    if choice is True or choice in ("any", "required"):
        return "required"
    return None if choice in (None, False, "auto", "") else str(choice)
