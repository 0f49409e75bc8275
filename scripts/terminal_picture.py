"""Run a command in a terminal that is emulated, and show its screen as HTML."""

from __future__ import annotations

import fcntl
import html
import os
import pty
import select
import struct
import subprocess
import termios
import time
from typing import TYPE_CHECKING, Final, NamedTuple

import pyte

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["THEMES", "Typed", "picture_html", "screen_after"]

_ROWS: Final = 70
"""More than any command prints; empty ones are left out of the picture."""


class Typed(NamedTuple):
    """Something that is typed, when a text has appeared after what was typed before."""

    after: str
    text: str


class Theme(NamedTuple):
    """The colours of a terminal: paper, ink, and the sixteen of ANSI in their order, without and with `bright`."""

    paper: str
    ink: str
    ansi: Mapping[str, str]


_NAMES: Final = ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white")
_BRIGHT: Final = tuple(f"bright{name}" for name in _NAMES)


def _theme(paper: str, ink: str, normal: str, bright: str) -> Theme:
    colors = dict(zip((*_NAMES, *_BRIGHT), (*normal.split(), *bright.split()), strict=True))
    return Theme(paper, ink, colors)


THEMES: Final = {
    "light": _theme(
        "#fbfaf8",
        "#23211e",
        "#23211e #a8322a #2f6f4f #8a6100 #2b5ea7 #8b3f86 #1f6f78 #8f8a82",
        "#6f6a63 #c0433a #3b8562 #a87700 #3a70bf #a2509c #2a8590 #b5b0a8",
    ),
    "dark": _theme(
        "#191816",
        "#e9e5de",
        "#35322e #f0958c #8fc7a5 #e0bd75 #8fb4e8 #d19fcf #7cc2c9 #c9c4bb",
        "#8f8a82 #f7b1aa #a9d9bc #ecd095 #abc8f0 #e0b6de #98d5db #f2eee7",
    ),
}


class _Screen(pyte.Screen):
    """A screen that shows dimmed text in grey; pyte ignores that it is dimmed."""

    def select_graphic_rendition(self, *attributes: int) -> None:
        is_color = bool({38, 48} & set(attributes))  # then a 2 means something else
        shown = attributes if is_color else [90 if attribute == 2 else attribute for attribute in attributes]
        super().select_graphic_rendition(*shown)


def screen_after(
    command: Sequence[str],
    columns: int,
    environment: Mapping[str, str],
    *,
    typed: Sequence[Typed] = (),
    replaced: Mapping[str, str] | None = None,
    seconds: float = 60,
) -> pyte.Screen:
    """Run a command until it ends, or until it is silent after the last text was typed.

    Args:
        command: the program and its arguments.
        columns: the width of the terminal.
        environment: the variables of the process.
        typed: what is typed; each waits for its text.
        replaced: what is shown instead of texts that only this machine has, such as its paths.
        seconds: after which the command is ended.

    Returns:
        The screen.

    Raises:
        TimeoutError: if a text that something typed waits for does not appear.
    """
    main, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, columns, 0, 0))
    variables = {**environment, "TERM": "xterm-256color", "COLUMNS": str(columns), "LANG": "C.UTF-8"}
    process = subprocess.Popen(  # noqa: S603 - our own commands
        list(command), stdin=terminal, stdout=terminal, stderr=terminal, env=variables, start_new_session=True
    )
    os.close(terminal)
    waiting, came, printed = list(typed), b"", b""
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            is_silent = not select.select([main], [], [], 0.2 if waiting else 5.0)[0]
            if waiting and waiting[0].after.encode() in came:
                time.sleep(0.5)  # until the program reads
                os.write(main, waiting.pop(0).text.encode())
                came = b""
            elif is_silent:
                if typed and not waiting:
                    break
                continue
            try:
                data = os.read(main, 65_536)
            except OSError:  # Linux says so when the program has ended
                data = b""
            if not data:
                break
            came += data
            printed += data
        if waiting:
            raise TimeoutError(f"{command}: {waiting[0].after!r} did not appear")
    finally:
        process.kill()
        process.wait()
        os.close(main)
    for here, shown in (replaced or {}).items():
        printed = printed.replace(here.encode(), shown.encode())
    screen = _Screen(columns, _ROWS)
    pyte.ByteStream(screen).feed(printed)
    return screen


def picture_html(screen: pyte.Screen, command: str, theme: Theme) -> str:
    """Return a page that shows a screen, below the command that was entered."""
    rows = [_row(screen, number, theme) for number in range(screen.lines)]
    while rows and not rows[-1].strip():
        rows.pop()
    body = "\n".join([f'<span style="opacity:.55">$</span> <b>{html.escape(command)}</b>', *rows])
    return (
        "<!doctype html><meta charset=utf-8><style>"
        f"body{{margin:0;background:{theme.paper};color:{theme.ink}}}"
        "pre{margin:0;padding:14px 18px;width:max-content;"
        "font:14px/1.35 'DejaVu Sans Mono','Noto Sans Mono CJK SC',monospace}"
        f"</style><pre style='min-width:{screen.columns}ch'>{body}</pre>"
    )


def _row(screen: pyte.Screen, number: int, theme: Theme) -> str:
    cells = [screen.buffer[number][column] for column in range(screen.columns)]
    while cells and cells[-1].data == " " and cells[-1].bg == "default" and not cells[-1].reverse:
        cells.pop()
    return "".join(_cell(cell, theme) for cell in cells)


def _cell(cell: pyte.screens.Char, theme: Theme) -> str:
    fore, back = _color(cell.fg, theme, theme.ink), _color(cell.bg, theme, "")
    if cell.reverse:
        fore, back = back or theme.paper, fore
    style = "".join(
        [
            f"color:{fore};" if fore != theme.ink else "",
            f"background:{back};" if back else "",
            "font-weight:bold;" if cell.bold else "",
            "font-style:italic;" if cell.italics else "",
            "text-decoration:underline;" if cell.underscore else "",
        ]
    )
    text = html.escape(cell.data)
    return f'<span style="{style}">{text}</span>' if style else text


def _color(name: str, theme: Theme, default: str) -> str:
    if name == "default":
        return default
    return theme.ansi.get(name, f"#{name}")
