"""Move thinking that a model writes between tags at the beginning of its text into the reasoning.

GLM-4.1V-Thinking does so on BigModel (measured 2026-10-09), and so do models that are served without a reasoning
parser. The catalogue says which: `Model.think_tags`, `Host.think_tags`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from langchain_glm.wire.reply.chunks import ChunkReader
from langchain_glm.wire.reply.message import UNKNOWN_ORIGIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_core.messages import AIMessage
    from langchain_core.messages.tool import ToolCallChunk
    from langchain_core.outputs import ChatGenerationChunk

__all__ = ["TaggedChunkReader", "ThinkTags", "split_thinking"]

_START: Final = "<think>"
_END: Final = "</think>"


class ThinkTags:
    """Separates a leading `<think>…</think>` block from a text that comes in pieces.

    Only white space may precede the block, and only the first block counts. If it is not closed, all of it is thinking:
    the tokens were used up before the answer began.

    Example:
        ```python
        tags = ThinkTags()
        tags.feed("<thi")  # ("", "")
        tags.feed("nk>Easy.</think>Yes.")  # ("Yes.", "Easy.")
        ```
    """

    def __init__(self) -> None:
        self._held = ""  # the possible first part of a tag
        self._tag: str | None = _START  # the tag to find next; `None` if all that follows is the answer

    def feed(self, piece: str) -> tuple[str, str]:
        """Read a piece; return the text and the reasoning that are known to be such."""
        if self._tag is None:
            return piece, ""
        piece, self._held = self._held + piece, ""
        if self._tag is _END:
            return self._read_thinking(piece)
        stripped = piece.lstrip()
        space = piece[: len(piece) - len(stripped)]
        if stripped.startswith(_START):
            self._tag = _END
            text, reasoning = self._read_thinking(stripped[len(_START) :])
            return space + text, reasoning
        if _START.startswith(stripped):
            self._held = stripped
            return space, ""
        self._tag = None
        return piece, ""

    def flush(self) -> tuple[str, str]:
        """Return the rest after the last piece."""
        held, self._held = self._held, ""
        return ("", held) if self._tag is _END else (held, "")

    def _read_thinking(self, piece: str) -> tuple[str, str]:
        reasoning, end, text = piece.partition(_END)
        if end:
            self._tag = None
            return text, reasoning
        kept = next((length for length in range(len(_END) - 1, 0, -1) if piece.endswith(_END[:length])), 0)
        self._held = piece[len(piece) - kept :]
        return "", piece[: len(piece) - kept]


def split_thinking(text: str) -> tuple[str, str]:
    """Return a complete text without its leading `<think>…</think>` block, and the thinking; see `ThinkTags`."""
    tags = ThinkTags()
    answer, reasoning = tags.feed(text)
    rest, more_reasoning = tags.flush()
    return answer + rest, reasoning + more_reasoning


class TaggedChunkReader(ChunkReader):
    """Reads the stream of a model that thinks between tags. A separate class, so that other streams stay fast."""

    def __init__(
        self,
        schemas: Mapping[str, Any],
        *,
        names: Mapping[str, str] = {},
        json_only: bool = False,
        origin: Mapping[str, str] = UNKNOWN_ORIGIN,
    ) -> None:
        super().__init__(schemas, names=names, json_only=json_only, origin=origin)
        self._tags = ThinkTags()

    def _chunk(self, text: str, reasoning: str, parts: list[ToolCallChunk]) -> ChatGenerationChunk | None:
        text, tagged = self._tags.feed(text)
        return self._moved(text, reasoning, tagged, parts)

    def finish(self, *, marked_end: bool) -> list[ChatGenerationChunk]:
        """Return the last chunks, as `ChunkReader` does."""
        rest = self._flush()
        return [*([rest] if rest else []), *super().finish(marked_end=marked_end)]

    def partial(self) -> AIMessage:
        """Return what has arrived so far, as `ChunkReader` does."""
        self._flush()
        return super().partial()

    def _flush(self) -> ChatGenerationChunk | None:
        text, tagged = self._tags.flush()
        return self._moved(text, "", tagged, []) if text or tagged else None

    def _moved(self, text: str, reasoning: str, tagged: str, parts: list[ToolCallChunk]) -> ChatGenerationChunk | None:
        if tagged and not self._reasoning_field:
            self._reasoning_field = "content"
        return super()._chunk(text, reasoning + tagged, parts)
