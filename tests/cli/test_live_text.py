"""Text that grows on a terminal: at its end, the screen shows what one printing of the whole text would show."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pyte
import pytest
from rich.console import Console

from langchain_glm.cli import live_text
from langchain_glm.cli.live_text import LiveText, markdown, markdown_blocks, thinking

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType

TEXT = """\
# Monads in short

A **monad** chains *steps* that each carry some context, see [a page](https://example.org/monads).

1. A value in a context, such as `Maybe Int`.
2. A function that makes a new value in a context.

3. `bind` puts them together.
   - a part
   - 第二部分：单子是一种把带有上下文的步骤串起来的方法。

| language | name | example |
|---|---|---|
| Haskell | `>>=` | `Just 3 >>= half` |

```python
def bind(value, step):

    return None if value is None else step(value)
```
## Why

Errors, absence and state are all contexts.
One notation serves them all.

> Simple is not the same as easy.

---
The end
"""


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_text, "_SECONDS_BETWEEN_DRAWINGS", -1)
    monkeypatch.setenv("TERM", "xterm")  # on a dumb terminal, nothing is drawn twice


def console(columns: int, rows: int = 40) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=columns, height=rows, color_system="standard")


def screen(console: Console, rows: int = 400) -> list[str]:
    """What a terminal of this width shows after all that was printed, with many rows so that nothing is lost."""
    shown = pyte.Screen(console.width, rows)
    assert isinstance(console.file, io.StringIO)
    pyte.Stream(shown).feed(console.file.getvalue().replace("\n", "\r\n"))
    return [line.rstrip() for line in shown.display]


def grown(text: str, size: int, columns: int, rows: int, render: Callable[[str], RenderableType]) -> list[str]:
    terminal = console(columns, rows)
    live = LiveText(terminal, render)
    for start in range(0, len(text), size):
        live.add(text[start : start + size])
    live.end()
    return screen(terminal)


def whole(text: str, columns: int, render: Callable[[str], RenderableType]) -> list[str]:
    terminal = console(columns)
    terminal.print(render(text), width=min(columns, 100))
    return screen(terminal)


@pytest.mark.parametrize("rows", [12, 50])
@pytest.mark.parametrize(("columns", "size"), [(80, 3), (120, 11), (40, 1000)])
def test_markdown_ends_as_if_printed_at_once(size: int, columns: int, rows: int) -> None:
    assert grown(TEXT, size, columns, rows, markdown) == whole(TEXT, columns, markdown)


@pytest.mark.parametrize("size", [7])
def test_thinking_ends_as_if_printed_at_once(size: int) -> None:
    assert grown(TEXT, size, 80, 12, thinking) == whole(TEXT, 80, thinking)


def test_an_answer_longer_than_the_screen_is_all_there() -> None:
    text = "\n".join(f"- point {number}" for number in range(100))
    assert grown(text, 40, 80, 10, markdown) == whole(text, 80, markdown)


def test_folded_text_disappears() -> None:
    terminal = console(80)
    live = LiveText(terminal, thinking, fold=True)
    for piece in ("I have to", " think.\n") * 20:
        live.add(piece)
    assert "I have to think." in screen(terminal)
    live.end()
    assert not any(screen(terminal))


def test_finished_blocks_are_not_drawn_again() -> None:
    """What is written for a long answer grows with its length, not with its square."""

    def written(paragraphs: int) -> int:
        terminal = console(80)
        live = LiveText(terminal, markdown)
        for number in range(paragraphs):
            live.add(f"Paragraph {number} has some words.\n\n")
        live.end()
        assert isinstance(terminal.file, io.StringIO)
        return len(terminal.file.getvalue())

    assert written(120) < 4.4 * written(30)


def test_blocks_of_markdown() -> None:
    text = "# Head\n\nA\nparagraph\n\n- a\n\n- list\n\n```\ncode\n\n```\nend"
    assert [text[start:].split(maxsplit=1)[0] for start in markdown_blocks(text)] == ["#", "A", "-", "```", "end"]
