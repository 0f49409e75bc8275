"""Shared parts of reading complete replies and streams: text, reasoning, metadata, and failures."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.catalog.hosts import GATEWAY
from langchain_glm.errors import GLMContextOverflowError, GLMServerError
from langchain_glm.wire.reply.citations import citations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from langchain_glm.errors import GLMError

__all__ = [
    "MESSAGE_FIELDS",
    "UNKNOWN_ORIGIN",
    "Reply",
    "additional_kwargs",
    "error_from_finish_reason",
    "join_audio",
    "join_values",
    "other_fields",
    "reasoning_of",
    "response_metadata_of",
    "text_of",
]

MESSAGE_FIELDS: Final = frozenset({"role", "content", "reasoning_content", "reasoning", "tool_calls"})
"""The fields of a message or delta that are read by name; other fields are kept unchanged."""

UNKNOWN_ORIGIN: Final = {"model_provider": GATEWAY.provider, "host": GATEWAY.name}
"""The origin of a reply if nothing is known about its host."""

_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})
_TOP_FIELDS: Final = frozenset({"choices", "model", "object", "usage"})
_CHOICE_FIELDS: Final = frozenset({"index", "delta", "message", "finish_reason", "usage"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The contents of a reply, whether it came as one body or as a stream.

    Args:
        top: its top-level fields.
        origin: the fields of `response_metadata` that say where it came from: `model_provider` and `host`.
        choice: the fields of its choice.
        message: the fields of its message that `other_fields` returns.
        finish_reason: the finish reason as sent.
        usage: the usage as sent.
        text: the complete text.
        reasoning: the complete reasoning.
        reasoning_field: the field in which the reasoning came; empty if there is none.
        called: whether it holds a tool call.
        mcp: the calls that the endpoint ran on MCP servers.
    """

    top: Mapping[str, Any]
    origin: Mapping[str, str]
    choice: Mapping[str, Any] = field(default_factory=dict)
    message: Mapping[str, Any] = field(default_factory=dict)
    finish_reason: Any = None
    usage: Mapping[str, Any] | None = None
    text: str = ""
    reasoning: str = ""
    reasoning_field: str = ""
    called: bool = False
    mcp: Sequence[Mapping[str, Any]] = ()


def text_of(content: Any) -> str:
    """Return the text of a message's or delta's `content`, which is a string, `null`, or a list of text parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "".join(
        part["text"]
        for part in content
        if isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)
    )


def reasoning_of(message: Mapping[str, Any]) -> tuple[str, str]:
    """Return the reasoning of a message or delta, and its field: `reasoning` on vLLM, Cerebras and OpenRouter."""
    for name in ("reasoning_content", "reasoning"):
        value = message.get(name)
        if isinstance(value, str) and value:
            return value, name
    return "", ""


def other_fields(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a message or delta that are not read by name, without empty ones."""
    return {key: value for key, value in message.items() if key not in MESSAGE_FIELDS and value not in _EMPTY}


def join_values(values: Sequence[Any]) -> Any:
    """Join a field's values from several deltas: strings and lists are concatenated; else the last counts."""
    if all(isinstance(value, str) for value in values):
        return "".join(values)
    if all(isinstance(value, list) for value in values):
        return [item for value in values for item in value]
    return values[-1]


def join_audio(values: Sequence[Any]) -> Any:
    """Join `audio` from several deltas into one object with the complete sound and transcript."""
    if not all(isinstance(value, dict) for value in values):
        return values[-1]
    audio = {key: value for part in values for key, value in part.items() if value is not None}
    for key in ("data", "transcript"):
        pieces = [part[key] for part in values if isinstance(part.get(key), str)]
        if pieces:
            audio[key] = _join_base64(pieces) if key == "data" else "".join(pieces)
    return audio


def _join_base64(pieces: list[str]) -> str:
    """Join base64 strings, which may be pieces of one string or complete strings with padding."""
    whole = "".join(pieces)
    if "=" not in whole.rstrip("="):
        return whole
    try:
        return base64.b64encode(b"".join(base64.b64decode(piece, validate=True) for piece in pieces)).decode()
    except ValueError:  # it is not base64
        return whole


def error_from_finish_reason(reply: Reply) -> GLMError | None:
    """Return the error that a reply's `finish_reason` reports, or `None` if the reply is an answer.

    `network_error` means that the model failed. `model_context_window_exceeded` means that the context is full: a reply
    with text or calls is then an answer that was cut short. `tool_calls` without a call comes from gateways that lose
    the call.
    Source: GLM's OpenAPI description, 2026-04; recorded replies.
    """
    code, request_id = reply.finish_reason, reply.top.get("request_id")
    request_id = request_id if isinstance(request_id, str) else None
    if code == "network_error":
        message = "the model failed before its reply was complete"
    elif code == "model_context_window_exceeded" and not (reply.text.strip() or reply.called):
        return GLMContextOverflowError(
            "the conversation fills the model's context window, so there is no room for an answer; shorten it",
            code=code,
            status=200,
            request_id=request_id,
        )
    elif code == "tool_calls" and not (reply.called or reply.mcp):
        message = "the reply ended with finish_reason tool_calls, but it holds no tool call"
    else:
        return None
    return GLMServerError(message, code=code, status=200, request_id=request_id)


def additional_kwargs(reply: Reply) -> dict[str, Any]:
    """Build `additional_kwargs` without the reasoning: `annotations` (citations), `audio`, `refusal`."""
    found = {key: reply.message[key] for key in ("audio", "refusal") if key in reply.message}
    marks = citations(reply.text, reply.top.get("web_search"))
    return {"annotations": marks, **found} if marks else found


def response_metadata_of(reply: Reply) -> dict[str, Any]:
    """Build `response_metadata`; fields that were not sent are absent.

    Returns:
        `model_provider`, `host` (its name), `model_name` (as served), `finish_reason`, `token_usage` (as sent),
        `reasoning_content`, `mcp`, and all other fields of the top level, the choice and the message under their own
        names: `id`, `request_id`, `created`, `web_search`, `content_filter`, `video_result`, …

        `reasoning_field` is the field in which the reasoning came, if it is not `reasoning_content`; the endpoint
        expects it back in that field. `reasoning_only` is `True` if the reply holds only reasoning, because the model
        used up its tokens (`finish_reason` is `length`) before it began to answer.
    """
    metadata = {key: value for key, value in reply.top.items() if key not in _TOP_FIELDS and value is not None}
    for key, value in reply.choice.items():
        if key not in _CHOICE_FIELDS and value is not None:
            metadata.setdefault(key, value)
    for key, value in reply.message.items():
        if key not in ("audio", "refusal"):
            metadata.setdefault(key, value)
    metadata |= reply.origin  # our names replace the server's, because LangChain reads them
    named_fields = {
        "model_name": reply.top.get("model"),
        "finish_reason": reply.finish_reason,
        "token_usage": reply.usage,
        "reasoning_content": reply.reasoning,
        "reasoning_field": reply.reasoning_field if reply.reasoning_field != "reasoning_content" else "",
        "reasoning_only": bool(
            reply.finish_reason and reply.reasoning and not (reply.text.strip() or reply.called or reply.mcp)
        ),
        "mcp": list(reply.mcp),
    }
    return metadata | {key: value for key, value in named_fields.items() if value}
