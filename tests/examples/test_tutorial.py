"""The tutorial: its agent runs as a reader would run it, and the text shows the complete file."""

from __future__ import annotations

import ast
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
TUTORIALS: Final = {"en": ROOT / "docs" / "en" / "tutorial.md", "zh": ROOT / "docs" / "zh" / "tutorial.md"}
AGENT: Final = ROOT / "examples" / "tutorial" / "support_agent.py"


@pytest.fixture
def talk(tmp_path: Path, glm_server: GLMServer) -> Callable[..., str]:
    """A function that starts the agent, types lines, and returns what the agent prints."""

    def run(*lines: str, ends: str = "\n") -> str:
        address = {"ZAI_API_KEY": glm_server.api_key, "ZAI_BASE_URL": glm_server.base_url}
        done = subprocess.run(
            [sys.executable, str(AGENT)],
            input="".join(f"{line}\n" for line in lines) + ends,
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


@pytest.mark.parametrize("ends", ["\n", ""], ids=["Enter", "Ctrl-D"])
def test_who_says_nothing_gets_no_ticket(talk: Callable[..., str], glm_server: GLMServer, ends: str) -> None:
    assert "Traceback" not in talk("Li", ends=ends)
    assert "Traceback" not in talk(ends=ends * 2)  # no name either
    assert glm_server.requests == []


def test_ctrl_d_ends_the_talk_with_a_ticket(talk: Callable[..., str], glm_server: GLMServer) -> None:
    glm_server.queue(answer("Good day!", "They greet."), call("Ticket", order=0, problem="None.", urgency="low"))
    assert "problem='None.'" in talk("Li", "Hello", ends="")


def test_it_stays_small() -> None:
    lines = AGENT.read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.strip()]) <= 60


def code_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def test_the_text_shows_all_of_it() -> None:
    text = TUTORIALS["en"].read_text(encoding="utf-8")
    shown = "\n".join(re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    assert code_of(shown) == code_of(AGENT.read_text(encoding="utf-8"))


def test_the_chinese_text_shows_the_same_program() -> None:
    """It speaks Chinese and uses BigModel; the rest is the same."""
    programs = []
    for tutorial in TUTORIALS.values():
        text = tutorial.read_text(encoding="utf-8")
        program = "\n".join(re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
        programs.append(ast.dump(_Wordless().visit(ast.parse(program))))
    assert programs[0] == programs[1]


class _Wordless(ast.NodeTransformer):
    """Takes the texts out of a program."""

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant("") if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        fields = [part for part in node.values if isinstance(part, ast.FormattedValue)]
        return ast.JoinedStr([self.visit(part) for part in fields])
