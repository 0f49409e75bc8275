"""The table of the answers, as plain text of 80 columns in ASCII, or as JSON."""

from __future__ import annotations

import json
import textwrap
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from langchain_glm.probe.asking import Answer

__all__ = ["as_json", "head", "row"]

_WIDTHS: Final = (25, 25, 25)
_MARKS: Final[Mapping[str, str]] = {"same": " ", "different": "!", "unclear": "?", "not asked": "-"}


def head() -> str:
    """Return the first line of the table."""
    return _row(" ", "rule", "expected", "seen")


def row(answer: Answer) -> str:
    """Return the line or lines of an answer: a mark, the rule, what is expected and what is seen.

    `!` marks a difference, `?` a question that the replies do not settle, and `-` one that was not asked.

    Example:
        ```text
          tool_choice               ignored or refused        ignored
        ! thinking                  toggle                    always
        ```
    """
    question = answer.question
    return _row(_MARKS[answer.verdict], question.rule, " or ".join(question.expected), answer.seen)


def _row(mark: str, *cells: str) -> str:
    wrapped = [
        textwrap.wrap(cell.encode("ascii", "backslashreplace").decode(), width) or [""]
        for cell, width in zip(cells, _WIDTHS, strict=True)
    ]
    lines = zip_longest(*wrapped, fillvalue="")
    rows = (" ".join(f"{cell:<{width}}" for cell, width in zip(line, _WIDTHS, strict=True)) for line in lines)
    return "\n".join(f"{mark if number == 0 else ' '} {text}".rstrip() for number, text in enumerate(rows))


def as_json(facts: Mapping[str, Any], answers: Sequence[Answer]) -> str:
    """Return the answers as one line of JSON.

    Args:
        facts: the facts that all of them share: the host, its URL, the model, the cost.
        answers: the answers.

    Returns:
        The facts, and under `answers` a list of objects with `rule`, `expected` (a list), `seen` and `verdict`.
    """
    rows = [
        {"rule": a.question.rule, "expected": list(a.question.expected), "seen": a.seen, "verdict": a.verdict}
        for a in answers
    ]
    return json.dumps({**facts, "answers": rows})
