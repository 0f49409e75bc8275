"""`glm models`: the table at several widths, JSON, patterns, prices, and what is near."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable

import pytest

from langchain_glm import HOSTS, MODELS
from langchain_glm.catalog.models import EFFORTS
from langchain_glm.cli.main import main

Run = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def models(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command; return its exit status, and the lines of what it prints."""

    def run(*arguments: str) -> tuple[int, list[str]]:
        status = main(["models", *arguments])
        out, err = capsys.readouterr()
        return status, (out + err).splitlines()

    return run


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Pretend that the output is a terminal of some width, without colours."""

    def pretend(width: str) -> None:
        monkeypatch.setenv("COLUMNS", width)
        monkeypatch.setenv("TERM", "dumb")
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    return pretend


def run(*arguments: str, **variables: str) -> tuple[int, list[str]]:
    """Run the command as a program whose output is a pipe."""
    done = subprocess.run(
        [sys.executable, "-m", "langchain_glm", "models", *arguments],
        env={**os.environ, **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, (done.stdout + done.stderr).splitlines()


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("width", ["80", "120"])
def test_the_table_fits(host: str, width: str, models: Run, terminal: Callable[[str], None]) -> None:
    terminal(width)
    status, lines = models("--host", host)
    assert status == 0
    assert max(map(len, lines)) <= int(width)
    table = lines[: lines.index("")]
    assert len({len(line.split()) for line in table}) == 1, "no cell holds a space"
    assert ("f files" in "".join(lines)) is (width == "80")


def test_letters_of_efforts_are_clear() -> None:
    """The legend of a narrow table explains l, h and m; other efforts need other letters."""
    assert {model.efforts for model in MODELS.values()} == {(), EFFORTS, ("low", "high", "max")}


def test_every_model_is_somewhere(models: Run) -> None:
    shown = {line.split()[0] for host in HOSTS for line in models("--host", host)[1][1:]}
    assert shown == MODELS.keys()


def test_in_a_pipe() -> None:
    status, lines = run("glm-5.2", "--host", "zai")
    assert status == 0
    assert lines == [
        "model                window output thinks effort reads tools $in/cached/out",
        "glm-5.2                  1M   131K yes    all    text  yes   1.4/0.26/4.4",
        "glm-5.2-fast-preview     1M   131K yes    all    text  yes   -",
    ]


def test_in_a_terminal() -> None:
    """The heading is bold and a legend follows; without colour nothing but the text comes."""
    shown = {}
    for name, more in {"colour": {"TERM": "xterm-256color"}, "none": {"TERM": "dumb"}}.items():
        environment = {key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "COLUMNS"}}
        parent, child = pty.openpty()
        command = [sys.executable, "-m", "langchain_glm", "models", "5.1", "--host", "bigmodel"]
        with subprocess.Popen(command, stdout=child, env={**environment, **more, "COLUMNS": "80"}) as process:
            os.close(child)
            output = b""
            try:
                while piece := os.read(parent, 4096):
                    output += piece
            except OSError:  # the terminal's other end is closed
                pass
            os.close(parent)
        assert process.returncode == 0
        shown[name] = output.decode()
    assert "\x1b[1m" in shown["colour"]
    assert "\x1b" not in shown["none"]
    assert "¥in/out" in shown["none"]
    assert "6/24+" in shown["none"]
    assert "Prices of bigmodel in CNY for a million tokens" in shown["none"]
    assert "t text, i images" in shown["none"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("glm-5.1", ["glm-5.1"]),
        ("GLM-5.1", ["glm-5.1"]),
        ("z-ai/glm-5.1:free", ["glm-5.1"]),
        ("turbo", ["glm-5-turbo", "glm-5v-turbo"]),
        ("glm-5.?", ["glm-5.3", "glm-5.2", "glm-5.1"]),
        ("*flash", ["glm-5.3-flash", "glm-4.7-flash", "glm-4.6v-flash", "glm-4.5-flash", "glm-4.1v-thinking-flash",
                    "glm-4-flash", "glm-4v-flash"]),
    ],
)  # fmt: skip
def test_patterns(pattern: str, found: list[str], models: Run) -> None:
    status, lines = models(pattern, "--host", "zai")
    assert status == 0
    assert [line.split()[0] for line in lines[1:]] == found


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["glm5.2"], "Near: glm-5.2,"),
        (["kimi-k3", "--host", "bigmodel"], "On kimi (--host kimi): kimi-k3"),
        (["glm-5", "--host", "kimi"], "On zai (--host zai): glm-5.3"),
        (["glm-5.4"], "like glm-5.3"),
        (["parrot"], "No model of zai matches 'parrot'."),
    ],
)
def test_a_pattern_that_matches_nothing(arguments: list[str], says: str, models: Run) -> None:
    status, lines = models(*arguments)
    assert status == 1
    assert says in "\n".join(lines)


def test_json(models: Run) -> None:
    status, [line] = models("glm-5.1", "--host", "bigmodel", "--json")
    assert status == 0
    report = json.loads(line)
    assert report["host"] == "bigmodel"
    [model] = report["models"]
    assert (model["window"], model["output"], model["thinking"], model["tools"]) == (200_000, 131_072, "toggle", True)
    assert model["currency"] == "CNY"
    assert [(step["input"], step["output"], step["input_below"]) for step in model["prices"]] == [
        (6, 24, 32_000),
        (8, 28, None),
    ]


def test_a_coding_plan_shows_what_answers(models: Run) -> None:
    lines = models("glm-4.7", "--host", "zai-coding")[1]
    shown = ["glm-4.7", "1M", "131K", "always", "low,high,max", "text,image,video,file", "yes", "glm-5.3-flash"]
    assert lines[1].split() == shown
    [model] = json.loads(models("glm-4.7", "--host", "zai-coding", "--json")[1][0])["models"][:1]
    assert (model["answered_by"], model["prices"], model["currency"]) == ("glm-5.3-flash", [], None)


@pytest.mark.parametrize(
    ("variables", "host"),
    [
        ({}, "zai"),
        ({"ZHIPUAI_API_KEY": "k"}, "bigmodel"),
        ({"MOONSHOT_API_KEY": "k"}, "kimi"),
        ({"ZAI_API_KEY": "k", "ZHIPUAI_API_KEY": "k"}, "zai"),
    ],
)
def test_the_host_is_the_one_whose_key_is_set(
    variables: dict[str, str], host: str, models: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert json.loads(models("--json")[1][0])["host"] == host
