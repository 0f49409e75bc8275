"""The comparison with other packages: each cell of its table is measured on the embedded server."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import pytest

from tests.docs.comparing import COLUMNS, PACKAGES, QUESTIONS
from tests.docs.needing import need
from tests.docs.pages import DOCS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

NEEDS: Final = ("langchain_openai", "langchain_deepseek", "langchain_community", "jwt", "langchain_litellm", "zai")
PAGES: Final = {language: DOCS / language / "about" / "comparison.md" for language in ("en", "zh")}
# What the Chinese page says for the words of the English one; names of errors stay.
CHINESE: Final = {
    " before sending": "（发送之前）",
    "404 from `/responses`": "向 `/responses` 发送，404",
    "a call with 'New Yo'": "参数为 `New Yo` 的有效调用",
    "an answer with ": "当作正常回答，",
    "an invalid call": "无效调用",
    "dropped": "丢失",
    "kept": "保留",
    "no error": "不报错",
    "none": "无",
    "not sent back": "不带回",
    "refused (1210)": "被拒绝（1210）",
    "refused (1214)": "被拒绝（1214）",
    "searches, results dropped": "能搜索，结果丢失",
    "searches, results kept": "能搜索，结果保留",
    "sent back": "带回",
    "tries again": "自动重试",
    " with what came": "，附已收到的部分",
    "with cached and reasoning tokens": "含缓存和思考 token",
    "with the time of its reset": "给出恢复时间",
    "without the time of its reset": "不给恢复时间",
    "works": "可用",
    "yes": "有",
    "no": "无",
}


def table_of(page: Path) -> list[list[str]]:
    """The rows of the page's first table, without its header."""
    rows = re.findall(r"^\|(.*)\|$", page.read_text(encoding="utf-8"), re.MULTILINE)
    table = [[cell.strip() for cell in row.split(" | ")] for row in rows]
    return table[2 : 2 + len(QUESTIONS)]


def in_chinese(cell: str) -> str:
    cell = re.sub(r" after (\d)$", r"，共 \1 次", re.sub(r", after (\d)$", r"，共 \1 次", cell))
    if cell in CHINESE:
        return CHINESE[cell]
    for english, chinese in sorted(CHINESE.items(), key=lambda item: -len(item[0])):
        if len(english) > 4:  # short words are whole cells
            cell = cell.replace(english, chinese)
    return cell


def test_the_tables_have_all_questions() -> None:
    assert [row[0] for row in table_of(PAGES["en"])] == list(QUESTIONS)
    assert {len(row) for page in PAGES.values() for row in table_of(page)} == {1 + len(COLUMNS)}


def test_the_chinese_table_says_the_same() -> None:
    for english, chinese in zip(table_of(PAGES["en"]), table_of(PAGES["zh"]), strict=True):
        assert [in_chinese(cell) for cell in english[1:]] == chinese[1:], english[0]


@pytest.mark.timeout(400)
def test_each_cell_is_what_happens() -> None:
    need(NEEDS)
    # in a process of its own, because the other packages leave sockets and event loops open
    command = [sys.executable, "-W", "ignore", "-m", "tests.docs.comparing"]
    printed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    measured = json.loads(printed.splitlines()[-1])
    for question, *cells in table_of(PAGES["en"]):
        assert dict(zip(COLUMNS, cells, strict=True)) == dict(zip(COLUMNS, measured[question], strict=True)), question


@pytest.mark.parametrize("language", PAGES)
def test_the_versions_are_those_that_were_measured(language: str) -> None:
    need(NEEDS)
    text = PAGES[language].read_text(encoding="utf-8")
    for package in PACKAGES:
        assert f"{package} {version(package)}" in text
