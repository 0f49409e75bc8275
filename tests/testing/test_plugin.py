"""What users start the server with besides the class: the pytest fixture."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from .asking import ask

if TYPE_CHECKING:
    from pathlib import Path

    from langchain_glm.testing import GLMServer


def test_the_fixture_is_a_running_zai(glm_server: GLMServer) -> None:
    assert glm_server.host == "zai"
    assert ask(glm_server).status_code == 200
    assert len(glm_server.requests) == 1


@pytest.mark.glm_host("kimi")
def test_the_marker_chooses_the_host(glm_server: GLMServer) -> None:
    assert glm_server.host == "kimi"
    assert glm_server.requests == []
    assert ask(glm_server).json()["id"].startswith("chatcmpl-")


def test_the_marker_is_registered(pytestconfig: pytest.Config) -> None:
    assert any(line.startswith("glm_host(") for line in pytestconfig.getini("markers"))


LISTS_MODULES: Final = "import sys\n\ndef test_nothing():\n    print('loaded:', *sys.modules)\n"


def start_pytest(directory: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "-s", "-p", "no:cacheprovider", *arguments],
        cwd=directory,
        env={**os.environ, "PYTEST_ADDOPTS": "", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_run_of_pytest_imports_only_the_plugin_until_the_fixture_is_used(tmp_path: Path) -> None:
    (tmp_path / "test_empty.py").write_text(LISTS_MODULES)
    runs = [start_pytest(tmp_path), start_pytest(tmp_path, "-p", "no:langchain_glm")]
    loaded, others = (set(run.communicate()[0].partition("loaded:")[2].splitlines()[0].split()) for run in runs)
    assert loaded - others == {
        "langchain_glm",
        "langchain_glm.testing",
        "langchain_glm.testing.plugin",
        "langchain_glm.version",
    }


OUTCOMES: Final = """
import pytest
from langchain_glm.testing import Reply

@pytest.fixture
def wrapped(request):
    return request.getfixturevalue("glm_server")

def test_leftover(wrapped):
    wrapped.queue(Reply("one"), Reply("two"))

def test_leftover_that_is_meant(glm_server):
    glm_server.queue(Reply("one"))
    assert glm_server.clear_queue() == [Reply("one")]

def test_failing_for_another_reason(glm_server):
    glm_server.queue(Reply("one"))
    assert glm_server.host == "another"

@pytest.mark.glm_host(name="kimi")
def test_named_host(glm_server):
    assert glm_server.host == "kimi"

@pytest.mark.glm_host("kimi", port=1)
def test_bad_marker(glm_server):
    pass
"""
WITHOUT_OTHERS: Final = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "langchain_glm.testing.plugin"}


def test_replies_that_were_never_used_fail_the_test(tmp_path: Path) -> None:
    (tmp_path / "test_outcomes.py").write_text(OUTCOMES)
    printed, _ = start_pytest(tmp_path, "-rA", **WITHOUT_OTHERS).communicate()
    outcomes = {line.split(" ")[1]: line.split(" ")[0] for line in printed.splitlines() if "::" in line}
    assert outcomes == {
        "test_outcomes.py::test_leftover": "FAILED",
        "test_outcomes.py::test_leftover_that_is_meant": "PASSED",
        "test_outcomes.py::test_failing_for_another_reason": "FAILED",
        "test_outcomes.py::test_named_host": "PASSED",
        "test_outcomes.py::test_bad_marker": "ERROR",
    }
    assert "Queued replies that were never used (2): [Reply(text='one'" in printed
    assert "end the test with glm_server.clear_queue()" in printed
    assert "never used (1)" not in printed
    assert "unexpected keyword argument 'port'" in printed


def test_without_the_extra_the_fixture_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "test_any.py").write_text("def test_any(glm_server): pass")
    (tmp_path / "conftest.py").write_text("import sys; sys.modules['uvicorn'] = None")
    printed, _ = start_pytest(tmp_path, **WITHOUT_OTHERS).communicate()
    assert 'pip install "langchain-zai-glm[testing]"' in printed
    assert "Traceback" not in printed
