"""The documents: their examples run, their tables say what the code says, their links lead somewhere."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest
from langchain_core.language_models.chat_models import BaseChatModel

import langchain_glm
from langchain_glm import HOSTS, ChatGLM, errors
from langchain_glm.catalog.codes import CODES
from langchain_glm.keywords import ALIASES
from langchain_glm.testing import GLMServer

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parent.parent
PACKAGE: Final = ROOT / "langchain_glm"
READMES: Final = (ROOT / "README.md", ROOT / "README.zh-CN.md")
ARCHITECTURE: Final = ROOT / "docs" / "en" / "about" / "architecture.md"
REFERENCES: Final = (ROOT / "docs" / "en" / "reference", ROOT / "docs" / "zh" / "reference")
SECURITY: Final = ROOT / "SECURITY.md"
AT_ROOT: Final = (*READMES, ROOT / "CHANGELOG.md", SECURITY)
DOCUMENTS: Final = (*AT_ROOT, *sorted((ROOT / "docs").rglob("*.md")))
REPOSITORY: Final = "https://github.com/langchain-glm/langchain-zai-glm/blob/main/"
SITE: Final = "https://langchain-glm.github.io/langchain-zai-glm/"

_FENCE: Final = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
_LINK: Final = re.compile(r"(?<!!)\[[^\]\n]+\]\(([^)\s]+)\)")
_CODE: Final = re.compile(r"`([^`]+)`")


class Block(NamedTuple):
    info: str
    text: str
    line: int


def blocks(document: Path) -> list[Block]:
    """The fenced blocks of a document; `line` is that of the fence."""
    source = document.read_text(encoding="utf-8")
    return [Block(found[1], found[2], source.count("\n", 0, found.start()) + 1) for found in _FENCE.finditer(source)]


def prose(document: Path) -> str:
    """A document without its fenced blocks."""
    return _FENCE.sub("", document.read_text(encoding="utf-8"))


def tables(document: Path) -> Iterator[list[list[str]]]:
    """The tables of a document: rows of cells, the header first."""
    for found in re.finditer(r"^(?:\|.*\|\n)+", prose(document), re.MULTILINE):
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in found[0].splitlines()]
        yield [rows[0], *rows[2:]]


def codes(cell: str) -> list[str]:
    return _CODE.findall(cell)


def name(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


def with_python(document: Path) -> bool:
    return any(block.info.split()[:1] == ["python"] for block in blocks(document))


@pytest.mark.filterwarnings("ignore::langchain_glm.GLMWarning")  # some examples show settings that are mapped
@pytest.mark.parametrize("document", [document for document in AT_ROOT if with_python(document)], ids=name)
def test_examples_run(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order, in one namespace; tests that an example defines are run with a server of their own."""
    namespace: dict[str, Any] = {"__name__": "__docs__"}
    with GLMServer("bigmodel" if document.name == "README.zh-CN.md" else "zai") as server:
        monkeypatch.setenv(HOSTS[server.host].key_variables[0], server.api_key)
        monkeypatch.setenv(HOSTS[server.host].url_variables[0], server.base_url)
        for block in blocks(document):
            if block.info == "python":
                source = "\n" * block.line + block.text  # tracebacks show the document's lines
                exec(compile(source, str(document), "exec", dont_inherit=True), namespace)
    for name_, test in list(namespace.items()):
        if name_.startswith("test_"):
            with GLMServer("zai") as server:
                wants = inspect.signature(test).parameters
                test(**({"glm_server": server} if "glm_server" in wants else {}))


@pytest.mark.parametrize("document", AT_ROOT, ids=name)
def test_blocks_are_of_known_kinds(document: Path) -> None:
    assert {block.info for block in blocks(document)} <= {"", "sh", "diff", "toml", "python"}


@pytest.mark.parametrize("reference", REFERENCES, ids=name)
def test_endpoint_table(reference: Path) -> None:
    table = next(table for table in tables(reference / "hosts.md") if table[0][0] == "`host`")
    shown = {codes(host)[0]: (codes(url), tuple(codes(keys))) for host, url, keys, *_ in table[1:]}
    assert shown == {host.name: ([host.base_url], host.key_variables) for host in HOSTS.values()}


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        (REFERENCES[0], ("yes", "no", "data URI", "bare base64", "asked for", "comes by itself", "endpoint's")),
        (REFERENCES[1], ("是", "否", "data URI", "纯 base64", "需要索取", "自动返回", "由服务端决定")),
    ],
    ids=("en", "zh"),
)
def test_table_of_differences(reference: Path, words: tuple[str, ...]) -> None:
    yes, no, data_uri, bare, asked_for, by_itself, the_endpoints = words
    table = next(table for table in tables(reference / "hosts.md") if len(table[0]) == 8)
    assert table[1:] == [
        [
            f"`{host.name}`",
            yes if host.keeps_reasoning else no,
            yes if host.tool_choice else no,
            yes if host.json_schema else no,
            f"`{host.max_tokens_field}`",
            {"data-uri": data_uri, "raw": bare}[host.base64_images],
            asked_for if host.stream_usage else by_itself,
            f"`{host.search_engine}`" if host.search_engine else the_endpoints,
        ]
        for host in HOSTS.values()
    ]


@pytest.mark.parametrize("reference", REFERENCES, ids=name)
def test_every_setting_is_described_with_its_aliases(reference: Path) -> None:
    described: dict[str, set[str]] = {}
    for table in tables(reference / "settings.md"):
        if table[0][0] in {"setting", "设置"}:
            described |= {codes(row[0])[0]: set(codes(row[0])[1:]) for row in table[1:]}
    assert described.keys() == ChatGLM.model_fields.keys() - BaseChatModel.model_fields.keys()
    for field, aliases in described.items():
        assert all(ALIASES[alias] == field for alias in aliases)


@pytest.mark.parametrize("reference", REFERENCES, ids=name)
def test_error_table(reference: Path) -> None:
    table = next(table for table in tables(reference / "errors.md") if table[1][0] == "`GLMError`")
    kinds = {kind: kind.__name__ for kind in vars(errors).values() if isinstance(kind, type)}
    shown = {codes(row[0])[0]: row for row in table[1:]}
    assert shown.keys() == {name_ for kind, name_ in kinds.items() if issubclass(kind, errors.GLMError)}
    for class_name, (_, when, langchain, retried) in shown.items():
        kind = getattr(errors, class_name)
        assert codes(langchain)[0] in {base.__name__ for base in kind.__mro__}
        assert retried == "-" or retried.startswith(("yes", "是")) == kind.is_retryable, class_name
        for code in re.findall(r"(?<!HTTP )\b(1\d{3})\b", when):
            assert CODES[code].error is kind, code


@pytest.mark.parametrize("document", READMES, ids=name)
def test_top_of_readme(document: Path) -> None:
    commands = blocks(document)[0].text
    assert re.findall(r"^make \w+", commands, re.MULTILINE) == ["make demo", "make test"]
    assert f"]({REPOSITORY}{READMES[1 - READMES.index(document)].name})" in document.read_text(encoding="utf-8")
    assert len(document.read_text(encoding="utf-8").splitlines()) <= 82  # one screen


def test_readmes_have_one_structure() -> None:
    english, chinese = (re.findall(r"^#+", prose(document), re.MULTILINE) for document in READMES)
    assert english == chinese
    infos = [[block.info for block in blocks(document)] for document in READMES]
    assert infos[0] == infos[1]


@pytest.mark.parametrize("document", READMES, ids=name)
def test_links_of_a_readme_work_on_the_page_of_the_package(document: Path) -> None:
    """They are absolute; one to the site leads to a page of the same language."""
    prefix, language = (SITE, "en") if document.name == "README.md" else (f"{SITE}zh/", "zh")
    for link in _LINK.findall(prose(document)):
        if not link.startswith(REPOSITORY):
            assert link.startswith(prefix), link
            path, _, anchor = link.removeprefix(prefix).partition("#")
            page = ROOT / "docs" / language / f"{path.rstrip('/') or 'index'}.md"
            assert page.is_file(), link
            assert not anchor or anchor in anchors(page), link


def anchors(document: Path) -> set[str]:
    """The headings of a document as GitHub names them."""
    headings = re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_to_files_resolve(document: Path) -> None:
    for link in _LINK.findall(prose(document)):
        if link.startswith(("http://", "https://")) and not link.startswith(REPOSITORY):
            continue
        path, _, anchor = link.partition("#")
        folder = ROOT if path.startswith(REPOSITORY) else document.parent
        target = (folder / path.removeprefix(REPOSITORY)).resolve() if path else document
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_file_has_its_line() -> None:
    tree = next(block.text for block in blocks(ARCHITECTURE) if block.text.startswith("langchain_glm/"))
    folders: list[str] = []
    shown = set()
    for line in tree.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        entry = line.split()[0]
        if entry.endswith("/"):
            folders[depth:] = [entry]
        else:
            shown.add("".join([*folders[:depth], entry]))
    assert shown == {path.relative_to(ROOT).as_posix() for path in PACKAGE.rglob("*.py")}


def test_diffs_show_lines_that_are_there() -> None:
    for block in blocks(ARCHITECTURE):
        source: set[str] = set()
        for line in block.text.splitlines() if block.info == "diff" else ():
            if line.startswith("+++ "):
                source = set((ROOT / line[4:]).read_text(encoding="utf-8").splitlines())
            elif line.startswith(("+", " ")):
                assert line[1:] in source, line


def imports(path: Path) -> set[str]:
    """The modules that a file imports when it runs, which leaves out those for type checkers."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]
    left_out = {child for node in for_types for child in ast.walk(node)}
    nodes = [node for node in ast.walk(tree) if node not in left_out]
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    return plain | {f"{node.module}.{alias.name}" for node in named for alias in node.names}


_CLASSES: Final = ("chat_models", "embeddings", "rerank", "search", "reader", "ocr", "knowledge", "middleware")
TOP_ROW: Final = tuple(f"langchain_glm.{room}" for room in (*_CLASSES, "connection", "calls"))


@pytest.mark.parametrize(
    ("layer", "forbidden"),
    [
        ("wire", ("httpx", "langchain_glm.transport", *TOP_ROW)),  # httpx2 begins like httpx
        ("transport", ("langchain_core", "langchain_glm.tools", "langchain_glm.wire", *TOP_ROW)),
        ("catalog", ("httpx", "langchain_glm.transport", "langchain_glm.wire", *TOP_ROW)),
    ],
)
def test_layers_are_as_drawn(layer: str, forbidden: tuple[str, ...]) -> None:
    paths = list((PACKAGE / layer).rglob("*.py"))
    assert len(paths) > 2
    for path in paths:
        assert not [module for module in imports(path) if module.startswith(forbidden)], path


def test_files_of_the_table_of_questions_are_there() -> None:
    table = next(table for table in tables(ARCHITECTURE) if table[0] == ["question", "file"])
    for _, files in table[1:]:
        assert all((PACKAGE / file).is_file() for file in codes(files)), files


def test_tests_that_security_names_are_there() -> None:
    [table] = tables(SECURITY)
    for _, _, held_by in table[1:]:
        for named in codes(held_by):
            if named.startswith(("tests/", "test_")):
                assert (ROOT / named).exists() or (ROOT / "tests" / "reliability" / named).is_file(), named


@pytest.mark.parametrize(
    "document", [document for document in DOCUMENTS if document.name != "langchain-glm.md"], ids=name
)
def test_public_names_are_there(document: Path) -> None:
    """What a document calls `GLM…` or `langchain_glm.…` can be imported; one page is about another `langchain_glm`."""
    source = document.read_text(encoding="utf-8")
    for called in re.findall(r"`langchain_glm\.(\w+)\b", source):
        assert hasattr(langchain_glm, called) or (PACKAGE / called).is_dir() or (PACKAGE / f"{called}.py").is_file()
    for called in re.findall(r"\bGLM(?:[A-Z][a-z]+)+\b", source):
        own = {"GLMServer", "GLMWebSearchMiddleware"}  # of `langchain_glm.testing` and `langchain_glm.middleware`
        assert called in langchain_glm.__all__ or called in own, called
