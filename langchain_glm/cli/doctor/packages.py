"""Checks of the installed packages: their versions, the ranges that are supported, the extra `cli`."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.requirements import Requirement

import langchain_glm
from langchain_glm.cli.doctor.finding import Finding
from langchain_glm.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from langchain_glm.cli.doctor.finding import Check

__all__ = ["BESIDE", "DISTRIBUTION", "FOLDER", "PACKAGE_CHECKS", "installed_version"]

DISTRIBUTION: Final = "langchain-zai-glm"

BESIDE: Final = {
    "langchain>=1.3,<2": "create_agent and init_chat_model need it",
    "langgraph>=1.1,<2": "graphs and agents need it",
    "deepagents>=0.7.32": "only Deep Agents need it",
}
"""Packages that `langchain_glm` works with, from the lowest versions on that are tested, and what needs them."""

FOLDER: Final = Path(next(iter(langchain_glm.__path__)))
"""Where this package is; its `__init__.py` may be lost, so `__file__` does not tell."""


def installed_version(name: str) -> str | None:
    """Return the version of a distribution; `None` if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def own_version(_: Mapping[str, str]) -> Iterator[Finding]:
    """The version of this package, and where it is."""
    place = str(FOLDER).replace(str(Path.home()), "~", 1)
    installed = installed_version(DISTRIBUTION)
    if installed == __version__:
        yield Finding(what=DISTRIBUTION, says=f"{__version__} in {place}")
        return
    yield Finding(
        status="warn",
        what=DISTRIBUTION,
        says=f"{__version__} runs from {place}, but {f'{installed} is' if installed else 'nothing is'} installed.",
        why="Another copy of the package is imported than the one that pip installed.",
        way_out=f"Start Python in another folder, or install this copy: {_pip()} install {DISTRIBUTION}",
    )


def required(_: Mapping[str, str]) -> Iterator[Finding]:
    """The packages that this one needs, each with the range that it was tested with."""
    for requirement in _requirements(extra=""):
        yield _version_finding(requirement) or Finding(
            status="fail",
            what=requirement.name,
            says="not installed.",
            why="langchain_glm cannot work without it.",
            way_out=f'{_pip()} install "{_written(requirement)}"',
        )


def beside(_: Mapping[str, str]) -> Iterator[Finding]:
    """LangChain, LangGraph and Deep Agents, which are optional."""
    for text, needed_by in BESIDE.items():
        requirement = Requirement(text)
        yield _version_finding(requirement) or Finding(what=requirement.name, says=f"not installed; {needed_by}.")


def cli_extra(_: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the packages are there that `glm` needs for the terminal and for its own server."""
    needed = [requirement.name for requirement in _requirements(extra="cli")]
    missing = [name for name in needed if not installed_version(name)]
    if not needed:  # this distribution is not installed, which `own_version` reports
        return
    if not missing:
        yield Finding(what="extra cli", says="complete: glm chat, glm serve and --demo work.")
        return
    yield Finding(
        status="warn",
        what="extra cli",
        says=f"not complete; {', '.join(missing)} is missing."
        if len(missing) == 1
        else f"not complete; {', '.join(missing)} are missing.",
        why="Commands such as glm chat, glm serve and everything with --demo need it.",
        way_out=f'{_pip()} install "{DISTRIBUTION}[cli]"',
    )


def _requirements(extra: str) -> list[Requirement]:
    """Return what this distribution requires; if it is not installed, nothing is known."""
    try:
        found = [Requirement(text) for text in requires(DISTRIBUTION) or ()]
    except PackageNotFoundError:
        return []
    in_extra = [r for r in found if r.marker is not None and "extra" in str(r.marker)]
    if extra:
        return [r for r in in_extra if r.marker and r.marker.evaluate({"extra": extra})]
    return [r for r in found if r not in in_extra and (r.marker is None or r.marker.evaluate())]


def _version_finding(requirement: Requirement) -> Finding | None:
    found = installed_version(requirement.name)
    if found is None:
        return None
    if requirement.specifier.contains(found, prereleases=True):
        return Finding(what=requirement.name, says=found)
    return Finding(
        status="fail",
        what=requirement.name,
        says=f"{found} is outside of what is supported: {requirement.specifier}.",
        why="langchain_glm is tested only within this range.",
        way_out=f'{_pip()} install "{_written(requirement)}"',
    )


def _written(requirement: Requirement) -> str:
    return f"{requirement.name}{requirement.specifier}"


def _pip() -> str:
    return f"{Path(sys.executable).name} -m pip"


PACKAGE_CHECKS: Final[tuple[Check, ...]] = (own_version, required, beside, cli_extra)
"""The checks of packages, in the order of the report."""
