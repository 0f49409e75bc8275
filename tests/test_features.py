"""The table of features: every row is linked to tests, and the tests are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import pytest

ROOT: Final = Path(__file__).parent.parent
FEATURES: Final = {language: ROOT / "docs" / language / "reference" / "features.md" for language in ("en", "zh")}
REPOSITORY: Final = "https://github.com/langchain-glm/langchain-zai-glm/blob/main/"
_LINK: Final = re.compile(r"\[(\w+)\]\(([^)\s]+)\)")
_CODE: Final = re.compile(r"`[^`]+`")


class Row(NamedTuple):
    feature: str
    state: str
    tests: str


def rows(language: str) -> list[Row]:
    """The rows of all tables, without their heads."""
    lines = FEATURES[language].read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("| ")]
    return [Row(*row) for row in cells if row[0] not in {"feature", "功能"}]


@cache
def defined_in(path: Path) -> frozenset[str]:
    """The tests that a file defines: functions, and classes of LangChain's suites."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    names = {node.name for node in body if isinstance(node, kinds)}
    return frozenset(name for name in names if name.startswith(("test_", "Test")))


@pytest.mark.parametrize("row", rows("en"), ids=lambda row: row.feature)
def test_a_row_is_proved(row: Row) -> None:
    links = _LINK.findall(row.tests)
    assert row.state
    assert links
    assert ", ".join(f"[{name}]({path})" for name, path in links) == row.tests  # nothing else stands there
    for name, path in links:
        assert name in defined_in(ROOT / path.removeprefix(REPOSITORY)), f"{path} has no {name}"


def test_both_languages_name_the_same_tests() -> None:
    english, chinese = rows("en"), rows("zh")
    assert [row.tests for row in chinese] == [row.tests for row in english]
    for row, translated in zip(english, chinese, strict=True):
        assert set(_CODE.findall(translated.feature)) == set(_CODE.findall(row.feature))
        assert translated.state


def test_no_test_of_agents_is_left_out() -> None:
    """What agents are tested for is in the table."""
    linked = {name for row in rows("en") for name, _ in _LINK.findall(row.tests)}
    files = (Path(__file__).parent / "agents").glob("test_*.py")
    missing = {path.stem for path in files if not defined_in(path) & linked} - {"test_create_agent"}
    assert not missing
