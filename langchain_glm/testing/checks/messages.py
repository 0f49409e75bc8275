"""The messages of a request: roles, contents, and parts that the model can read.

Sources: the API descriptions of both hosts, and recorded refusals with 1210 and 1214.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.testing.refusals import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.catalog.profiles import Model

__all__ = ["MEDIA", "are_calls", "check_messages", "is_data_uri"]

_ROLES: Final = ("system", "user", "assistant", "tool")
MEDIA: Final[Mapping[str, str]] = {
    "image_url": "image",
    "video_url": "video",
    "file_url": "file",
    "file": "file",
    "input_audio": "audio",
}
"""Part types besides text, and the kind of input that a model must read to be sent one."""

_LOCATED: Final = ("image_url", "video_url", "file_url")
_WEB: Final = ("http://", "https://")


def check_messages(body: Mapping[str, Any], model: Model, host: Host) -> Problem | None:
    """Refuse conversations without a user, unknown roles, and contents that role or model do not take."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return Problem("1214", "messages")
    for index, message in enumerate(messages):
        problem = _message(message, f"messages[{index}]", model, host)
        if problem:
            return problem
    if not any(message["role"] == "user" for message in messages):
        return Problem("1214", "messages (user)")
    return None


def _message(message: Any, place: str, model: Model, host: Host) -> Problem | None:
    role = message.get("role") if isinstance(message, dict) else None
    if role not in _ROLES:
        return Problem("1214", f"{place}.role")
    if not are_calls(message.get("tool_calls")):
        return Problem("1214", f"{place}.tool_calls")
    if not isinstance(message.get("tool_call_id"), str | None):
        return Problem("1214", f"{place}.tool_call_id")
    content = message.get("content")
    if content is None:
        # Null is taken wherever it is recorded; a user who sends no content at all is not.
        return Problem("1214", f"{place}.content") if role == "user" and "content" not in message else None
    if isinstance(content, str):
        return None
    if not isinstance(content, list):
        return Problem("1214", f"{place}.content")
    if role == "assistant" or (role != "user" and not host.native):
        return None
    if role != "user":
        return Problem("1214", f"{place}.content[0].type")
    parts = ((part, f"{place}.content[{number}]") for number, part in enumerate(content))
    return next((problem for part, where in parts if (problem := _part(part, where, model, host))), None)


def are_calls(calls: Any) -> bool:
    """Whether a message's `tool_calls` can be read: null, or a list of calls whose functions have a name."""
    return calls is None or (isinstance(calls, list) and all(map(_is_call, calls)))


def _is_call(call: Any) -> bool:
    if not isinstance(call, dict) or not isinstance(call.get("id"), str | None):
        return False
    if call.get("type") == "mcp":  # run by the endpoint itself; it has another shape
        return True
    function = call.get("function")
    return isinstance(function, dict) and isinstance(function.get("name"), str)


def _part(part: Any, place: str, model: Model, host: Host) -> Problem | None:
    kind = str(part.get("type")) if isinstance(part, dict) else ""
    if kind == "text":
        text = part.get("text")
        return None if isinstance(text, str) and text else Problem("1214", f"{place}.text")
    if kind not in MEDIA:
        return Problem("1214", f"{place}.type")
    if MEDIA[kind] not in model.inputs:
        return Problem("1210", f"{place}.type {['text', *(name for name in MEDIA if MEDIA[name] in model.inputs)]}")
    inner = part.get(kind)
    if not isinstance(inner, dict):
        return Problem("1210", f"{place}.{kind}")
    if kind not in _LOCATED:
        return None
    if inner.keys() != {"url"}:
        return Problem("1210", f"{place}.{kind} {sorted(inner)}")
    return None if _readable(inner["url"], kind, host) else Problem("1210", f"{place}.{kind}.url")


def _readable(url: Any, kind: str, host: Host) -> bool:
    if not isinstance(url, str) or not url:
        return False
    if url.startswith(_WEB):
        return True
    if kind == "file_url":  # files are read from the web only
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
