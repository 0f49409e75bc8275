"""The names that users import from `langchain_glm`, each of which is imported when it is first used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import langchain_glm
from langchain_glm import ChatGLM

if TYPE_CHECKING:
    from langchain_glm.testing import GLMServer


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_importing_the_package_imports_nothing_else() -> None:
    known = "import importlib, sys, typing; known = set(sys.modules)"
    code = f"{known}; import langchain_glm; print(*set(sys.modules) - known)"
    assert set(run(code).split()) == {"langchain_glm", "langchain_glm.version"}


def test_every_public_name_resolves() -> None:
    code = "import langchain_glm as package; print(*(name for name in package.__all__ if not hasattr(package, name)))"
    assert run(code) == "\n"


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(langchain_glm.__file__).read_text(encoding="utf-8"))
    seen = {
        alias.name: str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("langchain_glm")
        for alias in node.names
    }
    assert sorted(seen) == sorted(langchain_glm.__all__)
    for name, module in seen.items():
        assert getattr(langchain_glm, name) is getattr(sys.modules[module], name)


def test_dir_lists_names_that_are_not_imported_yet() -> None:
    assert run("import langchain_glm; print(set(langchain_glm.__all__) <= set(dir(langchain_glm)))") == "True\n"


def test_a_misspelt_name_is_an_error() -> None:
    with pytest.raises(AttributeError, match="'langchain_glm' has no attribute 'ChatGML'"):
        langchain_glm.ChatGML  # type: ignore[attr-defined]  # noqa: B018


def test_who_imports_the_model_can_read_the_blocks_of_stored_messages(glm_server: GLMServer) -> None:
    """The translation into content blocks comes with `ChatGLM`, also where no model is made."""
    model = ChatGLM(model="glm-4.7", host="zai", base_url=glm_server.base_url, api_key=glm_server.api_key)
    stored = model.invoke("Hello").model_dump_json()
    code = (
        "import sys\nfrom langchain_core.messages import AIMessage\nfrom langchain_glm import ChatGLM\n"
        "print([block['type'] for block in AIMessage.model_validate_json(sys.argv[1]).content_blocks])"
    )
    done = subprocess.run([sys.executable, "-c", code, stored], capture_output=True, text=True, check=True)
    assert done.stdout == "['reasoning', 'text']\n"
