"""Scripted answers: their text, reasoning and tool calls, independent of the host's form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Reply", "ToolCall"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call that the model makes.

    Args:
        name: the tool's name.
        arguments: a mapping, which is sent as JSON, or a string, which is sent unchanged, even if it is not JSON.
        id: the call's id; `None` makes one in the host's style.
        type: `"function"`, or `"builtin_function"` for Kimi's `$web_search`.

    Example:
        ```python
        ToolCall("get_weather", {"city": "北京"})
        ```
    """

    name: str
    arguments: Mapping[str, Any] | str = ""
    id: str | None = None
    type: str = "function"

    @property
    def arguments_text(self) -> str:
        """The arguments as the string that is sent."""
        return self.arguments if isinstance(self.arguments, str) else orjson.dumps(dict(self.arguments)).decode()


@dataclass(frozen=True, slots=True)
class Reply:
    """A scripted answer; it is sent unchanged, whatever the request asks for.

    Args:
        text: the content.
        reasoning: the `reasoning_content`, sent before the text; GLM-4.1V-Thinking writes it into the content, in tags.
        tool_calls: the tool calls, sent after the text.
        finish_reason: `None` sends `"tool_calls"` if there are calls, else `"stop"`.
        web_search: search results, at the top level of the body or of the stream's final chunk.
        usage: the usage to send instead of the real count; an empty mapping sends none.
        content_filter: the flags at the top level, which GLM sends when it flags a conversation.
        model: the model id to send; `None` sends the requested one.
        chunk_size: how many characters of text, reasoning or arguments each delta of a stream has.
        delay: seconds before the first byte.
        gap: seconds between two events of a stream.

    Example:
        ```python
        server.queue(Reply("It is sunny.", reasoning="The tool said so."))
        ```
    """

    text: str = ""
    reasoning: str = ""
    tool_calls: Sequence[ToolCall] = ()
    finish_reason: str | None = None
    web_search: Sequence[Mapping[str, Any]] | None = None
    usage: Mapping[str, Any] | None = None
    content_filter: Sequence[Mapping[str, Any]] | None = None
    model: str | None = None
    chunk_size: int = 8
    delay: float = 0.0
    gap: float = 0.0

    def __post_init__(self) -> None:
        # Tests often pass lists; a frozen value keeps them as tuples.
        for name in ("tool_calls", "web_search", "content_filter"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, tuple(value))
        if self.chunk_size < 1:
            raise ValueError(f"chunk_size={self.chunk_size} must be at least 1 character")

    @property
    def finish(self) -> str:
        """The finish reason that is sent."""
        return self.finish_reason or ("tool_calls" if self.tool_calls else "stop")
