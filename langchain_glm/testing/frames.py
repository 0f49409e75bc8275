"""A reply in the form of GLM's own hosts: the body, and the chunks of the stream.

Key order and presence follow recorded traffic of Z.ai and BigModel: no nulls, no `finish_reason` before the
end, `role` in text deltas but not in tool deltas, usage on the final chunk.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.testing.tokens import completion_tokens

if TYPE_CHECKING:
    from langchain_glm.catalog.hosts import Host
    from langchain_glm.testing.replies import Reply, ToolCall
    from langchain_glm.testing.turn import Turn

__all__ = ["native_body", "native_frames", "pieces", "reasoning_field"]

_NO_USAGE: Final = frozenset({"network_error", "model_context_window_exceeded"})


def pieces(text: str, size: int) -> list[str]:
    """Split a text into pieces of `size` characters."""
    return [text[start : start + size] for start in range(0, len(text), size)]


def reasoning_field(host: Host) -> str:
    """Return the field in which a host sends reasoning."""
    return host.reasoning_field or "reasoning_content"


def _call_id(call: ToolCall, turn: Turn, index: int) -> str:
    if call.id is not None:
        return call.id
    digest = hashlib.sha256(f"{turn.id}/{index}".encode()).hexdigest()
    # Streams have ids in hexadecimal, bodies have ids with a negative number.
    return f"call_{digest[:24]}" if turn.stream else f"call_-{int(digest[:15], 16)}"


def _call(call: ToolCall, turn: Turn, index: int, arguments: str) -> dict[str, Any]:
    return {
        "id": _call_id(call, turn, index),
        "index": index,
        "type": call.type,
        "function": {"name": call.name, "arguments": arguments},
    }


def _extras(reply: Reply, turn: Turn) -> dict[str, Any]:
    extras: dict[str, Any] = {}
    usage = _usage(reply, turn)
    if usage:
        extras["usage"] = usage
    if reply.web_search:
        extras["web_search"] = [dict(result) for result in reply.web_search]
    if reply.content_filter:
        extras["content_filter"] = [dict(flag) for flag in reply.content_filter]
    return extras


def _usage(reply: Reply, turn: Turn) -> dict[str, Any]:
    if reply.usage is not None:
        return dict(reply.usage)
    if reply.finish in _NO_USAGE or (turn.stream and turn.host.stream_usage and not turn.include_usage):
        return {}
    completion, thought = completion_tokens(reply)
    return {
        "prompt_tokens": turn.prompt_tokens,
        "completion_tokens": completion,
        "total_tokens": turn.prompt_tokens + completion,
        "prompt_tokens_details": {"cached_tokens": turn.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": thought},
    }


def native_body(reply: Reply, turn: Turn) -> dict[str, Any]:
    """Return the body of an answer that is not streamed; its keys are in alphabetical order at every level."""
    message: dict[str, Any] = {"content": reply.text}
    if reply.reasoning:
        message[reasoning_field(turn.host)] = reply.reasoning
    message["role"] = "assistant"
    if reply.tool_calls:
        message["tool_calls"] = [
            _call(call, turn, index, call.arguments_text) for index, call in enumerate(reply.tool_calls)
        ]
    body = {
        "choices": [{"finish_reason": reply.finish, "index": 0, "message": message}],
        "created": turn.created,
        "id": turn.id,
        "model": reply.model or turn.model,
        "object": "chat.completion",
        "request_id": turn.id,
        **_extras(reply, turn),
    }
    return {key: _sorted(body[key]) for key in sorted(body)}


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def native_frames(reply: Reply, turn: Turn) -> list[dict[str, Any]]:
    """Return the chunks of a stream, the final one last, `[DONE]` not included."""
    head = {
        "id": turn.id,
        "created": turn.created,
        "object": "chat.completion.chunk",
        "model": reply.model or turn.model,
    }
    deltas: list[dict[str, Any]] = [
        {"role": "assistant", key: piece}
        for key, text in ((reasoning_field(turn.host), reply.reasoning), ("content", reply.text))
        for piece in pieces(text, reply.chunk_size)
    ]
    for index, call in enumerate(reply.tool_calls):
        deltas += _call_deltas(call, turn, index, reply.chunk_size)
    frames = [{**head, "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    # If content was flagged, the last role is that of the flagged message, not always the assistant's.
    flagged = reply.content_filter[0].get("role", "assistant") if reply.content_filter else "assistant"
    role = flagged if reply.finish == "sensitive" else "assistant"
    last = {"index": 0, "finish_reason": reply.finish, "delta": {"role": role, "content": ""}}
    return [*frames, {**head, "choices": [last], **_extras(reply, turn)}]


def _call_deltas(call: ToolCall, turn: Turn, index: int, size: int) -> list[dict[str, Any]]:
    text = call.arguments_text
    if not turn.tool_stream:
        return [{"tool_calls": [_call(call, turn, index, text)]}]
    first, *rest = pieces(text, size) or [""]
    return [
        {"tool_calls": [_call(call, turn, index, first)]},
        *({"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in rest),
    ]
