"""Warnings that are given once for each process: refused settings, and searches without results."""

from __future__ import annotations

import sys
import warnings
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["GLMWarning", "notify"]


class GLMWarning(UserWarning):
    """Warns that a setting was changed to an accepted value, a message was corrected, or a search found nothing."""


@cache
def notify(notice: str) -> None:
    """Warn, unless the same warning has been given before.

    The warning points to the line in the user's program, except in a thread that LangChain starts (`batch`), where no
    frame is the user's.
    """
    warnings.warn(notice, GLMWarning, stacklevel=_level_of_user())


_LIBRARIES = ("langchain_glm", "langchain_core", "langchain", "langgraph", "langsmith", "deepagents", "pydantic",
              "tenacity", "contextlib", "asyncio", "concurrent", "threading")  # fmt: skip


def _level_of_user() -> int:
    """Return the stack level of the first frame outside of the libraries; 1 is the frame of `notify`."""
    level = 2
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - documented, and the only way on Python 3.11
    while frame is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] not in _LIBRARIES:
            return level
        level, frame = level + 1, frame.f_back
    return 2
