"""Count tokens roughly (one for each CJK character, one for four others), and cut a text at a count."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from langchain_glm.testing.replies import Reply

__all__ = [
    "completion_tokens",
    "cut_reply",
    "cut_text",
    "is_cjk",
    "message_tokens",
    "prompt_tokens",
    "shared_tokens",
    "tokens",
]

_PER_MESSAGE: Final = 4
_PER_PART: Final = {"image_url": 1_000, "video_url": 8_000, "file_url": 2_000, "file": 2_000, "input_audio": 100}
_CJK: Final = ((0x2E80, 0x9FFF), (0xAC00, 0xD7AF), (0xF900, 0xFAFF), (0xFF00, 0xFFEF), (0x20000, 0x3FFFF))
_CHARACTERS_PER_TOKEN: Final = 4


def is_cjk(character: str) -> bool:
    """Whether a character is Chinese, Japanese or Korean."""
    point = ord(character)
    return point >= _CJK[0][0] and any(low <= point <= high for low, high in _CJK)


def tokens(text: str) -> int:
    """Return a rough count of a text's tokens."""
    if text.isascii():
        return math.ceil(len(text) / _CHARACTERS_PER_TOKEN)
    cjk = sum(map(is_cjk, text))
    return cjk + math.ceil((len(text) - cjk) / _CHARACTERS_PER_TOKEN)


def cut_text(text: str, limit: int) -> str:
    """Return the longest beginning of a text that has at most `limit` tokens."""
    quarters = limit * _CHARACTERS_PER_TOKEN
    for position, character in enumerate(text):
        quarters -= _CHARACTERS_PER_TOKEN if is_cjk(character) else 1
        if quarters < 0:
            return text[:position]
    return text


def _content_tokens(content: Any) -> int:
    if isinstance(content, str):
        return tokens(content)
    if not isinstance(content, list):
        return 0
    parts = [part for part in content if isinstance(part, dict)]
    return sum(_PER_PART.get(str(part.get("type")), 0) + tokens(str(part.get("text") or "")) for part in parts)


def message_tokens(message: Mapping[str, Any]) -> int:
    """Count the tokens of one message, including its reasoning and its tool calls."""
    calls = message.get("tool_calls")
    count = _PER_MESSAGE + _content_tokens(message.get("content")) + tokens(str(message.get("reasoning_content") or ""))
    return count + (tokens(orjson.dumps(calls).decode()) if calls else 0)


def prompt_tokens(body: Mapping[str, Any]) -> int:
    """Count the tokens of a request's messages and tools."""
    tools = body.get("tools")
    count = sum(message_tokens(message) for message in body.get("messages") or () if isinstance(message, dict))
    return count + (tokens(orjson.dumps(tools).decode()) if tools else 0)


def shared_tokens(messages: Sequence[Mapping[str, Any]], earlier: Iterable[Sequence[Mapping[str, Any]]]) -> int:
    """Count the tokens of the leading messages that an earlier prompt shares."""

    def shared(other: Sequence[Mapping[str, Any]]) -> int:
        count = 0
        for mine, theirs in zip(messages, other, strict=False):
            if mine != theirs:
                break
            count += message_tokens(mine)
        return count

    return max(map(shared, earlier), default=0)


def completion_tokens(reply: Reply) -> tuple[int, int]:
    """Return the tokens of a reply, including its reasoning as GLM does, and those of the reasoning alone."""
    thought = tokens(reply.reasoning)
    calls = sum(tokens(call.name) + tokens(call.arguments_text) for call in reply.tool_calls)
    return max(1, thought + tokens(reply.text) + calls), thought


def cut_reply(reply: Reply, *, stop: Sequence[str], max_tokens: int | None) -> Reply:
    """Return the reply cut at `stop` and `max_tokens`; the reasoning counts and comes first."""
    ends = [position for word in stop if word and (position := reply.text.find(word)) >= 0]
    if ends:
        reply = replace(reply, text=reply.text[: min(ends)], tool_calls=())
    if max_tokens is None or completion_tokens(reply)[0] <= max_tokens:
        return reply
    reasoning = cut_text(reply.reasoning, max_tokens)
    text = cut_text(reply.text, max_tokens - tokens(reasoning)) if reasoning == reply.reasoning else ""
    return replace(reply, reasoning=reasoning, text=text, tool_calls=(), finish_reason="length", web_search=None)
