"""The requests that Kimi refuses; they differ from those that GLM refuses.

Sources: Moonshot's API documents (2026-04) and refusals measured at api.moonshot.cn (2026-08).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import orjson

from langchain_glm.testing.checks.messages import are_calls, is_data_uri, unknown_result
from langchain_glm.testing.refusals import Problem
from langchain_glm.testing.turn import thinks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.catalog.profiles import Model

__all__ = ["check_kimi"]

_FIXED: Final = {"temperature": 1, "top_p": 0.95, "n": 1, "presence_penalty": 0, "frequency_penalty": 0}
_ROLES: Final = ("system", "user", "assistant", "tool")
_MEDIA: Final = {"image_url": "image", "video_url": "video"}
_STOP_WORDS: Final = 5
_STOP_BYTES: Final = 32


def check_kimi(body: Mapping[str, Any], model: Model, host: Host) -> Problem | None:
    """Return the first reason for which Kimi refuses a request, or `None`."""
    checks: tuple[Callable[[Mapping[str, Any], Model, Host], Problem | None], ...] = (
        _messages,
        _reasoning,
        _sampling,
        _limits,
        _response_format,
        _thinking,
        _tools,
        _tool_choice,
        _stop,
        _search_results,
    )
    return next((problem for check in checks if (problem := check(body, model, host))), None)


def _bad(detail: str) -> Problem:
    return Problem("1214", detail)


def _messages(body: Mapping[str, Any], model: Model, _: Host) -> Problem | None:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return _bad("messages")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            return _bad(f"role of the message at index {index}")
        if not are_calls(message.get("tool_calls")):
            return _bad(f"tool_calls of the message at index {index}")
        if not isinstance(message.get("tool_call_id"), str | None):
            return _bad(f"tool_call_id of the message at index {index}")
        content = message.get("content")
        if not isinstance(content, str | list | None):
            return _bad(f"content of the message at index {index}")
        if not content and not message.get("tool_calls"):
            return _bad(f"the message at index {index} is empty")
        if isinstance(content, list) and not all(_readable(part, model) for part in content):
            return _bad(f"content of the message at index {index}")
    unknown = unknown_result(messages)
    return None if unknown is None else _bad(f"tool_call_id of the message at index {unknown} is not found")


def _readable(part: Any, model: Model) -> bool:
    kind = str(part.get("type")) if isinstance(part, dict) else ""
    if kind == "text":
        return bool(part.get("text"))
    if kind not in _MEDIA or _MEDIA[kind] not in model.inputs:
        return False
    inner = part.get(kind)
    url = inner.get("url") if isinstance(inner, dict) else inner  # Kimi also accepts a string
    return isinstance(url, str) and (url.startswith("ms://") or is_data_uri(url))


def _reasoning(body: Mapping[str, Any], model: Model, host: Host) -> Problem | None:
    if not thinks(body, model, host):
        return None
    for index, message in enumerate(body["messages"]):
        if message["role"] == "assistant" and message.get("tool_calls") and message.get("reasoning_content") is None:
            return _bad(f"the assistant tool call at index {index} lacks reasoning_content while thinking is on")
    return None


def _sampling(body: Mapping[str, Any], model: Model, _: Host) -> Problem | None:
    for name, allowed in _FIXED.items():
        value = body.get(name)
        if value is None:
            continue
        if model.fixed_sampling and value != allowed:
            return _bad(f"{name} can only be {allowed}")
        in_range = not isinstance(value, bool) and isinstance(value, int | float) and 0 <= value <= 1
        if name in {"temperature", "top_p"} and not in_range:
            return _bad(f"{name} [0, 1]")
    return None


def _limits(body: Mapping[str, Any], _: Model, __: Host) -> Problem | None:
    for name in ("max_tokens", "max_completion_tokens"):
        value = body.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            return _bad(name)
    return None


def _response_format(body: Mapping[str, Any], _: Model, __: Host) -> Problem | None:
    response_format = body.get("response_format")
    if response_format is None:
        return None
    kind = response_format.get("type") if isinstance(response_format, dict) else None
    if kind not in ("text", "json_object", "json_schema"):
        return _bad("response_format.type")
    schema = response_format.get("json_schema")
    if kind == "json_schema" and not (isinstance(schema, dict) and isinstance(schema.get("schema"), dict)):
        return _bad("response_format.json_schema.schema")
    return None


def _thinking(body: Mapping[str, Any], model: Model, _: Host) -> Problem | None:
    thinking = body.get("thinking")
    effort = body.get("reasoning_effort")
    if effort is not None and model.efforts and effort not in model.efforts:
        return _bad(f"reasoning_effort {list(model.efforts)}")
    if not model.thinking_object or not isinstance(thinking, dict):
        return None
    if thinking.get("type") == "disabled" and model.thinking == "always":
        return _bad(f"{model.id} always thinks")
    if thinking.get("keep") is not None and not model.keep_reasoning:
        return _bad("thinking.keep")
    return None


def _tools(body: Mapping[str, Any], _: Model, host: Host) -> Problem | None:
    tools = body.get("tools") or []
    if not isinstance(tools, list):
        return _bad("tools")
    for index, tool in enumerate(tools):
        kind = tool.get("type") if isinstance(tool, dict) else None
        given = tool.get("function") if isinstance(tool, dict) else None
        function = given if isinstance(given, dict) else {}
        name = function.get("name")
        if kind not in ("function", "builtin_function") or not isinstance(name, str):
            return _bad(f"tools[{index}]")
        if not isinstance(function.get("parameters"), dict | None):
            return _bad(f"tools[{index}].function.parameters")
        if kind == "builtin_function" and name != "$web_search":
            return _bad(f"tools[{index}]: no built-in function {name}")
        if kind == "function" and (name.startswith("$") or not re.fullmatch(host.tool_names, name)):
            return _bad(f"tools[{index}].function.name")
    return None


def _tool_choice(body: Mapping[str, Any], model: Model, host: Host) -> Problem | None:
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and not host.forces_while_thinking and thinks(body, model, host):
        return _bad("a specified tool_choice cannot be combined with thinking")
    if isinstance(choice, dict):
        function = choice.get("function")
        return None if isinstance(function, dict) and isinstance(function.get("name"), str) else _bad("tool_choice")
    return None if choice in (None, "auto", "none", "required") else _bad("tool_choice")


def _stop(body: Mapping[str, Any], _: Model, __: Host) -> Problem | None:
    stop = body.get("stop")
    words = [stop] if isinstance(stop, str) else stop or []
    fits = (
        isinstance(words, list)
        and all(isinstance(word, str) for word in words)
        and len(words) <= _STOP_WORDS
        and all(len(word.encode()) <= _STOP_BYTES for word in words)
    )
    return None if fits else _bad("stop")


def _search_results(body: Mapping[str, Any], _: Model, __: Host) -> Problem | None:
    searches = {
        call.get("id")
        for message in body["messages"]
        for call in message.get("tool_calls") or ()
        if call["function"]["name"] == "$web_search"
    }
    for index, message in enumerate(body["messages"]):
        if message["role"] == "tool" and message.get("tool_call_id") in searches:
            try:
                orjson.loads(message.get("content") or "")
            except (orjson.JSONDecodeError, TypeError):
                return _bad(f"the answer to $web_search at index {index} is not JSON")
    return None
