"""What users start the server with besides the class: the pytest fixture and the command."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from langchain_glm.testing.serve import run

from .asking import ask

if TYPE_CHECKING:
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


def test_the_plugin_does_not_import_the_server() -> None:
    code = (
        "import sys, types; from pathlib import Path\n"
        "import importlib.util as u\n"
        "package = types.ModuleType('langchain_glm')\n"  # what the package itself imports is not the plugin's doing
        "package.__path__ = [str(Path(u.find_spec('langchain_glm').origin).parent)]\n"
        "sys.modules['langchain_glm'] = package\n"
        "import langchain_glm.testing.plugin\n"
        "print({'starlette', 'uvicorn', 'langchain_core', 'pydantic'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--host", "nowhere"], "invalid choice: 'nowhere'"),
        (["--port", "x"], "'x' is no port"),
        (["--port", "70000"], "'70000' is no port"),
        (["--frobnicate"], "unrecognized arguments"),
    ],
)
def test_bad_arguments(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run(arguments)
    assert left.value.code == 2
    assert complaint in capsys.readouterr().err


def test_a_taken_port(glm_server: GLMServer, capsys: pytest.CaptureFixture[str]) -> None:
    port = httpx.URL(glm_server.base_url).port
    assert run(["--port", str(port)]) == 1
    assert f"Port {port} cannot be used" in capsys.readouterr().err


def test_a_missing_extra_is_one_line_of_advice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("langchain_glm.testing.")]:
        if name.endswith((".server", ".app")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert run([]) == 1
    assert capsys.readouterr().err == (
        'The test server needs starlette and uvicorn: pip install "langchain-zai-glm[testing]"\n'
    )


def test_the_command_serves_until_ctrl_c() -> None:
    code = "import sys; from langchain_glm.testing.serve import run; sys.exit(run(sys.argv[1:]))"
    arguments = ["--host", "bigmodel", "--port", "0", "--api-key", "k", "--max-in-flight", "3"]
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        url = process.stdout.readline().strip().removeprefix("base_url=")
        assert process.stdout.readline() == "api_key=k\n"
        assert url.endswith("/api/paas/v4")
        assert httpx.get(url + "/models", headers={"authorization": "Bearer k"}).status_code == 200
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=20)
    assert (process.returncode, complaints) == (0, "")
