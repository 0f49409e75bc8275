"""Warnings about settings that a model or host does not take: each once a process."""

from __future__ import annotations

import warnings
from functools import cache

__all__ = ["GLMWarning", "notify"]


class GLMWarning(UserWarning):
    """A setting was mapped to the nearest that the model or host accepts, or a message was mended."""


@cache
def notify(notice: str) -> None:
    """Warn, unless this very notice has been given before."""
    warnings.warn(notice, GLMWarning, stacklevel=3)
