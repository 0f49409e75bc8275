"""The checks of a release: they find what is wrong, and this version passes those that need no build."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

import langchain_glm
from scripts.release_check import Checks, Python, find_python, server_problems
from scripts.release_rules import (
    IN_SDIST,
    changelog_problems,
    entry_point_problems,
    readme_problems,
    sdist_problems,
    supported_versions,
    wheel_problems,
)

ROOT: Final = Path(__file__).parent.parent
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CHANGELOG: Final = """\
# Changelog

## [Unreleased]

## [0.2.0] - 2026-11-22

- Something.

[Unreleased]: https://example.com/compare
[0.2.0]: https://example.com/0.2.0
"""


def test_changelog_and_version_agree() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert list(changelog_problems(text, langchain_glm.__version__)) == []


def test_citation_and_version_agree() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == langchain_glm.__version__
    assert citation["title"] == PROJECT["name"]
    assert citation["license"] == PROJECT["license"]
    assert citation["repository-code"] == PROJECT["urls"]["Repository"]
    assert [author["name"] for author in citation["authors"]] == [author["name"] for author in PROJECT["authors"]]


def test_a_dated_changelog_is_ready_for_its_tag() -> None:
    assert list(changelog_problems(CHANGELOG, "0.2.0", "v0.2.0")) == []


@pytest.mark.parametrize(
    ("text", "tag", "problem"),
    [
        (CHANGELOG.replace("0.2.0", "0.1.0"), None, "the latest version in CHANGELOG.md is 0.1.0, not 0.2.0"),
        (CHANGELOG.replace("## [Unreleased]\n", ""), None, "does not begin with the section [Unreleased]"),
        (CHANGELOG.replace("2026-11-22", "soon"), None, "no date for 0.2.0"),
        (CHANGELOG.replace("[0.2.0]: ", "0.2.0: "), None, "no link for [0.2.0]"),
        (CHANGELOG, "v0.3.0", "the tag is v0.3.0, but the version is 0.2.0"),
        (CHANGELOG.replace("2026-11-22", "unreleased"), "v0.2.0", "give it a date"),
        (CHANGELOG.replace("## [0", "- New.\n\n## [0"), "v0.2.0", "move them to 0.2.0"),
    ],
)
def test_problems_of_a_changelog(text: str, tag: str | None, problem: str) -> None:
    [found] = changelog_problems(text, "0.2.0", tag)
    assert problem in found


def test_problems_of_an_sdist() -> None:
    assert all(name == "PKG-INFO" or (ROOT / name).exists() for name in IN_SDIST)
    whole = [f"{name}page.md" if name.endswith("/") else name for name in IN_SDIST]
    assert list(sdist_problems(whole)) == []
    lacking = [name for name in whole if name != "SECURITY.md" and not name.startswith("docs/")]
    assert list(sdist_problems(lacking)) == ["the sdist lacks SECURITY.md", "the sdist lacks docs/"]
    for stray in ("tests/__pycache__/a.cpython-311.pyc", ".venv-lowest/bin/python", "docs/.env", "ca.pem"):
        assert list(sdist_problems([*whole, stray])) == [f"the sdist has {stray}"]


def test_problems_of_a_wheel() -> None:
    files = ["langchain_glm/__init__.py", "langchain_glm/page.html", "langchain_glm/py.typed"]
    metadata = ["langchain_zai_glm-0.2.0.dist-info/METADATA", "langchain_zai_glm-0.2.0.dist-info/licenses/LICENSE"]
    assert list(wheel_problems([*files, *metadata], files)) == []
    assert list(wheel_problems(files[:2], files)) == [
        "the wheel lacks langchain_glm/py.typed",
        "the wheel has no py.typed",
    ]
    [stray] = wheel_problems([*files, "tests/test_a.py"], files)
    assert stray == "the wheel has tests/test_a.py, which is not in the package"
    assert list(wheel_problems([*files, "langchain_glm/notes.orig"], [*files, "langchain_glm/notes.orig"])) == [
        "the wheel has langchain_glm/notes.orig"
    ]


def test_problems_of_entry_points() -> None:
    project = {"scripts": {"glm": "a.b:main"}, "entry-points": {"pytest11": {"Name": "a.plugin"}}}
    text = "[console_scripts]\nglm = a.b:main\n\n[pytest11]\nName = a.plugin\n"
    assert list(entry_point_problems(text, project)) == []
    [found] = entry_point_problems(text.replace("a.b:main", "a.c:main"), project)
    assert "a.c:main" in found
    assert list(entry_point_problems(text, {"entry-points": project["entry-points"]}))


@pytest.mark.parametrize(
    "link", ["[a](docs/a.md)", "![a](a.png)", '<img src="docs/a.png">', "[a]: docs/a.md", "[a](<b c.md>)", "[a](/b)"]
)
def test_relative_links_of_a_readme(link: str) -> None:
    assert len(list(readme_problems(f"Text.\n\n{link}\n"))) == 1


def test_other_links_of_a_readme() -> None:
    text = "[a](https://example.com/a) [b](#b)\n\n[c]: https://example.com\n\n```python\nmodel[0](docs)\n```\n"
    assert list(readme_problems(text)) == []


def test_supported_versions_begin_with_the_lowest_that_installs() -> None:
    versions = supported_versions(PROJECT)
    assert PROJECT["requires-python"] == f">={versions[0]}"
    assert versions == [f"3.{11 + number}" for number in range(len(versions))]


def a_python(path: Path, version: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{version}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="needs shell scripts as programs")
def test_finding_a_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pyenv = tmp_path / "pyenv"
    shim, newer, older = (
        tmp_path / "shims" / "python3.12",
        pyenv / "versions" / "3.12.9" / "bin" / "python",
        pyenv / "versions" / "3.12.1" / "bin" / "python",
    )
    monkeypatch.setenv("PATH", str(shim.parent))
    assert find_python("3.12", pyenv) == Python("3.12", None)
    a_python(older, "echo 3.12")
    a_python(newer, "echo 3.12")
    assert find_python("3.12", pyenv) == Python("3.12", newer)
    a_python(shim, "echo 'pyenv: command not found' >&2; exit 127")
    assert find_python("3.12", pyenv) == Python("3.12", newer)
    a_python(shim, "echo 3.12")
    assert find_python("3.12", pyenv) == Python("3.12", shim)
    assert find_python("3.1", pyenv) == Python("3.1", None)


def test_a_failed_check_shows_what_the_command_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checks = Checks()
    assert checks.run("succeeds", sys.executable, "-c", "print('not shown')", cwd=tmp_path)
    assert not checks.run("fails", sys.executable, "-c", "import sys; sys.exit('the reason')", cwd=tmp_path)
    assert checks.failed == 1
    shown = capsys.readouterr().out
    assert shown.splitlines() == ["ok    succeeds", "FAIL  fails", "        the reason", "        exit status 1"]


def test_keys_do_not_reach_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAI_API_KEY", "secret.key")
    code = "import os, sys; sys.exit('ZAI_API_KEY' in os.environ)"
    assert Checks().run("no key", sys.executable, "-c", code, cwd=tmp_path)


def test_server_is_asked_and_ended(tmp_path: Path) -> None:
    assert list(server_problems(Path(sys.executable), tmp_path)) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs shell scripts as programs")
def test_a_server_that_does_not_start(tmp_path: Path) -> None:
    a_python(tmp_path / "python", "echo 'no such module'; exit 1")
    found = list(server_problems(tmp_path / "python", tmp_path))
    assert found[0] == "it did not start:\nno such module\n"
