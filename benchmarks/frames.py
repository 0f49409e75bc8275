"""Render the HTTP response for a work, in the forms of GLM's own endpoints.

GLM's streams have no `finish_reason` key before the end, the role in every text delta and in no tool delta, and the
usage in the chunk with the finish reason. Each frame is a separate HTTP chunk.
"""

from __future__ import annotations

import json
import math
import random
from functools import lru_cache
from typing import Any

from benchmarks.works import MODEL, Work, fragments

__all__ = ["embedded", "response", "streamed"]

_HEAD = {
    "id": "20260401120000a1b2c3d4e5f60718",
    "created": 1775016000,
    "object": "chat.completion",
    "model": MODEL,
}
_USAGE = {
    "prompt_tokens": 5473,
    "completion_tokens": 115,
    "total_tokens": 5588,
    "prompt_tokens_details": {"cached_tokens": 4096},
    "completion_tokens_details": {"reasoning_tokens": 87},
}
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream;charset=UTF-8\r\ntransfer-encoding: chunked\r\n"
    b"x-log-id: 20260401120000a1b2c3d4e5f60718\r\n\r\n"
)


@lru_cache(maxsize=64)
def response(work: Work, *, strict: bool = False) -> bytes:
    """Render the whole response.

    Args:
        work: what to answer.
        strict: whether to send the keys that OpenAI always sends and GLM does not, because OpenRouter's client refuses
            a reply without them.
    """
    if work.kind == "reply":
        return _reply(work, strict=strict)
    head, frames = streamed(work, strict=strict)
    return head + b"".join(frames)


def streamed(work: Work, *, strict: bool = False) -> tuple[bytes, list[bytes]]:
    """Render a stream as its head and its HTTP chunks."""
    deltas = _deltas(work)
    chunks = [_chunk(_frame({"index": 0, "delta": delta}, strict=strict)) for delta in deltas]
    reason = "tool_calls" if "tool_calls" in deltas[0] else "stop"
    last = {"index": 0, "finish_reason": reason, "delta": {"role": "assistant", "content": ""}}
    ending = (_frame(last, strict=strict, usage=_USAGE), b"data: [DONE]\n\n")
    return _STREAM_HEAD, [*chunks, *map(_chunk, ending), b"0\r\n\r\n"]


def _deltas(work: Work) -> list[dict[str, Any]]:
    if work.kind in ("tools", "nested"):
        first, *rest = fragments(work)
        call = {"id": "call_ee8e2fbf2fcd4b7d9059b1dc", "index": 0, "type": "function"}
        begin = {"tool_calls": [{**call, "function": {"name": work.tool, "arguments": first}}]}
        return [begin, *({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in rest)]
    key = "reasoning_content" if work.kind == "reasoning" else "content"
    return [{"role": "assistant", key: piece} for piece in fragments(work)]


def _frame(choice: dict[str, Any], *, strict: bool, **top: Any) -> bytes:
    if strict:
        choice = {"finish_reason": None, **choice}
    event = {**_HEAD, "object": "chat.completion.chunk", "choices": [choice], **top}
    return b"data: " + _json(event) + b"\n\n"


def _reply(work: Work, *, strict: bool) -> bytes:
    message = {"role": "assistant", "content": fragments(work)[0]}
    body: dict[str, Any] = {**_HEAD, "request_id": _HEAD["id"], "usage": _USAGE}
    body["choices"] = [{"index": 0, "finish_reason": "stop", "message": message}]
    if strict:
        body["system_fingerprint"] = None
    content = _json(body)
    return _whole(content)


def _whole(content: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=UTF-8\r\ncontent-length: {len(content)}\r\n\r\n"
    return head.encode() + content


@lru_cache(maxsize=8)
def embedded(count: int, dimensions: int) -> bytes:
    """Render the response of `/embeddings` for this many texts, with numbers as long as GLM's."""
    chance = random.Random(7)
    data = []
    for index in range(count):
        numbers = [chance.gauss(0, 1) for _ in range(dimensions)]
        norm = math.hypot(*numbers)
        data.append({"embedding": [number / norm for number in numbers], "index": index, "object": "embedding"})
    usage = {"completion_tokens": 0, "prompt_tokens": 100 * count, "total_tokens": 100 * count}
    return _whole(_json({"model": "embedding-3", "data": data, "object": "list", "usage": usage}))


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
