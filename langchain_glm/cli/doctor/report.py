"""The report: findings as lines of text, in colour in a terminal, or as JSON."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.cli.styled_line import print_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from langchain_glm.cli.doctor.finding import Finding

__all__ = ["as_json", "lines", "print_finding", "summary"]

_MARKS: Final = {"ok": "OK", "warn": "WARN", "fail": "FAIL"}
_STYLES: Final = {"ok": "green", "warn": "yellow", "fail": "bold red"}
_NAME_WIDTH: Final = 18
_INDENT: Final = " " * 8


def lines(finding: Finding, width: int) -> list[str]:
    """Return the lines of a finding: the mark, what was looked at, what was found; then why, and the way out.

    Example:
        ```text
          FAIL  ZAI_API_KEY        set, for zai and zai-coding; there are quotation marks around it.
                Why: It is sent as it stands, so the host refuses it.
                Do:  Set ZAI_API_KEY to the key alone, as the console of the host shows it.
        ```
    """
    head = f"  {_MARKS[finding.status]:<4}  {finding.what:<{_NAME_WIDTH}} "
    under = _INDENT + " " * (_NAME_WIDTH + 1)
    found = _wrapped(finding.says, width, head, under)
    for name, text in (("Why: ", finding.why), ("Do:  ", finding.way_out)):
        if text:
            found += _wrapped(text, width, _INDENT + name, _INDENT + " " * len(name))
    return found


def _wrapped(text: str, width: int, first: str, others: str) -> list[str]:
    wrap = textwrap.TextWrapper(
        width, initial_indent=first, subsequent_indent=others, break_long_words=False, break_on_hyphens=False
    )
    return wrap.wrap(text) or [first.rstrip()]


def print_finding(finding: Finding) -> None:
    """Print a finding, its mark in colour in a terminal."""
    width = min(shutil.get_terminal_size((80, 24)).columns, 120)
    first, *others = lines(finding, width)
    mark = _MARKS[finding.status]
    print_line(first, {mark: _STYLES[finding.status]})
    for line in others:
        print_line(line)


def summary(findings: Sequence[Finding]) -> str:
    """Return how many findings of each kind there are."""
    counts = Counter(finding.status for finding in findings)
    warnings = f"{counts['warn']} warning{'' if counts['warn'] == 1 else 's'}"
    return f"{counts['fail']} failed, {warnings}, {counts['ok']} fine."


def as_json(facts: Mapping[str, Any], groups: Mapping[str, Sequence[Finding]]) -> str:
    """Return all findings as one line of JSON: the facts, and under `findings` an object for each, with its group."""
    rows = [{"group": group, **asdict(finding)} for group, findings in groups.items() for finding in findings]
    return json.dumps({**facts, "findings": rows}, ensure_ascii=True)
