"""The user's folders for conversations and for the prompt's history, which only the user can read."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["data_folder", "state_folder", "write_private"]

_NAME: Final = "glm"


def data_folder(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """Return the folder for conversations: `XDG_DATA_HOME`, or where the system keeps the data of programs."""
    return _folder("XDG_DATA_HOME", ".local/share", environ, platform)


def state_folder(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """Return the folder for the history: `XDG_STATE_HOME`, or where the system keeps the data of programs."""
    return _folder("XDG_STATE_HOME", ".local/state", environ, platform)


def _folder(variable: str, below_home: str, environ: Mapping[str, str], platform: str) -> Path:
    if environ.get(variable):
        return Path(environ[variable]) / _NAME
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / _NAME
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support" / _NAME
    return Path.home() / below_home / _NAME


def write_private(path: Path, text: str) -> None:
    """Write a file that only the user can read, whole or not at all.

    Args:
        path: the file; missing folders are made.
        text: its contents.

    Raises:
        OSError: if it cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    unfinished.replace(path)
