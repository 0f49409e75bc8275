"""Show a turn while it comes: on a terminal with Markdown and dimmed thinking, elsewhere as plain text."""

from __future__ import annotations

import re
import sys
import time
from typing import TYPE_CHECKING, Final, Protocol

from rich.console import Console
from rich.text import Text

from langchain_glm.cli.live_text import LiveText, markdown, thinking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.status import Status

    from langchain_glm.cli.turn import Event

__all__ = ["Nothing", "Plain", "Printer", "Terminal", "make_printer", "print_wrapped"]

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Control characters except tab and line feed: an answer must not be able to move the cursor or rename the window."""

_MOST_RESULT_LINES: Final = 6


class Printer(Protocol):
    """What shows a turn."""

    def wait(self, what: str) -> None:
        """Say that an answer is awaited."""

    def event(self, event: Event) -> None:
        """Show what happens."""

    def end(self) -> None:
        """Finish what is being shown, whole or not."""

    def sources(self, sources: Sequence[dict[str, str]]) -> None:
        """Show the pages that a search found."""


def make_printer(*, fold: bool = False) -> Printer:
    """Return the printer that fits standard output.

    Args:
        fold: whether thinking is folded into a line when it ends; on a terminal only.
    """
    console = Console(highlight=False)
    if console.is_terminal and not console.is_dumb_terminal:
        return Terminal(console, fold=fold)
    return Plain(with_thinking=sys.stdout.isatty())


def print_wrapped(text: str) -> None:
    """Print text; on a terminal, lines are broken between words.

    Args:
        text: the text, which may hold what a model wrote.
    """
    if sys.stdout.isatty():
        Console(highlight=False).print(Text(_CONTROL.sub("", text)))
    else:
        print(text)


def source_lines(sources: Sequence[dict[str, str]]) -> list[tuple[str, str]]:
    """Return each source as two lines: its reference, title, site and date; and its address."""
    lines = []
    for number, source in enumerate(sources, 1):
        origin = ", ".join(filter(None, (source["site"], source["date"])))
        head = f"[{source['ref'] or number}] {source['title'] or source['url']}{f' ({origin})' if origin else ''}"
        lines.append((_CONTROL.sub("", head), _CONTROL.sub("", source["url"])))
    return lines


class Terminal:
    """Shows a turn on a terminal."""

    def __init__(self, console: Console, *, fold: bool) -> None:
        self.console = console
        self._fold = fold
        self._status: Status | None = None
        self._live: LiveText | None = None
        self._kind = ""
        self._began = 0.0
        self._something_above = False

    def wait(self, what: str) -> None:
        """Say that an answer is awaited."""
        self._status = self.console.status(Text(what, style="dim"), spinner="line", spinner_style="dim")
        self._status.start()

    def event(self, event: Event) -> None:
        """Show what happens."""
        text = _CONTROL.sub("", event.text)
        if event.kind in ("thinking", "text"):
            if self._kind != event.kind:
                if not text.strip():
                    return  # line feeds before the first word
                self._close()
                self._space()
                self._live = LiveText(
                    self.console,
                    thinking if event.kind == "thinking" else markdown,
                    fold=self._fold and event.kind == "thinking",
                )
                self._began = time.monotonic()
                self._kind = event.kind
            if self._live:
                self._live.add(text)
            return
        self._close()
        if event.kind == "call":
            self._space()
            self.console.print(Text.assemble(("Calls ", "bold cyan"), text), soft_wrap=True)
        else:
            lines = text.splitlines() or ["(nothing)"]
            shown = lines[:_MOST_RESULT_LINES]
            if len(lines) > len(shown):
                shown.append(f"... and {len(lines) - len(shown)} more lines")
            for line in shown:
                self.console.print(Text(f"  {line}", style="dim"), no_wrap=True, overflow="ellipsis", crop=True)
        self._something_above = True
        if event.kind == "result":
            self.wait("Reading the result")

    def end(self) -> None:
        """Finish what is being shown, whole or not."""
        self._close()
        self._something_above = False

    def sources(self, sources: Sequence[dict[str, str]]) -> None:
        """Show the pages that a search found."""
        if sources:
            self.console.print(Text("\nSources", style="bold"))
        for head, url in source_lines(sources):
            self.console.print(Text(head))
            self.console.print(Text(f"  {url}", style="dim"), soft_wrap=True)

    def _close(self) -> None:
        if self._status:
            self._status.stop()
            self._status = None
        if self._live:
            self._live.end()
            self._live = None
            self._something_above = True
            if self._kind == "thinking" and self._fold:
                seconds = time.monotonic() - self._began
                self.console.print(Text(f"Thought for {seconds:.1f} s (/think show)", style="dim"))
        self._kind = ""

    def _space(self) -> None:
        if self._something_above:
            self.console.print()


class Plain:
    """Writes the answer, and nothing else but the sources, as plain text, for pipes, files and simple terminals."""

    def __init__(self, *, with_thinking: bool) -> None:
        self._with_thinking = with_thinking
        self._kind = ""
        self._at_line_start = True

    def wait(self, what: str) -> None:
        """Say nothing: a file needs no waiting sign."""

    def event(self, event: Event) -> None:
        """Write what happens."""
        if event.kind != "text" and not self._with_thinking:
            return
        text = _CONTROL.sub("", event.text) if sys.stdout.isatty() else event.text
        if event.kind != self._kind or event.kind in ("call", "result"):
            if not text.strip():
                return
            if self._kind:
                self._write("\n" if self._at_line_start else "\n\n")
            self._kind = event.kind
            self._write({"thinking": "Thinks: ", "call": "Calls ", "result": "Result: ", "text": ""}[event.kind])
        self._write(text)

    def end(self) -> None:
        """End the last line."""
        if self._kind and not self._at_line_start:
            self._write("\n")
        self._kind = ""

    def sources(self, sources: Sequence[dict[str, str]]) -> None:
        """Write the pages that a search found."""
        if sources:
            self._write("\nSources\n" + "".join(f"{head}\n  {url}\n" for head, url in source_lines(sources)))

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()
        if text:
            self._at_line_start = text.endswith("\n")


class Nothing:
    """Shows nothing, for `--json`."""

    def wait(self, what: str) -> None:
        """Show nothing."""

    def event(self, event: Event) -> None:
        """Show nothing."""

    def end(self) -> None:
        """Show nothing."""

    def sources(self, sources: Sequence[dict[str, str]]) -> None:
        """Show nothing."""
