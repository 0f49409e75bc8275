"""A reply in the form of Kimi and the gateways, which is OpenAI's.

`finish_reason` is null until the end. Usage comes in a separate chunk if the request asks for it. Kimi puts
`cached_tokens` at the top level of usage, and usage without a request into the last choice (recorded).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from langchain_glm.testing.frames import pieces, reasoning_field
from langchain_glm.testing.tokens import completion_tokens
from langchain_glm.testing.turn import is_kimi

if TYPE_CHECKING:
    from langchain_glm.testing.replies import Reply, ToolCall
    from langchain_glm.testing.turn import Turn

__all__ = ["openai_body", "openai_frames"]


def _call_id(call: ToolCall, turn: Turn, index: int) -> str:
    if call.id is not None:
        return call.id
    if is_kimi(turn.host):
        return f"{call.name}:{turn.earlier_calls + index}"
    return f"call_{hashlib.sha256(f'{turn.id}/{index}'.encode()).hexdigest()[:24]}"


def _usage(reply: Reply, turn: Turn) -> dict[str, Any]:
    if reply.usage is not None:
        return dict(reply.usage)
    completion, thought = completion_tokens(reply)
    usage: dict[str, Any] = {
        "prompt_tokens": turn.prompt_tokens,
        "completion_tokens": completion,
        "total_tokens": turn.prompt_tokens + completion,
    }
    if is_kimi(turn.host):
        return {**usage, "cached_tokens": turn.cached_tokens}
    details = {"cached_tokens": turn.cached_tokens}
    if turn.host.name == "phanedge":
        written = turn.prompt_tokens - turn.cached_tokens
        details |= {"cached_write_tokens": written, "cached_write_5m_tokens": written, "cached_write_1h_tokens": 0}
        details = {name: count for name, count in details.items() if count}  # zeros are omitted there
    return {**usage, "prompt_tokens_details": details, "completion_tokens_details": {"reasoning_tokens": thought}}


def openai_body(reply: Reply, turn: Turn) -> dict[str, Any]:
    """Return the body of an answer that is not streamed."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if reply.tool_calls and not reply.text else reply.text,
    }
    if reply.reasoning:
        message[reasoning_field(turn.host)] = reply.reasoning
    if reply.tool_calls:
        message["tool_calls"] = [
            {
                "id": _call_id(call, turn, index),
                "type": call.type,
                "function": {"name": call.name, "arguments": call.arguments_text},
            }
            for index, call in enumerate(reply.tool_calls)
        ]
    body: dict[str, Any] = {
        "id": turn.id,
        "object": "chat.completion",
        "created": turn.created,
        "model": reply.model or turn.model,
        "choices": [{"index": 0, "message": message, "finish_reason": reply.finish}],
        "usage": _usage(reply, turn),
    }
    if reply.web_search:
        body["web_search"] = [dict(result) for result in reply.web_search]
    return body


def openai_frames(reply: Reply, turn: Turn) -> list[dict[str, Any]]:
    """Return the chunks of a stream, the final one last, `[DONE]` not included."""
    head = {
        "id": turn.id,
        "object": "chat.completion.chunk",
        "created": turn.created,
        "model": reply.model or turn.model,
    }
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    for key, text in ((reasoning_field(turn.host), reply.reasoning), ("content", reply.text)):
        deltas += ({key: piece} for piece in pieces(text, reply.chunk_size))
    for index, call in enumerate(reply.tool_calls):
        deltas += _call_deltas(call, turn, index, reply.chunk_size)
    frames = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    last: dict[str, Any] = {"index": 0, "delta": {}, "finish_reason": reply.finish}
    if is_kimi(turn.host) and not turn.include_usage:
        last["usage"] = _usage(reply, turn)
    frames.append({**head, "choices": [last]})
    if reply.web_search:
        frames[-1]["web_search"] = [dict(result) for result in reply.web_search]
    if turn.include_usage or not turn.host.stream_usage:
        frames.append({**head, "choices": [], "usage": _usage(reply, turn)})
    return frames


def _call_deltas(call: ToolCall, turn: Turn, index: int, size: int) -> list[dict[str, Any]]:
    first = {
        "index": index,
        "id": _call_id(call, turn, index),
        "type": call.type,
        "function": {"name": call.name, "arguments": ""},
    }
    rest = [{"index": index, "function": {"arguments": piece}} for piece in pieces(call.arguments_text, size)]
    return [{"tool_calls": [delta]} for delta in (first, *rest)]
