"""Text that grows on a terminal: finished lines are printed for good, and only the unfinished end is drawn again."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final

from markdown_it import MarkdownIt
from rich.live import Live
from rich.markdown import Markdown
from rich.segment import Segment, SegmentLines
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console, RenderableType

__all__ = ["LiveText", "markdown", "thinking"]

_SECONDS_BETWEEN_DRAWINGS: Final = 0.06
_MOST_COLUMNS: Final = 100
"""Longer lines are hard to read."""

_PARSER: Final = MarkdownIt().enable("strikethrough").enable("table")


def markdown(text: str) -> RenderableType:
    """Render an answer."""
    return Markdown(text, hyperlinks=False)


def thinking(text: str) -> RenderableType:
    """Render thinking."""
    return Text(text.strip("\n"), style="dim")


def markdown_blocks(text: str) -> list[int]:
    """Return where the blocks of a Markdown text begin, paragraphs, lists, tables and so on; the last may be growing.

    Args:
        text: the text as far as it came.
    """
    lines = [token.map[0] for token in _PARSER.parse(text) if token.level == 0 and token.map and token.nesting >= 0]
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return [starts[line] for line in lines]


class LiveText:
    """Text that grows.

    Args:
        console: the terminal.
        render: how the text looks.
        fold: whether the text disappears at its end; then only its last lines are shown while it grows.
    """

    def __init__(self, console: Console, render: Callable[[str], RenderableType], *, fold: bool = False) -> None:
        self._console = console
        self._render = render
        self._fold = fold
        self._text = ""
        self._printed = 0
        self._drawn_at = 0.0
        self._live = Live(
            console=console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=sys.stderr.isatty(),
            vertical_overflow="crop",
        )
        self._live.start()

    def add(self, piece: str) -> None:
        """Add a piece of text."""
        self._text += piece
        now = time.monotonic()
        if now - self._drawn_at > _SECONDS_BETWEEN_DRAWINGS:
            self._draw()
            self._drawn_at = time.monotonic()

    def end(self) -> None:
        """Print what is not printed yet, unless the text is folded; nothing is drawn again after this."""
        self._live.update(Text(), refresh=True)
        self._live.stop()
        if not self._fold:
            self._print(self._lines(self._text)[self._printed :])

    def _draw(self) -> None:
        lines = self._lines(self._text)
        room = max(self._console.height - 2, 3)
        if self._fold:
            self._live.update(SegmentLines(lines[-min(room, 6) :], new_lines=True), refresh=True)
            return
        blocks = markdown_blocks(self._text)
        growing = blocks[-1] if blocks else 0
        finished = len(self._lines(self._text[:growing])) if growing else 0
        until = max(self._printed, finished, len(lines) - room)
        if until > self._printed:
            self._print(lines[self._printed : until])
            self._printed = until
        self._live.update(SegmentLines(lines[until:], new_lines=True), refresh=True)
        if len(blocks) > 2:  # the block before the growing one stays, because it decides about the space between them
            kept = self._text[blocks[-2] :]
            self._printed -= len(lines) - len(self._lines(kept))
            self._text = kept

    def _lines(self, text: str) -> list[list[Segment]]:
        options = self._console.options.update(width=min(self._console.width, _MOST_COLUMNS))
        return self._console.render_lines(self._render(text), options, pad=False) if text else []

    def _print(self, lines: list[list[Segment]]) -> None:
        if lines:
            self._console.print(SegmentLines(lines, new_lines=True), end="")
