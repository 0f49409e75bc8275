"""Checks of the machine: Python, the clock, and the encoding of text."""

from __future__ import annotations

import locale
import platform
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from langchain_glm.catalog.prices import list_prices
from langchain_glm.cli.doctor.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from langchain_glm.cli.doctor.finding import Check

__all__ = ["MACHINE_CHECKS", "clock_at"]

_YEARS_AHEAD: Final = 10
"""A clock that is so far ahead of the catalogue is wrong, or this version is too old to be used."""


def python(_: Mapping[str, str]) -> Iterator[Finding]:
    """The version of Python, and the system."""
    yield Finding(
        what="Python",
        says=f"{platform.python_implementation()} {platform.python_version()} on {platform.platform(terse=True)}, "
        f"{platform.machine()}",
    )


def clock(_: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the clock is obviously wrong."""
    yield clock_at(datetime.now(UTC))


def clock_at(now: datetime) -> Finding:
    """Return what is to be said about a clock: no time is right before this version was made."""
    made = datetime.fromisoformat(max(price.date for price in list_prices("CNY").values())).replace(tzinfo=UTC)
    shown = f"{now:%Y-%m-%d %H:%M} UTC"
    if made - timedelta(days=2) <= now <= made + timedelta(days=365 * _YEARS_AHEAD):
        return Finding(what="clock", says=shown)
    return Finding(
        status="fail",
        what="clock",
        says=f"{shown} cannot be right: this version was made after {made:%Y-%m-%d}."
        if now < made
        else f"{shown} is more than {_YEARS_AHEAD} years after {made:%Y-%m-%d}, when this version was made.",
        why="With a wrong clock, the certificates of all hosts seem to be invalid.",
        way_out="Set the clock of this machine, best from a time server.",
    )


def encoding(_: Mapping[str, str]) -> Iterator[Finding]:
    """Whether text is read and printed as UTF-8."""
    found = {"files": locale.getpreferredencoding(do_setlocale=False), "output": sys.stdout.encoding or "unknown"}
    shown = ", ".join(f"{name}: {encoding}" for name, encoding in found.items())
    if all(encoding.lower().replace("-", "") == "utf8" for encoding in found.values()):
        yield Finding(what="encoding", says=shown)
        return
    yield Finding(
        status="warn",
        what="encoding",
        says=f"{shown}; this is not UTF-8.",
        why="Programs that print answers may fail with UnicodeEncodeError, or show question marks for Chinese.",
        way_out="Set PYTHONUTF8=1, or a locale such as C.UTF-8 (LC_ALL).",
    )


MACHINE_CHECKS: Final[tuple[Check, ...]] = (python, clock, encoding)
"""The checks of the machine, in the order of the report."""
