"""Starts the server, and asks it about itself."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

    from benchmarks.works import Work

__all__ = ["Loopback"]


class Loopback:
    """The server's process, as a context manager."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.root = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def url(self, work: Work, dialect: str = "glm") -> str:
        """The base URL under which a work is served."""
        return f"{self.root}/{dialect}/{work}"

    def release(self) -> None:
        """Let the streams that are held back continue."""
        self._get("/release")

    def cpu(self) -> float:
        """Seconds of CPU that the server has used."""
        return float(self._get("/cpu"))

    def _get(self, path: str) -> str:
        with urllib.request.urlopen(self.root + path) as response:
            return str(response.read().decode())
