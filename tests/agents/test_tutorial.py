"""The tutorial: its agent runs as a reader would run it, and the text shows the complete file."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from langchain_glm.testing import Fault, GLMServer
from tests.agents.acting import SECOND_THOUGHT, THOUGHT, answer, call, results, thoughts

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT: Final = Path(__file__).parents[2]
TUTORIAL: Final = ROOT / "docs" / "en" / "tutorial.md"
AGENT: Final = ROOT / "examples" / "tutorial" / "support_agent.py"


@pytest.fixture
def talk(tmp_path: Path, glm_server: GLMServer) -> Callable[..., str]:
    """A function that starts the agent, types lines, and returns what the agent prints."""

    def run(*lines: str) -> str:
        address = {"ZAI_API_KEY": glm_server.api_key, "ZAI_BASE_URL": glm_server.base_url}
        done = subprocess.run(
            [sys.executable, str(AGENT)],
            input="".join(f"{line}\n" for line in (*lines, "")),
            env={**os.environ, **address, "PYTHONIOENCODING": "utf-8"},
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_a_talk_and_another_a_day_later(talk: Callable[..., str], glm_server: GLMServer) -> None:
    glm_server.queue(
        call("look_up_order", thought=THOUGHT, number=1002),
        answer("Your teapot is out of stock until 20 May.", SECOND_THOUGHT),
        call("Ticket", order=1002, problem="The teapot is late.", urgency="low"),
    )
    shown = talk("Li", "Where is order 1002?")
    assert "先看天气" in shown
    assert "[look_up_order: a teapot, out of stock until 20 May]" in shown
    assert "\nYour teapot is out of stock until 20 May." in shown.replace("\033[0m", "\n")
    assert "order=1002 problem='The teapot is late.' urgency='low'" in shown

    glm_server.queue(
        Fault.code("1113"),
        call("refund", thought="They want their money.", number=1002),
        answer("It is paid back.", "Done."),
        call("Ticket", order=1002, problem="They were paid back.", urgency="low"),
    )
    shown = talk("Li", "Pay it back!", "Please.")
    assert "code 1113" in shown  # the error of one turn does not end the talk
    assert "[refund: order 1002 is refunded]" in shown
    assert thoughts(glm_server) == [THOUGHT, SECOND_THOUGHT, "They want their money.", "Done."]
    assert results(glm_server) == ["a teapot, out of stock until 20 May", "order 1002 is refunded"]


def test_it_runs_unscripted(talk: Callable[..., str]) -> None:
    shown = talk("Li", "Use look_up_order for number 1001")
    assert "look_up_order: a blue kettle" in shown
    assert "urgency=" in shown


def test_it_stays_small() -> None:
    lines = AGENT.read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.strip()]) <= 60


def test_the_text_shows_all_of_it() -> None:
    text = TUTORIAL.read_text(encoding="utf-8")
    shown = "\n".join(re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    file = AGENT.read_text(encoding="utf-8")
    assert [line for line in shown.splitlines() if line.strip()] == [line for line in file.splitlines() if line.strip()]
