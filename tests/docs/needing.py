"""Packages that only the environment of `make docs` has: tests that need them are skipped elsewhere, never there."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["need"]


def need(modules: Iterable[str]) -> None:
    """Skip the test if a module is missing; with `EVERY_PAGE=1`, as `make docs` sets it, fail instead."""
    missing = [module for module in modules if find_spec(module) is None]
    if missing and os.environ.get("EVERY_PAGE"):
        pytest.fail(f"{', '.join(missing)} must be in the dependency group docs", pytrace=False)
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: run `make docs`")
