"""`make demo`: the first program that users of the package see."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from langchain_glm.testing import Fault, GLMServer

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]


def start(*arguments: str, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(ROOT / "examples" / "demo.py"), *arguments],
        env={**os.environ, "PYTHONUNBUFFERED": "1", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def finish(process: subprocess.Popen[str], seconds: float = 60) -> tuple[str, str]:
    try:
        return process.communicate(timeout=seconds)
    finally:
        process.kill()


@pytest.mark.parametrize(
    ("arguments", "counts_thinking"),
    [((), True), (("--host", "kimi"), False)],
)
def test_without_a_key_it_plays_the_whole_conversation(arguments: Sequence[str], counts_thinking: bool) -> None:
    process = start("--pace", "0", *arguments)
    shown, errors = finish(process)
    assert process.returncode == 0, errors
    assert errors == ""
    assert "There is no key in the environment" in shown
    assert "thinking They leave tomorrow" in shown
    assert "250 EUR = 2077.50 CNY" in shown
    assert "search_web(query='Palace Museum" in shown
    assert "Book first." in shown
    assert "'windproof coat'" in shown
    assert "budget_cny=2077.5" in shown
    assert "tokens of the agent's 3 turns" in shown
    assert ("price of these turns: 0.0" in shown) == (arguments == ())
    assert ("(0 of them thinking)" not in shown) == counts_thinking


def test_another_question_is_answered_by_rules() -> None:
    process = start("--question", "Use get_weather for Beijing.")
    shown, errors = finish(process)
    assert process.returncode == 0, errors
    assert "get_weather says: Beijing: 4 °C" in shown
    assert "as data" not in shown


def test_a_key_of_moonshot_selects_kimi() -> None:
    with GLMServer("kimi") as server:
        process = start("--question", "Hello", MOONSHOT_API_KEY=server.api_key, MOONSHOT_BASE_URL=server.base_url)
        shown, errors = finish(process)
        assert process.returncode == 0, errors
        assert "kimi-k2.6 at " in shown
        assert "no key" not in shown
        assert server.requests[0].body["model"] == "kimi-k2.6"


def test_a_wrong_key_is_reported_in_a_line() -> None:
    with GLMServer("zai") as server:
        process = start(ZAI_API_KEY="wrong.key", ZAI_BASE_URL=server.base_url)
        shown, errors = finish(process)
    assert process.returncode == 1
    assert "ZAI_API_KEY" in shown
    assert errors == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_the_first_ctrl_c_ends_it_while_the_endpoint_is_silent() -> None:
    with GLMServer("zai", replies=[Fault.silence(60, after=0)]) as server:
        process = start(ZAI_API_KEY=server.api_key, ZAI_BASE_URL=server.base_url)
        until = time.monotonic() + 60
        while not server.in_flight and time.monotonic() < until:
            time.sleep(0.05)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        shown, errors = finish(process)
        assert time.monotonic() - begun < 10
        server.clear_queue()
    assert process.returncode == 130
    assert shown.endswith("Stopped.\n")
    assert errors == ""
