"""A table as plain columns, the same in a terminal and in a pipe; no cell holds a space, so that `awk` can read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from langchain_glm.cli.styled_line import print_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Column", "print_table"]

Row = TypeVar("Row")


class Column(NamedTuple, Generic[Row]):
    """A column.

    Args:
        head: its heading.
        cell: returns the cell of a row.
        right: whether its cells end at the right edge, as numbers do.
    """

    head: str
    cell: Callable[[Row], str]
    right: bool = False


def print_table(columns: Sequence[Column[Row]], rows: Sequence[Row]) -> None:
    """Print the headings, in bold in a terminal, and a line for each row.

    Args:
        columns: the columns.
        rows: the rows.
    """
    cells = [[column.head for column in columns], *([column.cell(row) for column in columns] for row in rows)]
    widths = [max(map(len, texts)) for texts in zip(*cells, strict=True)]
    head, *others = (_line(texts, widths, columns) for texts in cells)
    print_line(head, {"": "bold"})
    for line in others:
        print(line)


def _line(texts: Sequence[str], widths: Sequence[int], columns: Sequence[Column[Row]]) -> str:
    padded = (
        f"{text:>{width}}" if column.right else f"{text:<{width}}"
        for text, width, column in zip(texts, widths, columns, strict=True)
    )
    return " ".join(padded).rstrip()
