"""Running `glm` as users do: in a pipe, and in a terminal of a given size."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pyte
import pytest

from langchain_glm.testing import GLMServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECRET = "0f0f0f0f0f0f0f0f.s3cr3ts3cr3t"


@pytest.fixture
def server() -> Iterator[GLMServer]:
    with GLMServer("zai", api_key=SECRET) as server:
        yield server


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """The environment of a user without keys, whose folders are empty."""
    kept = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    return {
        **kept,
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm-256color",
    }


@pytest.fixture
def env(home: dict[str, str], server: GLMServer) -> dict[str, str]:
    """The environment of a user with a key for the server."""
    return {**home, "ZAI_API_KEY": SECRET, "ZAI_BASE_URL": server.base_url}


@pytest.fixture
def glm(env: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `glm` with its output in pipes; it never shows the key."""

    def run(*arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "langchain_glm", *arguments],
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            env={**env, **variables},
            timeout=100,
            check=False,
        )
        assert "Traceback" not in done.stderr
        assert SECRET not in done.stdout + done.stderr
        return done

    return run


class TerminalOfUser:
    """`glm` in a pseudo-terminal, and what a terminal would show."""

    def __init__(self, arguments: list[str], env: dict[str, str], columns: int, rows: int) -> None:
        pexpect = pytest.importorskip("pexpect")
        self.shown = pyte.HistoryScreen(columns, rows, history=2_000)
        self.stream = pyte.ByteStream(self.shown)
        self.raw = b""
        self.process: Any = pexpect.spawn(
            sys.executable, ["-m", "langchain_glm", *arguments], env=env, dimensions=(rows, columns), timeout=30
        )

    def read(self, seconds: float = 0.2) -> None:
        import pexpect

        try:
            data = self.process.read_nonblocking(65_536, timeout=seconds)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return
        self.raw += data
        self.stream.feed(data)

    @property
    def lines(self) -> list[str]:
        above = ["".join(line[column].data for column in range(self.shown.columns)) for line in self.shown.history.top]
        return [line.rstrip() for line in [*above, *self.shown.display]]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def until(self, text: str, seconds: float = 60) -> str:
        """Read until a text shows."""
        end = time.monotonic() + seconds
        while text not in self.text:
            assert time.monotonic() < end, f"{text!r} does not show:\n{self.text}"
            self.read()
        return self.text

    def send(self, text: str) -> None:
        self.process.send(text)

    def status(self, seconds: float = 60) -> int:
        """Read until the program ends; return its exit status."""
        end = time.monotonic() + seconds
        while self.process.isalive() and time.monotonic() < end:
            self.read()
        self.read(0.05)
        self.process.close()
        assert "Traceback" not in self.text
        return int(self.process.exitstatus)


@pytest.fixture
def terminal(env: dict[str, str]) -> Iterator[Callable[..., TerminalOfUser]]:
    started: list[TerminalOfUser] = []

    def start(*arguments: str, columns: int = 80, rows: int = 30, **variables: str) -> TerminalOfUser:
        started.append(TerminalOfUser([*arguments], {**env, **variables}, columns, rows))
        return started[-1]

    yield start
    for user in started:
        user.process.close(force=True)
