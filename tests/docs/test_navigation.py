"""The site: every page is there in both languages and in the navigation, every public name in the reference."""

from __future__ import annotations

import re
import tomllib
from importlib import import_module
from typing import Final

import pytest

from scripts.build_site import LANGUAGES, in_navigation, navigation, pages_of, staged
from tests.docs.pages import DOCS

MODULES: Final = ("langchain_glm", "langchain_glm.testing", "langchain_glm.middleware", "langchain_glm.mcp")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_in_the_navigation_once(language: str) -> None:
    assert sorted(in_navigation(navigation(language))) == pages_of(language)


def test_both_languages_have_the_same_pages() -> None:
    assert pages_of("en") == pages_of("zh")


def test_the_navigation_lists_no_page_that_is_missing() -> None:
    tabs = tomllib.loads((DOCS / "navigation.toml").read_text(encoding="utf-8"))["tabs"]
    groups = [group for tab in tabs for group in (tab, *tab.get("groups", ()))]
    assert {page for group in groups for page in group.get("pages", ())} <= set(pages_of("en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_has_one_title(language: str) -> None:
    for page in pages_of(language):
        source = (DOCS / language / page).read_text(encoding="utf-8")
        prose = re.sub(r"^ *```.*?^ *```", "", source, flags=re.MULTILINE | re.DOTALL)
        assert len(re.findall(r"^# \S", prose, re.MULTILINE)) == 1, page


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_public_name_is_on_one_page_of_the_reference(language: str) -> None:
    described = [
        name
        for page in (DOCS / language / "reference" / "api").glob("*.md")
        for name in re.findall(r"^::: (\S+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert len(described) == len(set(described))
    public = {f"{module}.{name}" for module in MODULES for name in import_module(module).__all__}
    assert public <= set(described)
    for name in described:
        module, _, attribute = name.rpartition(".")
        assert hasattr(import_module(module), attribute), name


def test_the_site_shows_no_hidden_code_and_marks_outputs() -> None:
    source = (
        "![x](../../images/x.png)\n\n<!-- server\nserver.queue(…)\n-->\n\n```python\nprint(1)\n```\n\n"
        "```output\n1\n```\n"
    )
    assert staged(source, "about/page.md") == (
        "![x](../images/x.png)\n\n\n```python\nprint(1)\n```\n\n``` { .text .output .no-copy }\n1\n```\n"
    )


def test_the_site_joins_lines_of_chinese_sentences() -> None:
    source = "这是一个\n句子，\n`code` 与\nGLM。\n\n- 第一项，\n  接着写\n- 第二项：\n\n```python\n# 一。\n# 二\n```\n"
    joined = "这是一个句子，`code` 与\nGLM。\n\n- 第一项，接着写\n- 第二项：\n\n```python\n# 一。\n# 二\n```\n"
    assert staged(source, "page.md") == joined
