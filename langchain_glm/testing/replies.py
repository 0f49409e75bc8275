"""What a scripted answer says: its text, its reasoning, its tool calls; not how that looks on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Reply", "ToolCall"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call that the model makes.

    Args:
        name: the tool's name.
        arguments: a mapping, sent as JSON, or a string, sent as it is (also when it is no JSON).
        id: the call's id; made up in the host's own style when `None`.
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
        """The arguments as the string that goes over the wire."""
        return self.arguments if isinstance(self.arguments, str) else orjson.dumps(dict(self.arguments)).decode()


@dataclass(frozen=True, slots=True)
class Reply:
    """A scripted answer; it is sent as written, whatever the request asks.

    Args:
        text: the content.
        reasoning: the `reasoning_content`, sent before the text.
        tool_calls: calls, sent after the text.
        finish_reason: worked out when `None`: `"tool_calls"` with calls, else `"stop"`.
        web_search: search results, put at the top level of the body or of the stream's final chunk.
        usage: sent in place of the counted usage; an empty mapping sends none.
        content_filter: put at the top level, as GLM does when it flags a conversation.
        model: the model id echoed; the asked one when `None`.
        chunk_size: characters in each text, reasoning or argument delta of a stream.
        delay: seconds before the first byte.
        gap: seconds between two events of a stream.

    Example:
        ```python
        server.queue(Reply("It is sunny.", reasoning="The tool said so."))
        ```
    """

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str | None = None
    web_search: tuple[Mapping[str, Any], ...] | None = None
    usage: Mapping[str, Any] | None = None
    content_filter: tuple[Mapping[str, Any], ...] | None = None
    model: str | None = None
    chunk_size: int = 8
    delay: float = 0.0
    gap: float = 0.0

    def __post_init__(self) -> None:
        # Lists are what people write in tests; a frozen value keeps them as tuples.
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
