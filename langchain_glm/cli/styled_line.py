"""Print a line of text, with styles for words in it if it goes to a terminal."""

from __future__ import annotations

import sys
from importlib.util import find_spec

__all__ = ["print_line"]


def print_line(text: str, styles: dict[str, str] | None = None) -> None:
    """Print a line at once.

    Args:
        text: the line.
        styles: the style of the first occurrence of each word, in the words of rich; that of `""` is for the whole
            line. Without a terminal or without rich, the line has no style; NO_COLOR takes the colours away.
    """
    if not styles or not sys.stdout.isatty() or find_spec("rich") is None:
        print(text, flush=True)
        return
    from rich.console import Console
    from rich.text import Text

    styled = Text(text)
    for word, style in styles.items():
        start = text.index(word)
        styled.stylize(style, start, start + len(word) if word else None)
    Console(highlight=False, soft_wrap=True).print(styled)
