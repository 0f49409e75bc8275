"""Each page of the documents: its examples run, and what they print stands under them."""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from importlib import import_module
from typing import TYPE_CHECKING, Final

import pytest

from langchain_glm import HOSTS
from langchain_glm.cli.main import COMMANDS
from tests.docs.needing import need
from tests.docs.pages import DOCS, PAGES, ROOT, blocks_of, expected_output, listed, matches, with_outputs
from tests.docs.running import run_page

if TYPE_CHECKING:
    from pathlib import Path

INFOS: Final = {
    "",
    "python",
    "output",
    "console",
    "sh",
    "bash",  # in LangChain's own pages, what is not run
    "bash pip",
    "bash uv",
    "server",
    "diff",
    "toml",
    "json",
    "html",
    "mermaid",
}
_NETWORK: Final = {"HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "LANGSMITH_TRACING", "LANGSMITH_API_KEY"}
VARIABLES: Final = _NETWORK.union(*((*host.key_variables, *host.url_variables) for host in HOSTS.values()))
"""What a page may tell readers to set."""
RUN: Final = [page for page in PAGES if re.search(r"```(python|console)\n", page.read_text(encoding="utf-8"))]


def name(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


@pytest.mark.timeout(600)  # some pages start Ray, or install an old package
@pytest.mark.filterwarnings("ignore::langchain_glm.GLMWarning")  # some examples show settings that are mapped
@pytest.mark.filterwarnings("ignore:.langchain-community. is being sunset:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The HMAC key is .* bytes long")  # ChatZhipuAI signs with the test server's key
@pytest.mark.parametrize("page", RUN, ids=name)
def test_examples_print_what_the_page_says(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = page.read_text(encoding="utf-8")
    need(listed(source, "needs"))
    pythons = listed(source, "pythons")
    if pythons and f"{sys.version_info.major}.{sys.version_info.minor}" not in pythons:
        pytest.skip(f"what the page shows can be installed on Python {', '.join(pythons)} only")
    blocks = blocks_of(source)
    for block, printed in run_page(page, tmp_path, monkeypatch).items():
        where = f"{name(page)}:{block.line + 1}"
        shown = block.text if block.info == "console" else expected_output(blocks, blocks.index(block))
        if shown is None:
            assert not printed.strip(), f"{where} prints what the page does not show:\n{printed}"
        else:
            assert matches(shown, printed), f"{where} prints:\n{printed}\nThe page shows:\n{shown}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_blocks_are_of_known_kinds(page: Path) -> None:
    source = page.read_text(encoding="utf-8")
    blocks = blocks_of(source)
    assert {block.info for block in blocks} <= INFOS
    assert len(re.findall(r"```python$|^ *(?:<!--|\{/\*) server", source, re.MULTILINE)) == len(
        [block for block in blocks if block.info in {"python", "server"}]
    )
    for before, block in zip([None, *blocks], blocks, strict=False):
        assert block.info != "output" or (before and before.info == "python"), f"line {block.line} belongs to no block"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_of_set_up_exist(page: Path) -> None:
    """What `sh` blocks install, set, make and run is there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for block in blocks_of(page.read_text(encoding="utf-8")):
        if block.info != "sh":
            continue
        for extras in re.findall(r"langchain-zai-glm\[([\w,-]+)\]", block.text):
            assert set(extras.split(",")) <= project["optional-dependencies"].keys(), extras
        for target in re.findall(r"^make ([a-z-]+)", block.text, re.MULTILINE):
            assert target in targets, target
        for exported in re.findall(r"^export (.*)", block.text, re.MULTILINE):
            assert set(re.findall(r"(\w+)=", exported)) <= VARIABLES, exported
        assert set(re.findall(r"\$env:(\w+)", block.text)) <= VARIABLES
        for command in re.findall(r"^glm (.*)", block.text, re.MULTILINE):
            assert set(re.findall(r"(?<= )--[a-z-]+", f" {command}")) <= options_of(command), command
        for script, options in re.findall(r"^python ((?:scripts|examples)/\S+)(.*)", block.text, re.MULTILINE):
            source = (ROOT / script).read_text(encoding="utf-8")
            assert all(f'"{option}"' in source for option in re.findall(r"(?<= )--[a-z-]+", options)), options


def options_of(command: str) -> set[str]:
    """The options of a command of `glm`, which is a question if it names none."""
    words = [word for word in command.split() if not word.startswith("-")]
    named = words[0] if words and words[0] in COMMANDS else "ask"
    parser = argparse.ArgumentParser()
    import_module(COMMANDS[named].module).add_arguments(parser)
    return set(re.findall(r"--[a-z-]+", parser.format_help()))


def test_outputs_are_written_where_they_belong() -> None:
    source = "```python\nprint(1)\n```\n\nText.\n\n```python\nprint(2)\n```\n\n```output\nold\n```\n\nEnd.\n"
    blocks = blocks_of(source)
    written = with_outputs(source, {blocks[0]: "1\n", blocks[1]: "2\n"})
    assert written == (
        "```python\nprint(1)\n```\n\n```output\n1\n```\n\nText.\n\n```python\nprint(2)\n```\n\n```output\n2\n```\n\nEnd.\n"
    )
    blocks = blocks_of(written)
    assert with_outputs(written, {blocks[0]: "1\n", blocks[2]: "2\n"}) == written
    assert with_outputs(written, {blocks[0]: "", blocks[2]: "2\n"}) == written.replace("\n\n```output\n1\n```", "")


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("a b\n", "a b\n", True),
        ("a … b", "a 1\n2 b", True),
        ("a (b)", "a (b)", True),
        ("a", "ab", False),
        ("…", "", True),
        ("a", "", False),
    ],
)
def test_an_ellipsis_stands_for_anything(expected: str, printed: str, *, same: bool) -> None:
    assert matches(expected, printed) is same
