"""Settings, messages and tools → one request body in the host's dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from langchain_glm.catalog.profiles import find_model
from langchain_glm.json import dump_json
from langchain_glm.tools import WebSearch
from langchain_glm.wire.request.functions import choose_tools, function_name
from langchain_glm.wire.request.messages import add_instruction, to_wire
from langchain_glm.wire.request.thinking import resolve_thinking
from langchain_glm.wire.schemas.inline import inline
from langchain_glm.wire.types import WireTool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from langchain_core.messages import BaseMessage

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.catalog.profiles import Model
    from langchain_glm.wire.types import Payload

__all__ = ["build"]

_PLAIN: Final = ("temperature", "top_p", "do_sample", "request_id", "user_id")
_SAMPLING: Final = ("temperature", "top_p")


def build(
    messages: Sequence[BaseMessage],
    settings: Mapping[str, Any],
    host: Host,
    *,
    tools: Sequence[WireTool] = (),
    tool_choice: Any = None,
    stream: bool = False,
) -> tuple[Payload, list[str]]:
    """Build the request body. What is not set is not sent: no `null`, no empty list.

    Args:
        messages: the conversation.
        settings: `ChatGLM`'s settings by name; `model` is required, the others may be absent or `None`.
            `model_kwargs` go in as they are, `extra_body` last and verbatim.
        host: the endpoint, whose dialect is spoken.
        tools: wire tools.
        tool_choice: LangChain's `tool_choice`, any form.
        stream: whether a stream is asked for.

    Returns:
        The body, and notices about settings that this model or host does not take.

    Raises:
        ValueError: if messages or settings cannot be sent; the text names the message's index or the field.
    """
    model_id: str = settings["model"]
    model = find_model(model_id)
    body: Payload = {"model": model_id}

    thinking, notices = resolve_thinking(
        settings.get("thinking"), settings.get("reasoning_effort"), model, model_id, host
    )
    offered, more = _with_web_search(tools, settings.get("web_search"), host)
    notices += more
    offered, choice, instruction = choose_tools(
        offered, tool_choice, obeyed=host.tool_choice and not _is_on(thinking, model)
    )
    response_format, wanted_format = _response_format(settings.get("response_format"), host, model)

    body["messages"], more = to_wire(messages, host, model)
    notices += more
    for sentence in (instruction, wanted_format):
        if sentence:
            body["messages"] = add_instruction(body["messages"], sentence)
    if stream:
        body["stream"] = True
        if _or(settings.get("stream_usage"), host.stream_usage):
            body["stream_options"] = {"include_usage": True}
    for name in _PLAIN:
        if settings.get(name) is not None:
            body[name] = settings[name]
    if model is not None and model.fixed_sampling and any(name in body for name in _SAMPLING):
        notices.append(f"{model_id} takes its own temperature and top_p only; yours are left out.")
        for name in _SAMPLING:
            body.pop(name, None)
    if settings.get("max_tokens") is not None:
        body[host.max_tokens_field] = settings["max_tokens"]
    if stop := settings.get("stop"):
        body["stop"] = [stop] if isinstance(stop, str) else list(stop)
    body |= thinking
    if offered:
        body["tools"] = offered
        if choice is not None:
            body["tool_choice"] = choice
        if stream and _streams_tools(settings.get("tool_stream"), offered, host, model):
            body["tool_stream"] = True
    if response_format:
        body["response_format"] = response_format
    body |= settings.get("model_kwargs") or {}
    body |= settings.get("extra_body") or {}
    return body, notices


def _or(value: Any, default: bool) -> bool:
    return default if value is None else bool(value)


def _is_on(thinking: Mapping[str, Any], model: Model | None) -> bool:
    """Whether the model will think; Kimi refuses a forced tool choice then."""
    if model is None or model.thinking == "none":
        return False
    return bool(thinking.get("thinking", {}).get("type") != "disabled")


def _with_web_search(tools: Sequence[WireTool], asked: Any, host: Host) -> tuple[list[WireTool], list[str]]:
    """Add the search that the setting asks for, and the engine that the host needs named."""
    offered = [_with_engine(tool, host) for tool in tools]
    searches = any(tool["type"] == "web_search" for tool in offered)
    if asked and not searches:
        search = WebSearch() if asked is True else asked
        wire = search.to_wire() if isinstance(search, WebSearch) else {"type": "web_search", "web_search": dict(search)}
        offered.append(_with_engine(WireTool(wire), host))
        searches = True
    if searches and host.native and any(function_name(tool) for tool in offered):
        return offered, [
            "GLM ignores its built-in web_search when function tools are offered beside it (measured on Z.ai)."
        ]
    return offered, []


def _with_engine(tool: WireTool, host: Host) -> WireTool:
    if tool["type"] != "web_search" or host.search_engine is None or tool["web_search"].get("search_engine"):
        return tool
    return WireTool({**tool, "web_search": {**tool["web_search"], "search_engine": host.search_engine}})


def _streams_tools(asked: bool | None, tools: Sequence[WireTool], host: Host, model: Model | None) -> bool:
    can = host.native and model is not None and model.tool_stream
    return _or(asked, can and any(function_name(tool) for tool in tools))


def _response_format(
    asked: Mapping[str, Any] | None, host: Host, model: Model | None
) -> tuple[Mapping[str, Any] | None, str | None]:
    """What to send, and the sentence for the system message.

    GLM knows `json_object` only, on its text models, and takes a schema without obeying it.
    """
    if not asked or not _asks_in_words(asked, host, model):
        return asked or None, None
    sent = {"type": "json_object"} if model is None or model.json_mode else None
    sentence = "Answer with one JSON object and nothing else: no text around it, no code fence."
    if asked["type"] == "json_object":
        return sent, sentence
    wrapper = asked.get("json_schema")
    schema = wrapper.get("schema") if isinstance(wrapper, dict) else None
    if not isinstance(schema, dict):
        raise ValueError('response_format: type "json_schema" needs {"json_schema": {"name": …, "schema": {…}}}.')
    return sent, f"{sentence} It must be valid for this JSON schema: {dump_json(inline(schema))}"


def _asks_in_words(response_format: Mapping[str, Any] | None, host: Host, model: Model | None) -> bool:
    """Whether JSON is asked for in words: a schema that the host does not enforce, a model without a JSON mode."""
    kind = response_format.get("type") if response_format else None
    if kind == "json_schema":
        return not host.json_schema
    return kind == "json_object" and model is not None and not model.json_mode
