"""Checks of the files of this package: what the old `langchain-glm` put over them, and whether `register()` works."""

from __future__ import annotations

import base64
import csv
import hashlib
from importlib import import_module
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Final

from langchain_glm.cli.doctor.finding import Finding, first_of
from langchain_glm.cli.doctor.packages import DISTRIBUTION, FOLDER, installed_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from langchain_glm.cli.doctor.finding import Check

__all__ = ["CLASH_CHECKS", "changed_files"]

_OLD: Final = "langchain-glm"
"""A distribution by others, unmaintained since 2024, whose import name is `langchain_glm` too."""

_CURE: Final = f"pip uninstall -y {_OLD} {DISTRIBUTION}, then pip install {DISTRIBUTION}"
"""Both are removed, because removing the old one alone takes files of this one away."""

_SHOWN: Final = 3
"""How many files are named."""


def old_wheel(_: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the old distribution of the same import name is installed."""
    old = _distribution(_OLD)
    if old is None:
        yield Finding(what=_OLD, says="not installed; it would clash.")
        return
    new = _distribution(DISTRIBUTION)
    ours = {name for name in _recorded(new) if name.endswith(".py")} if new else set()
    common = sorted(ours & _recorded(old).keys())
    yield Finding(
        status="fail",
        what=_OLD,
        says=f"{old.version} is installed beside {DISTRIBUTION}; both are imported as langchain_glm"
        f"{f' and have {first_of(common, _SHOWN)} in common' if common else ''}.",
        why="The later installation overwrites the earlier one, and uninstalling one removes files of the other.",
        way_out=_CURE,
    )


def own_files(_: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the files of this package are those that were installed, and nothing hides them."""
    ours = _distribution(DISTRIBUTION)
    changed = changed_files(ours) if ours else []
    hidden = sorted(
        folder.name
        for folder in FOLDER.iterdir()
        if folder.with_suffix(".py").is_file() and (folder / "__init__.py").is_file()
    )
    if not changed and not hidden:
        yield Finding(what="own files", says="as they were installed.")
        return
    found = [f"{first_of(changed, _SHOWN)} changed or missing"] if changed else []
    found += [f"{first_of([f'{name}/' for name in hidden], _SHOWN)} in the place of our modules"] if hidden else []
    yield Finding(
        status="fail",
        what="own files",
        says=f"{'; '.join(found)}.",
        why="Another package with the same import name was installed over this one, or a file was edited.",
        way_out=_CURE,
    )


def changed_files(ours: Distribution) -> list[str]:
    """Return the installed files of a distribution that are missing, or differ from what its record says."""
    changed = []
    for name, recorded in _recorded(ours).items():
        kind, _, expected = recorded.partition("=")
        if not expected or name.endswith(".pyc"):
            continue
        path = Path(str(ours.locate_file(name)))
        digest = hashlib.new(kind, path.read_bytes()).digest() if path.is_file() else b""
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != expected:
            changed.append(name)
    return sorted(changed)


def importing(_: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the chat model can be imported."""
    try:
        import_module("langchain_glm").ChatGLM  # noqa: B018 - it is imported when it is first used
    except Exception as error:  # noqa: BLE001 - whatever fails in a broken installation is what is to be reported
        yield Finding(
            status="fail",
            what="import",
            says=f"from langchain_glm import ChatGLM fails: {type(error).__name__}: {error}",
            why="The installation is broken.",
            way_out=_CURE,
        )
    else:
        yield Finding(what="import", says="from langchain_glm import ChatGLM works.")


def registration(_: Mapping[str, str]) -> Iterator[Finding]:
    """Whether `register()` works with the installed LangChain; it is called here, for this process only."""
    if installed_version("langchain") is None:
        yield Finding(what="register()", says="not tried, because langchain is not installed.")
        return
    try:
        import_module("langchain_glm.registration").register()
    except Exception as error:  # noqa: BLE001 - whatever fails in a broken installation is what is to be reported
        yield Finding(
            status="fail",
            what="register()",
            says=f"{type(error).__name__}: {error}",
            why='init_chat_model("glm:…") and create_agent("glm:…") do not work.',
            way_out="Install supported versions of LangChain, or give the model itself instead of its name.",
        )
    else:
        yield Finding(what="register()", says='works: init_chat_model("glm:…") finds ChatGLM.')


def _distribution(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _recorded(found: Distribution) -> dict[str, str]:
    """Return the hash of each file that was installed, such as `sha256=…`; empty if the record has none for it."""
    rows = csv.reader((found.read_text("RECORD") or "").splitlines())  # `found.files` can leave out missing files
    return {row[0]: row[1] for row in rows if len(row) > 1}


CLASH_CHECKS: Final[tuple[Check, ...]] = (old_wheel, own_files, importing, registration)
"""The checks of this package's files, in the order of the report."""
