"""The messages of a request: roles, contents, and parts that the model can read.

Sources: the API descriptions of both hosts, and recorded refusals with 1210 and 1214.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.testing.refusals import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.catalog.profiles import Model

__all__ = ["MEDIA", "are_calls", "check_messages", "is_data_uri", "unknown_result"]

_ROLES: Final = ("system", "user", "assistant", "tool")
MEDIA: Final[Mapping[str, str]] = {
    "image_url": "image",
    "video_url": "video",
    "file_url": "file",
    "file": "file",
    "input_audio": "audio",
}
"""Part types besides text, and the kind of input that a model must support for each."""

_BY_URL: Final = ("image_url", "video_url", "file_url")
_WEB: Final = ("http://", "https://")


def check_messages(body: Mapping[str, Any], model: Model, host: Host) -> Problem | None:
    """Refuse conversations without a user message, unknown roles, and contents that the role or model cannot have."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return Problem("1214", "messages")
    for index, message in enumerate(messages):
        problem = _message(message, f"messages[{index}]", model, host)
        if problem:
            return problem
    if not any(message["role"] == "user" for message in messages):
        return Problem("1214", "messages (user)")
    unknown = unknown_result(messages) if host.native else None
    return None if unknown is None else Problem("1214", f"messages[{unknown}].tool_call_id")


def unknown_result(messages: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the index of the first tool result whose call is in no earlier message, or `None`.

    A result without an id is accepted, although it belongs to no call (recorded).
    """
    call_ids: set[Any] = {None}
    for index, message in enumerate(messages):
        if message["role"] == "tool" and message.get("tool_call_id") not in call_ids:
            return index
        call_ids |= {call.get("id") for call in message.get("tool_calls") or ()}
    return None


def _message(message: Any, path: str, model: Model, host: Host) -> Problem | None:
    role = message.get("role") if isinstance(message, dict) else None
    if role not in _ROLES:
        return Problem("1214", f"{path}.role")
    if not are_calls(message.get("tool_calls")):
        return Problem("1214", f"{path}.tool_calls")
    if not isinstance(message.get("tool_call_id"), str | None):
        return Problem("1214", f"{path}.tool_call_id")
    content = message.get("content")
    if role == "user" and not content and (host.native or "content" not in message):
        return Problem("1214", f"{path}.content")  # gateways and self-hosted models accept an empty text
    if isinstance(content, str | None):
        return None
    if not isinstance(content, list):
        return Problem("1214", f"{path}.content")
    if role == "assistant" or (role != "user" and not host.native):
        return None
    if role != "user":
        return Problem("1214", f"{path}.content[0].type")
    parts = ((part, f"{path}.content[{number}]") for number, part in enumerate(content))
    return next((problem for part, where in parts if (problem := _part(part, where, model, host))), None)


def are_calls(calls: Any) -> bool:
    """Whether a message's `tool_calls` can be read: null, or a list of calls whose functions have a name."""
    return calls is None or (isinstance(calls, list) and all(map(_is_call, calls)))


def _is_call(call: Any) -> bool:
    if not isinstance(call, dict) or not isinstance(call.get("id"), str | None):
        return False
    if call.get("type") == "mcp":  # the endpoint runs it, and it has another shape
        return True
    function = call.get("function")
    return isinstance(function, dict) and isinstance(function.get("name"), str)


def _part(part: Any, path: str, model: Model, host: Host) -> Problem | None:
    kind = str(part.get("type")) if isinstance(part, dict) else ""
    if kind == "text":
        text = part.get("text")
        return None if isinstance(text, str) and text else Problem("1214", f"{path}.text")
    if kind not in MEDIA:
        return Problem("1214", f"{path}.type")
    if MEDIA[kind] not in model.inputs:
        return Problem("1210", f"{path}.type {['text', *(name for name in MEDIA if MEDIA[name] in model.inputs)]}")
    inner = part.get(kind)
    if not isinstance(inner, dict):
        return Problem("1210", f"{path}.{kind}")
    if kind not in _BY_URL:
        return None
    if inner.keys() != {"url"}:
        return Problem("1210", f"{path}.{kind} {sorted(inner)}")
    return None if _readable(inner["url"], kind, host) else Problem("1210", f"{path}.{kind}.url")


def _readable(url: Any, kind: str, host: Host) -> bool:
    if not isinstance(url, str) or not url:
        return False
    if url.startswith(_WEB):
        return True
    if kind == "file_url":  # files are read only from the web
        return False
    if is_data_uri(url):
        return True
    return host.native and _is_base64(url)


def is_data_uri(url: str) -> bool:
    """Whether a URL holds base64 data inline, and the data can be decoded."""
    head, _, data = url.partition(",")
    return head.startswith("data:") and head.endswith(";base64") and _is_base64(data)


def _is_base64(data: str) -> bool:
    try:
        return bool(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        return False
