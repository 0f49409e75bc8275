"""What a release must look like: functions that return the problems of the changelog, the files and the README."""

from __future__ import annotations

import re
from configparser import ConfigParser
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

IN_SDIST: Final = (
    "CHANGELOG.md",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "PKG-INFO",
    "README.md",
    "README.zh-CN.md",
    "SECURITY.md",
    "pyproject.toml",
    "benchmarks/",
    "docs/",
    "examples/demo.py",
    "integration_tests/",
    "langchain_glm/py.typed",
    "scripts/release_check.py",
    "tests/conftest.py",
)
"""What the sdist must have; a name that ends with a slash stands for any file of that folder."""

_NEVER_SHIPPED: Final = re.compile(r"(^|/)(__pycache__|\.git|\.venv[^/]*|dist|\.env)(/|$)|\.(pyc|pem|key)$")
_PACKAGE_DATA: Final = {".py", ".html", ".json", ".typed"}
_INLINE_LINK: Final = re.compile(r"\]\(<?([^)\s>]+)|\b(?:src|href)=\"([^\"]+)\"|^\[[^\]]+\]: +(\S+)", re.MULTILINE)


def changelog_problems(text: str, version: str, tag: str | None = None) -> Iterator[str]:
    """Compare the changelog with the version, and with the tag if this is a release.

    Args:
        text: the changelog.
        version: the version of the package.
        tag: the tag of the release, `v` and the version. Default: nothing is released now.
    """
    headings = re.findall(r"^## \[([^\]]+)\](?: - (.+))?$", text, re.MULTILINE)
    versions = [(name, date) for name, date in headings if name != "Unreleased"]
    if headings[:1] != [("Unreleased", "")]:
        yield "CHANGELOG.md does not begin with the section [Unreleased]"
    if not versions or versions[0][0] != version:
        yield f"the latest version in CHANGELOG.md is {versions[0][0] if versions else 'missing'}, not {version}"
    for name, date in versions:
        allowed = r"\d{4}-\d\d-\d\d|unreleased" if name == version else r"\d{4}-\d\d-\d\d"
        if not re.fullmatch(allowed, date):
            yield f"CHANGELOG.md has no date for {name}"
    for name, _ in headings:
        if f"\n[{name}]: https://" not in text:
            yield f"CHANGELOG.md has no link for [{name}]"
    if tag is None:
        return
    if tag != f"v{version}":
        yield f"the tag is {tag}, but the version is {version}"
    if dict(versions).get(version) == "unreleased":
        yield f"CHANGELOG.md says that {version} is unreleased; give it a date"
    if (unreleased := re.search(r"^## \[Unreleased\]\n(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)) and re.search(
        r"^- ", unreleased[1], re.MULTILINE
    ):
        yield f"CHANGELOG.md has unreleased changes; move them to {version}"


def sdist_problems(names: Iterable[str]) -> Iterator[str]:
    """Find what is missing in the sdist and what does not belong there.

    Args:
        names: the paths of its files, without the first folder.
    """
    found = set(names)
    for wanted in IN_SDIST:
        if not any(name == wanted or (wanted.endswith("/") and name.startswith(wanted)) for name in found):
            yield f"the sdist lacks {wanted}"
    yield from (f"the sdist has {name}" for name in sorted(found) if _NEVER_SHIPPED.search(name))


def wheel_problems(names: Iterable[str], package_files: Iterable[str]) -> Iterator[str]:
    """Compare the wheel with the package's folder: it has the same files, and its own metadata.

    Args:
        names: the paths of its files.
        package_files: the paths of the package's files, from the parent of the package's folder.
    """
    found = {name for name in names if not re.match(r"[^/]+\.dist-info/", name)}
    expected = set(package_files)
    yield from (f"the wheel lacks {name}" for name in sorted(expected - found))
    yield from (f"the wheel has {name}, which is not in the package" for name in sorted(found - expected))
    yield from (f"the wheel has {name}" for name in sorted(found) if PurePosixPath(name).suffix not in _PACKAGE_DATA)
    if "langchain_glm/py.typed" not in found:
        yield "the wheel has no py.typed"


def entry_point_problems(text: str, project: Mapping[str, Any]) -> Iterator[str]:
    """Compare the wheel's entry points with those of `pyproject.toml`.

    Args:
        text: the wheel's `entry_points.txt`.
        project: the table `project`.
    """
    parser = ConfigParser(delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # keep upper case
    parser.read_string(text)
    found = {section: dict(parser[section]) for section in parser.sections()}
    expected = {**project.get("entry-points", {})}
    if project.get("scripts"):
        expected["console_scripts"] = project["scripts"]
    if found != expected:
        yield f"the wheel's entry points are {found}, not {expected}"


def readme_problems(text: str) -> Iterator[str]:
    """Find links that lead nowhere on the package's page, which has no folder that they could be relative to.

    Args:
        text: the README in Markdown.
    """
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    for groups in _INLINE_LINK.findall(prose):
        link = next(filter(None, groups))
        if not link.startswith(("https://", "http://", "mailto:", "#")):
            yield f"README.md links to {link}; write the whole URL"


def supported_versions(project: Mapping[str, Any]) -> list[str]:
    """Return the Pythons that the classifiers name, such as `3.11`."""
    found = (re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", line) for line in project["classifiers"])
    return [match[1] for match in found if match]
