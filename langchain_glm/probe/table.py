"""The table of the answers, as plain text of 80 columns in ASCII, or as JSON."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from langchain_glm.probe.asking import Answer

__all__ = ["as_json", "as_text"]

_WIDTHS: Final = (25, 25, 25)
_MARKS: Final[Mapping[str, str]] = {"same": " ", "different": "!", "unclear": "?", "not asked": "-"}


def as_text(answers: Sequence[Answer]) -> str:
    """Return the table: a mark, the rule, what is expected and what is seen. `!` marks a difference, `?` no decision.

    Example:
        ```text
          rule                      expected                  seen
          tool_choice               ignored or refused        ignored
        ! thinking                  toggle                    always
        ```
    """
    lines = _row(" ", "rule", "expected", "seen")
    for answer in answers:
        expected = " or ".join(answer.question.expected)
        lines += _row(_MARKS[answer.verdict], answer.question.rule, expected, answer.seen)
    return "\n".join(lines)


def _row(mark: str, *cells: str) -> list[str]:
    wrapped = [
        textwrap.wrap(cell.encode("ascii", "backslashreplace").decode(), width) or [""]
        for cell, width in zip(cells, _WIDTHS, strict=True)
    ]
    height = max(map(len, wrapped))
    padded = [lines + [""] * (height - len(lines)) for lines in wrapped]
    rows = [
        " ".join(f"{line:<{width}}" for line, width in zip(row, _WIDTHS, strict=True))
        for row in zip(*padded, strict=True)
    ]
    return [f"{mark if number == 0 else ' '} {row}".rstrip() for number, row in enumerate(rows)]


def as_json(facts: Mapping[str, Any], answers: Sequence[Answer]) -> str:
    """Return the answers as one line of JSON.

    Args:
        facts: what is said about all of them: the host, its URL, the model, the cost.
        answers: the answers.

    Returns:
        The facts, and under `answers` a list of objects with `rule`, `expected` (a list), `seen` and `verdict`.
    """
    rows = [
        {"rule": a.question.rule, "expected": list(a.question.expected), "seen": a.seen, "verdict": a.verdict}
        for a in answers
    ]
    return json.dumps({**facts, "answers": rows})
