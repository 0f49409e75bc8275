"""The frame of `glm`: help, version, unknown commands, missing packages, closed pipes, other locales."""

from __future__ import annotations

import inspect
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from langchain_glm.cli import main as frame
from langchain_glm.cli.main import COMMANDS, UNUSABLE, main
from langchain_glm.version import __version__

ROOT = Path(__file__).parents[2]


def test_the_entry_point_is_main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["scripts"] == {"glm": "langchain_glm.cli.main:main"}
    assert {name.split(">")[0] for name in project["optional-dependencies"]["cli"]} <= set(frame._EXTRA)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there(name: str) -> None:
    module = import_module(COMMANDS[name].module)
    assert [*inspect.signature(module.add_arguments).parameters] == ["parser"]
    assert [*inspect.signature(module.run).parameters] == ["options"]


def test_help_keeps_capital_letters(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    assert "Run a GLM endpoint on this computer" in capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: glm {name} ")


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["help"]])
def test_help_names_every_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert all(f"  {name} " in out for name in COMMANDS)
    assert max(map(len, out.splitlines())) <= 80


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"glm {__version__}\n"


def test_help_imports_little() -> None:
    script = "import sys; from langchain_glm.cli.main import main; main(['-h']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"rich", "langchain_core", "pydantic", "httpx2"} & set(done.stderr.split())


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_a_missing_package_is_one_line(missing: str) -> None:
    script = f"import sys; sys.modules[{missing!r}] = None; from langchain_glm.cli.main import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", script, "serve"], capture_output=True, text=True, check=False)
    assert done.returncode == UNUSABLE
    assert done.stderr == f'glm serve needs {missing}: pip install "langchain-zai-glm[cli]"\n'
