"""The prompt of `glm chat`: lines with a history, and questions of several lines."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from langchain_glm.cli.folders import state_folder, write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["history", "read_question"]

_QUOTES: Final = '"""'
_MOST_LINES: Final = 1_000


@contextmanager
def history() -> Iterator[None]:
    """Load the history of earlier questions, and save it at the end, where Python has `readline`."""
    try:
        import readline
    except ImportError:  # Windows
        yield
        return
    path = state_folder() / "history"
    with suppress(OSError):
        readline.read_history_file(path)
    readline.set_history_length(_MOST_LINES)
    try:
        yield
    finally:
        with suppress(OSError):
            write_private(path, "")  # readline alone would make a file that others can read
            readline.write_history_file(path)


def read_question(read_line: Callable[[str], str], prompt: str = "> ", more: str = ". ") -> str:
    r'''Read a question: a line, lines that end in `\`, or all lines between two `"""`.

    Args:
        read_line: `input`, or what takes its place.
        prompt: what stands before the first line.
        more: what stands before further lines.

    Raises:
        EOFError: if the input ends.
        KeyboardInterrupt: for Ctrl-C.
    '''
    line = read_line(prompt)
    if line.strip().startswith(_QUOTES):
        lines = [line.strip()[len(_QUOTES) :]]
        while not lines[-1].rstrip().endswith(_QUOTES):
            lines.append(read_line(more))
        lines[-1] = lines[-1].rstrip()[: -len(_QUOTES)]
        return "\n".join(lines).strip()
    lines = [line]
    while lines[-1].endswith("\\"):
        lines[-1] = lines[-1][:-1]
        lines.append(read_line(more))
    return "\n".join(lines).strip()
