"""The files for GitHub and for contributors: what they run and name is there, and workflows have few permissions."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from scripts.release_rules import supported_versions

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parent.parent
WORKFLOWS: Final = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MAY_WRITE: Final = {
    ("docs", "publish"): {"pages", "id-token"},
    ("release", "publish"): {"id-token", "attestations"},
    ("release", "announce"): {"contents"},
    ("weekly", "report"): {"issues"},
}
"""The permissions to write, by workflow and job; every other job only reads."""


def read(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def make_targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z-]+):(?!=)", makefile, re.MULTILINE))


def steps(workflow: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job["steps"]


def test_the_workflows_are_found() -> None:
    assert [path.stem for path in WORKFLOWS] == ["ci", "docs", "release", "weekly"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_make_targets_exist(path: Path) -> None:
    called = set()
    for step in steps(read(path)):
        called |= set(re.findall(r"\bmake ([a-z-]+)", step.get("run", "")))
    for job in read(path)["jobs"].values():
        for entry in job.get("strategy", {}).get("matrix", {}).get("include", ()):
            called.add(entry["target"].split()[0])
    assert called
    assert called <= make_targets()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_have_few_permissions(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        granted = job.get("permissions", {})
        assert {scope for scope, level in granted.items() if level == "write"} == MAY_WRITE.get(
            (path.stem, name), set()
        )
        assert job["timeout-minutes"] <= 60
    assert "group" in workflow["concurrency"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_name_a_major_version(path: Path) -> None:
    for step in steps(read(path)):
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|release/v\d+)", step["uses"])
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_ci_runs_every_supported_python_on_every_system() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    matrix = read(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["python"] == supported_versions(project)
    assert matrix["system"] == ["ubuntu-latest", "macos-latest", "windows-latest"]


def test_only_a_checked_build_is_published() -> None:
    jobs = read(ROOT / ".github" / "workflows" / "release.yml")["jobs"]
    assert any("make release-check TAG=" in step.get("run", "") for step in jobs["build"]["steps"])
    assert (jobs["publish"]["needs"], jobs["announce"]["needs"]) == ("build", "publish")
    assert jobs["publish"]["environment"]["name"] == "pypi"


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")), ids=lambda path: path.stem
)
def test_issue_forms_have_what_github_requires(path: Path) -> None:
    form = read(path)
    if path.stem == "config":
        assert form["blank_issues_enabled"] is False
        return
    assert form["name"]
    assert form["description"]
    ids = [field["id"] for field in form["body"]]
    assert len(set(ids)) == len(ids)
    assert all(field["attributes"]["label"] for field in form["body"])


def test_contributing_points_to_headings_that_are_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    [page] = [path for path in (ROOT / "docs").rglob("architecture.md") if "zh" not in path.parts]
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    linked = re.findall(r"/about/architecture/#([\w-]+)", text)
    assert len(linked) > 3
    assert set(linked) <= anchors


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", ".github/PULL_REQUEST_TEMPLATE.md"])
def test_documents_for_contributors_name_what_is_there(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)) <= make_targets()
    for path in re.findall(r"`((?:langchain_glm|tests|docs|scripts|integration_tests)/[\w./]*)`", text):
        assert (ROOT / path).exists(), path
