"""Every rule of the catalogue names its source and its date, or says that it is assumed."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import langchain_glm
from langchain_glm import HOSTS

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE: Final = Path(langchain_glm.__file__).parent
FILES: Final = (
    "catalog/choose_host.py",
    "catalog/codes.py",
    "catalog/hosts.py",
    "catalog/models.py",
    "catalog/models_dev.py",
    "catalog/prices.py",
    "catalog/refusals.py",
    "catalog/yuan_prices.py",
    "wire/request/ranges.py",
    "wire/request/thinking.py",
)
DATED: Final = re.compile(r"\b20\d\d-(0[1-9]|1[0-2])\b|\bassumed\b", re.IGNORECASE)
OURS: Final = frozenset(
    """
    __all__ CHAT MODELS PROVIDERS _DOCUMENTED_URL _FUNCTION _KEY _KNOWN_FORMS _LOCKED _LOOPBACK _MILLION _PAIR _REDIRECT
    _SPEND_LIMIT _SWITCH _URL _USER
    """.split()  # noqa: SIM905 - quoted words are no easier to read
)
"""Constants that say nothing about an endpoint: hints, patterns, parts of examples."""


def statements(file: str) -> Iterator[tuple[str, str]]:
    """The constants of a file: their names, and their lines with the comment above and the text below."""
    source = (PACKAGE / file).read_text(encoding="utf-8")
    lines = source.splitlines()
    body = ast.parse(source).body
    for node, following in zip(body, [*body[1:], None], strict=True):
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            continue
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        first = node.lineno - 1
        while first and lines[first - 1].startswith("#"):
            first -= 1
        described = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
        last = following.end_lineno if described and following else node.end_lineno
        yield ast.unparse(target), "\n".join(lines[first:last])


@pytest.mark.parametrize("file", FILES)
def test_every_table_names_its_source(file: str) -> None:
    document = ast.get_docstring(ast.parse((PACKAGE / file).read_text(encoding="utf-8"))) or ""
    says_it_for_all = re.search(r"^Sources?\b", document, re.MULTILINE) and DATED.search(document)
    without = [name for name, text in statements(file) if name not in OURS and not DATED.search(text)]
    assert says_it_for_all or not without


def test_every_host_names_its_source() -> None:
    source = (PACKAGE / "catalog/hosts.py").read_text(encoding="utf-8")
    lines = source.splitlines()
    found: dict[str, bool] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Host", "replace"):
            name = next((ast.literal_eval(word.value) for word in node.keywords if word.arg == "name"), None)
            first = node.lineno - 1
            while lines[first - 1].lstrip().startswith("#"):
                first -= 1
            found[name or ""] = bool(DATED.search("\n".join(lines[first : (node.end_lineno or 0) + 1])))
    assert found.keys() == HOSTS.keys() | {"gateway"}
    assert [name for name, dated in found.items() if not dated] == []
