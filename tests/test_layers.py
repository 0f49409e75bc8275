"""What may import what."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import langchain_glm

PACKAGE = Path(langchain_glm.__file__).parent
FILES = {str(path.relative_to(PACKAGE)): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported(path: Path) -> set[str]:
    """Every module that a file names in an import, those for type checkers too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def within(modules: set[str], *forbidden: str) -> set[str]:
    return {module for module in modules for root in forbidden if module == root or module.startswith(root + ".")}


def of(room: str) -> list[str]:
    return [name for name in FILES if name.startswith(room + "/")]


def test_the_rooms_are_there() -> None:
    assert len(of("wire")) > 5
    assert len(of("transport")) > 2


@pytest.mark.parametrize("name", of("wire"))
def test_wire_moves_no_bytes(name: str) -> None:
    network = (
        "httpx",
        "httpcore",
        "socket",
        "ssl",
        "asyncio",
        "threading",
        "tenacity",
        "os",
        "langchain_glm.transport",
    )
    assert not within(imported(FILES[name]), *network)


@pytest.mark.parametrize("name", of("transport"))
def test_transport_knows_no_messages(name: str) -> None:
    known = (
        "langchain_core.messages",
        "langchain_core.tools",
        "langchain_core.outputs",
        "langchain_core.language_models",
    )
    assert not within(imported(FILES[name]), *known)


@pytest.mark.parametrize("name", [*of("wire"), *of("transport")])
def test_neither_knows_the_model(name: str) -> None:
    above = ("chat_models", "embeddings", "connection", "calls", "keys", "structured_output", "content_blocks")
    modules = imported(FILES[name])
    assert not within(modules, *(f"langchain_glm.{room}" for room in above))
    assert not within(modules - {f"langchain_glm.{room}" for room in ("wire", "transport")}, "langchain")


@pytest.mark.parametrize("name", ["errors.py", "notices.py", "version.py", "json.py"])
def test_the_lowest_rooms_know_nothing_of_the_rest(name: str) -> None:
    assert not within(imported(FILES[name]), "langchain_glm")


@pytest.mark.parametrize("name", of("catalog"))
def test_the_catalog_knows_only_itself_and_the_errors(name: str) -> None:
    modules = within(imported(FILES[name]), "langchain_glm")
    assert modules == within(modules, "langchain_glm.catalog", "langchain_glm.errors")


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith(("testing/", "cli/"))])
def test_the_package_does_not_need_its_test_server(name: str) -> None:
    at_top = {
        node
        for node in ast.parse(FILES[name].read_text(encoding="utf-8")).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    modules = {str(getattr(node, "module", None)) for node in at_top}
    assert not within(modules, "langchain_glm.testing", "starlette", "uvicorn", "pytest")


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith("cli/") and name != "__main__.py"])
def test_nothing_needs_the_program(name: str) -> None:
    assert not within(imported(FILES[name]), "langchain_glm.cli")


CORE = ["langchain_core.language_models.chat_models", "httpx", "tenacity", "orjson"]


def loaded(*modules: str) -> set[str]:
    """The modules that a fresh process holds after some imports."""
    script = f"import sys, {', '.join(modules)}; print('\\n'.join(sys.modules))"
    return set(
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    )


def test_importing_the_package_imports_nothing_that_langchain_core_does_not() -> None:
    ours = loaded(*CORE, "langchain_glm.chat_models")
    of_core = within(ours, "langchain_core")
    new = ours - loaded(*CORE, *of_core)
    assert new == within(ours, "langchain_glm")
    assert not within(new, "langchain_glm.testing")


def test_tools_are_imported_with_the_first_one() -> None:
    assert "langchain_core.tools.base" not in loaded("langchain_glm.chat_models")
    assert langchain_glm.KimiWebSearch.__module__ == "langchain_glm.kimi_search"
