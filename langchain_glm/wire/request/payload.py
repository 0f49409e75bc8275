"""Build the request body from settings, messages and tools, in the form that the host expects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.catalog.models import find_model
from langchain_glm.errors import GLMValueError
from langchain_glm.json import dump_json
from langchain_glm.tools import WebSearch
from langchain_glm.wire.request.functions import choose_tools, to_wire_tool, with_legal_names
from langchain_glm.wire.request.messages import add_instruction, to_wire
from langchain_glm.wire.request.ranges import check_ranges
from langchain_glm.wire.request.thinking import resolve_thinking
from langchain_glm.wire.schemas.inline import inline
from langchain_glm.wire.types import WireTool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.messages import BaseMessage

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.catalog.models import Model
    from langchain_glm.wire.types import Payload

__all__ = ["build"]

_COPIED: Final = ("temperature", "top_p", "do_sample", "request_id", "user_id")
_SAMPLING: Final = ("temperature", "top_p")
_IGNORED_SEARCH: Final = (
    "GLM ignores its built-in web_search if functions are offered too (seen on Z.ai). In an agent, add "
    "GLMWebSearchMiddleware; or offer the tool GLMSearchResults(), which coding plans do not serve."
)


def build(
    messages: Sequence[BaseMessage],
    settings: Mapping[str, Any],
    host: Host,
    *,
    tools: Sequence[WireTool] = (),
    tool_choice: Any = None,
    stream: bool = False,
) -> tuple[Payload, list[str]]:
    """Build the request body. Settings that are not set are left out; no `null` or empty list is sent.

    Args:
        messages: the conversation.
        settings: `ChatGLM`'s settings by name; `model` is required, the others may be absent or `None`.
            `model_kwargs` are added unchanged, and so is `extra_body`, after all others.
        host: the endpoint.
        tools: the translated tools.
        tool_choice: LangChain's `tool_choice`, in any form.
        stream: whether to ask for a stream.

    Returns:
        The body, and notices about settings that the model or host does not accept.

    Raises:
        GLMValueError: if messages or settings cannot be sent; the error names the message's index or the field.
    """
    model_id: str = settings["model"]
    requested, model = find_model(model_id), find_model(model_id, host)
    check_ranges(settings, host, model)
    body: Payload = {"model": model_id}
    notices: list[str] = []
    answering_id = model_id  # the id that notices name
    if requested and model and requested.id != model.id:
        answering_id = model.id
        notices.append(
            f"{host.name} answers {model_id} with {answering_id}; the request follows the rules of {answering_id}."
        )

    thinking, more_notices = resolve_thinking(
        settings.get("thinking"), settings.get("reasoning_effort"), model, answering_id, host
    )
    notices += more_notices
    offered_tools, more_notices = _with_web_search(tools, settings.get("web_search"), host)
    notices += more_notices
    can_force = host.tool_choice and (host.forces_while_thinking or not _will_think(thinking, model))
    offered_tools, choice, instruction = choose_tools(
        with_legal_names(offered_tools, host), tool_choice, host, can_force=can_force
    )
    response_format, format_instruction = _response_format(settings.get("response_format"), host, model)

    body["messages"], more_notices = to_wire(messages, host, model)
    notices += more_notices
    for sentence in (instruction, format_instruction):
        if sentence:
            body["messages"] = add_instruction(body["messages"], sentence)
    if stream:
        body["stream"] = True
        stream_usage = settings.get("stream_usage")
        if host.stream_usage if stream_usage is None else stream_usage:
            body["stream_options"] = {"include_usage": True}
    for name in _COPIED:
        if settings.get(name) is not None:
            body[name] = settings[name]
    if model is not None and model.fixed_sampling and any(name in body for name in _SAMPLING):
        notices.append(f"{answering_id} accepts only its default temperature and top_p; yours are not sent.")
        for name in _SAMPLING:
            body.pop(name, None)
    if settings.get("max_tokens") is not None:
        body[host.max_tokens_field] = settings["max_tokens"]
    if stop := settings.get("stop"):
        body["stop"] = [stop] if isinstance(stop, str) else list(stop)
    body |= thinking
    if offered_tools:
        body["tools"] = offered_tools
        if choice is not None:
            body["tool_choice"] = choice
        if stream and _streams_tools(settings.get("tool_stream"), offered_tools, host, model):
            body["tool_stream"] = True
    if response_format:
        body["response_format"] = response_format
    body |= settings.get("model_kwargs") or {}
    body |= settings.get("extra_body") or {}
    return body, notices


def _will_think(thinking: Mapping[str, Any], model: Model | None) -> bool:
    if model is None or model.thinking == "none":
        return False
    return bool(thinking.get("thinking", {}).get("type") != "disabled")


def _with_web_search(tools: Sequence[WireTool], requested: Any, host: Host) -> tuple[list[WireTool], list[str]]:
    """Add the search that the setting asks for, and the search engine if the host requires one."""
    offered_tools = list(tools)
    searches = any(tool["type"] == "web_search" for tool in offered_tools)
    if requested and not searches:
        offered_tools.append(_search_tool(requested))
    if not host.glm_tools:
        functions = [tool for tool in offered_tools if tool["type"] in ("function", "builtin_function")]
        left_out = dict.fromkeys(tool["type"] for tool in offered_tools if tool not in functions)
        return functions, [f"{host.name} does not have GLM's tool {kind}; it is not sent." for kind in left_out]
    if not requested and not searches:
        return offered_tools, []
    offered_tools = [_with_engine(tool, host) for tool in offered_tools]
    if host.native and any(tool.name for tool in offered_tools):
        return offered_tools, [_IGNORED_SEARCH]
    return offered_tools, []


def _search_tool(requested: Any) -> WireTool:
    """Return the setting `web_search`, which is `True`, a tool entry or a dict of the search's arguments, as a tool."""
    if requested is True:
        requested = WebSearch()
    elif isinstance(requested, Mapping) and "web_search" not in requested:
        requested = {"type": "web_search", "web_search": dict(requested)}
    return to_wire_tool(requested)


def _with_engine(tool: WireTool, host: Host) -> WireTool:
    if tool["type"] != "web_search" or host.search_engine is None or tool["web_search"].get("search_engine"):
        return tool
    return WireTool({**tool, "web_search": {**tool["web_search"], "search_engine": host.search_engine}})


def _streams_tools(requested: bool | None, tools: Sequence[WireTool], host: Host, model: Model | None) -> bool:
    if requested is not None:
        return requested
    return host.native and model is not None and model.tool_stream and any(tool.name for tool in tools)


def _response_format(
    requested: Mapping[str, Any] | None, host: Host, model: Model | None
) -> tuple[Mapping[str, Any] | None, str | None]:
    """Return the field to send, and a sentence for the system message if the endpoint does not enforce the format.

    GLM supports only `json_object`, and only on text models; it accepts a schema but does not obey it (API descriptions
    of both hosts, 2026-10).
    """
    if not requested:
        return None, None
    kind = str(requested.get("type"))
    has_json_mode = model is None or model.json_mode
    supported = {"json_schema": host.json_schema, "json_object": has_json_mode}
    if supported.get(kind, True):
        return requested, None
    sent = {"type": "json_object"} if has_json_mode else None
    sentence = "Answer with one JSON object and nothing else: no text around it, no code fence."
    if kind == "json_object":
        return sent, sentence
    wrapper = requested.get("json_schema")
    schema = wrapper.get("schema") if isinstance(wrapper, dict) else None
    if not isinstance(schema, dict):
        raise GLMValueError('response_format: type "json_schema" needs {"json_schema": {"name": …, "schema": {…}}}.')
    return sent, f"{sentence} It must be valid for this JSON schema: {dump_json(inline(schema))}"
