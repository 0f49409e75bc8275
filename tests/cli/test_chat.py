"""`glm chat` and `glm "question"` in a terminal."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from langchain_glm import HOSTS
from langchain_glm.testing import Fault, GLMServer, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import TerminalOfUser

THOUGHT = "The user wants a table, so I make one. " * 3
ANSWER = "A **bold** word.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nx = 1\n```\n\nThe last line."


@pytest.mark.parametrize("columns", [80, 120])
def test_an_answer_in_a_terminal(terminal: Callable[..., TerminalOfUser], server: GLMServer, columns: int) -> None:
    server.queue(Reply(ANSWER, reasoning=THOUGHT, gap=0.01))
    user = terminal("a table, please", columns=columns)
    assert user.status() == 0
    lines = [line for line in user.lines if line]
    assert lines[0].startswith("The user wants a table")
    assert lines[-1] == "The last line."
    assert "A bold word." in lines  # the stars became bold type
    assert re.search(r"^ *a +b *$", user.text, re.MULTILINE)  # the bars became columns
    assert "is asked" not in user.text
    assert b"\x1b[2mThe user wants" in user.raw  # dimmed
    assert b"\x1b[1mbold" in user.raw
    assert user.raw.count(b"\x1b[?25l") == user.raw.count(b"\x1b[?25h")  # the cursor comes back


def test_without_colour(terminal: Callable[..., TerminalOfUser], server: GLMServer) -> None:
    server.queue(Reply(ANSWER, reasoning=THOUGHT))
    user = terminal("a table, please", NO_COLOR="1")
    assert user.status() == 0
    assert "The last line." in user.text
    assert b"\x1b[3" not in user.raw.replace(b"\x1b[3m", b"")  # neither the 8 colours nor the 256


def test_a_simple_terminal(terminal: Callable[..., TerminalOfUser], server: GLMServer) -> None:
    server.queue(Reply(ANSWER, reasoning="I think."))
    user = terminal("a table, please", TERM="dumb")
    assert user.status() == 0
    assert b"\x1b" not in user.raw
    assert user.text.startswith("Thinks: I think.\n\nA **bold** word.")


def test_an_answer_cannot_command_the_terminal(terminal: Callable[..., TerminalOfUser], server: GLMServer) -> None:
    server.queue(Reply("be\x1b]0;owned\x07fore\x1b[2Jafter", reasoning="a\x1b[31mred"))
    user = terminal("hi")
    assert user.status() == 0
    assert b"\x1b]0;" not in user.raw
    assert b"\x1b[31m" not in user.raw
    assert "be]0;ownedfore[2Jafter" in user.text


@pytest.mark.parametrize("columns", [80, 120])
def test_a_conversation(
    terminal: Callable[..., TerminalOfUser], server: GLMServer, env: dict[str, str], columns: int
) -> None:
    user = terminal("chat", columns=columns)
    user.until("\n>")
    assert user.lines[0] == "glm-5.2 at zai. /help lists the commands; Ctrl-D ends."
    server.queue(Reply("It is **Paris**.", reasoning=THOUGHT, gap=0.01), Reply("It is Berlin."))
    user.send("capital of France?\r")
    text = user.until(" USD; ")
    assert "It is Paris." in text
    assert "Thought for " in text
    assert "The user wants a table" not in text  # folded
    user.send("/think show\r")
    user.until("The user wants a table")
    user.send("and of\\\r")
    user.until("\n.")
    user.send("Germany?\r")
    user.until("Berlin.")
    assert server.requests[-1].body["messages"][-1]["content"] == "and of\nGermany?"
    assert len(server.requests[-1].body["messages"]) == 3
    user.send('"""one\rtwo"""\r')
    user.until("You said: one two")
    user.send("\x04")
    assert user.status() == 0
    history = Path(env["XDG_STATE_HOME"]) / "glm" / "history"
    assert "capital of France?" in history.read_text()
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    again = terminal("chat", "-c", columns=columns)
    again.until("The conversation goes on after: one two")
    again.until("\n>")
    again.send("\x1b[A")  # arrow up: the last line of the earlier session
    again.until('> two"""')
    again.send("\x15/quit\r")
    assert again.status() == 0


def test_ctrl_c_in_an_answer_and_at_the_prompt(terminal: Callable[..., TerminalOfUser], server: GLMServer) -> None:
    server.queue(Reply("word " * 300, gap=0.05), Reply("Right.", delay=0.1), Reply("silent", delay=60))
    user = terminal("chat")
    user.until("\n>")
    user.send("talk\r")
    user.until("word word")
    user.send("\x03")
    user.until("Stopped. What came is kept.\n\n>")
    user.send("go on\r")
    user.until("Right.")
    sent = server.requests[-1].body["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "user"]
    assert sent[1]["content"].startswith("word word")
    user.send("wait\r")
    user.until("is asked")
    while len(server.requests) < 3:
        user.read()
    user.send("\x03")
    user.until("Stopped before an answer came.\n\n>", 20)
    user.send("\x03")
    assert user.status() == 0
    assert "KeyboardInterrupt" not in user.text


def test_an_error_does_not_end_the_chat(terminal: Callable[..., TerminalOfUser], server: GLMServer) -> None:
    server.queue(Fault.code("1211"), Reply("Here again."))
    user = terminal("chat")
    user.until("\n>")
    user.send("first\r")
    user.until("code 1211")
    user.until("\n>")
    user.send("second\r")
    user.until("Here again.")
    assert [message["content"] for message in server.requests[-1].body["messages"]] == ["second"]


def chat(glm: Any, *lines: str) -> str:
    """Chat through a pipe."""
    done = glm("chat", stdin="".join(f"{line}\n" for line in lines))
    assert done.returncode == 0
    return str(done.stdout + done.stderr)


def test_commands_change_the_settings(glm: Any, server: GLMServer) -> None:
    text = chat(glm, "/model glm-4.7", "/effort high", "/think off", "/search on", "hi", "/effort default", "/think on",
                "/search off", "/model glm-5.2", "ho")  # fmt: skip
    first, second = (request.body for request in server.requests)
    assert "The model is glm-4.7." in text
    assert (first["model"], first["thinking"]["type"]) == ("glm-4.7", "disabled")
    assert first["tools"][0]["type"] == "web_search"
    assert (second["model"], second["thinking"]["type"]) == ("glm-5.2", "enabled")
    assert "tools" not in second
    assert "reasoning_effort" not in second


def test_commands_that_are_wrong(glm: Any, server: GLMServer) -> None:
    text = chat(glm, "/foo", "/effort much", "/think maybe", "/image none.png", "/image https://a.example/a.png",
                "/save", "/host", "/host kimi", "/model")  # fmt: skip
    assert "/foo is not a command. There are /model, /host, /effort" in text
    assert "/effort much: give one of none, minimal, low" in text
    assert "/think on, off, default or show" in text
    assert text.count(f"glm-5.2 cannot read images. First: /model {HOSTS['zai'].image_model}") == 2
    assert "MOONSHOT_API_KEY" in text
    assert "The model is glm-5.2." in text
    assert not server.requests


def test_images_of_a_chat(glm: Any, server: GLMServer) -> None:
    chat(glm, "/model glm-5.3-flash", "/image https://a.example/a.png", "what is it?", "sure?")
    contents = [message["content"] for message in server.requests[-1].body["messages"] if message["role"] == "user"]
    assert [part["type"] for part in contents[0]] == ["image_url", "text"]
    assert contents[1] == "sure?"


def test_clear_and_save(glm: Any, server: GLMServer, tmp_path: Path) -> None:
    text, saved = tmp_path / "talk.md", tmp_path / "talk.json"
    chat(glm, "first", f"/save {text}", f"/save {saved}", "/clear", "second")
    assert text.read_text() == "## first\n\nYou said: first\n"
    assert len(json.loads(saved.read_text())["messages"]) == 2
    assert len(server.requests[-1].body["messages"]) == 1
    assert "first" in glm("cost", str(saved)).stdout


def test_help_lists_every_command_within_80_columns(glm: Any) -> None:
    from langchain_glm.cli.chat_commands import COMMANDS

    text = chat(glm, "/help")
    assert all(f"/{name} " in text for name in COMMANDS)
    assert max(map(len, text.splitlines())) <= 80
