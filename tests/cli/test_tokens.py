"""`glm tokens`: the estimate, the exact count, the share of the window, and what cannot be read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from langchain_glm import ChatGLM
from langchain_glm.cli.main import main
from langchain_glm.cli.tokens import ERRORS
from langchain_glm.testing import Fault

if TYPE_CHECKING:
    from langchain_glm.testing import GLMServer

ROOT = Path(__file__).parents[2]
ENGLISH = "How is the weather in Paris? " * 40
CHINESE = "今天北京的天气怎么样？" * 40


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text(ENGLISH, encoding="utf-8")
    return path


def test_an_estimate(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tokens", str(file)]) == 0
    expected = ChatGLM(model="glm-5.2", host="zai", api_key="k").count_tokens(ENGLISH)
    assert capsys.readouterr().out == (
        f"{expected} tokens, estimated.\n"
        f"This is {expected / 10_000:.2g} % of the 1,000,000 tokens of glm-5.2.\n"
        "Half of the estimates are off by less than 4.3 %, 95 of 100 by less than 19.2 %.\n"
    )


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_standard_input(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "langchain_glm", "tokens", "--json", *arguments],
        input=CHINESE.encode(), capture_output=True, check=True,
    )  # fmt: skip
    count = json.loads(done.stdout)
    assert count["estimate"] > 200
    assert count["error_percent"] is None  # too few Chinese texts were measured
    assert count["share"] == count["estimate"] / 1_000_000


def test_chinese(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "text.txt"
    path.write_text(CHINESE, encoding="utf-8")
    main(["tokens", str(path)])
    assert "only three short texts were measured" in capsys.readouterr().out


def test_an_exact_count(
    file: Path, glm_server: GLMServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZAI_API_KEY", glm_server.api_key)
    monkeypatch.setenv("ZAI_BASE_URL", glm_server.base_url)
    assert main(["tokens", str(file), "--exact", "-m", "glm-4.6"]) == 0
    out = capsys.readouterr().out
    [request] = glm_server.requests
    assert request.path.endswith("/tokenizer")
    assert request.body["messages"] == [{"role": "user", "content": ENGLISH}]
    exact = ChatGLM(model="glm-4.6").count_tokens(ENGLISH, exact=True)
    assert out.startswith(f"{exact} tokens, counted by zai.\nThis is ")
    assert "of the 200,000 tokens of glm-4.6." in out
    assert "The estimate is " in out


def test_the_demo_counts_without_a_key(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tokens", str(file), "--exact", "--demo", "--json"]) == 0
    out, err = capsys.readouterr()
    count = json.loads(out)
    assert count["exact"] != count["estimate"]
    assert count["share"] == count["exact"] / count["window"]
    assert "counts roughly" in err


def test_a_count_that_is_refused(
    file: Path, glm_server: GLMServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tokens", str(file), "--exact"]) == 1
    assert "no key for host 'zai'" in capsys.readouterr().err
    monkeypatch.setenv("ZAI_API_KEY", glm_server.api_key)
    monkeypatch.setenv("ZAI_BASE_URL", glm_server.base_url)
    glm_server.queue(Fault.code("1211"), path="/tokenizer")
    assert main(["tokens", str(file), "--exact"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "1211" in err
    assert "The estimate is " in err
    monkeypatch.setenv("MOONSHOT_API_KEY", "sk-1")
    assert main(["tokens", str(file), "--exact", "--host", "kimi"]) == 1
    assert "no known token counter" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("glm-4-airx", "of the 8,192 tokens of glm-4-airx"),
        ("charglm-4", "too long for charglm-4, whose window is 4,096 tokens"),
        ("parrot-1", "The window of parrot-1 is not known."),
        ("kimi-k3", "95 of 100 by less than 68 %"),
    ],
)
def test_the_window(model: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "text.txt"
    path.write_text(ENGLISH * 20, encoding="utf-8")
    assert main(["tokens", str(path), "-m", model]) == 0
    assert says in capsys.readouterr().out


@pytest.mark.parametrize("exact", [[], ["--exact", "--demo"]])
def test_no_text(exact: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "empty.txt"
    path.touch()
    assert main(["tokens", str(path), *exact]) == 0
    assert capsys.readouterr().out.startswith("0 tokens,")


def test_what_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tokens", str(tmp_path / "nothing.txt")]) == 2
    assert "nothing.txt cannot be read: No such file or directory." in capsys.readouterr().err
    assert main(["tokens", str(tmp_path)]) == 2
    assert "Is a directory" in capsys.readouterr().err
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff")
    assert main(["tokens", str(tmp_path / "picture.png")]) == 2
    assert "not text in UTF-8" in capsys.readouterr().err


def test_the_errors_are_those_of_the_documents() -> None:
    page = (ROOT / "docs" / "en" / "reference" / "models.md").read_text(encoding="utf-8")
    for vendor, (median, most) in ERRORS.items():
        [row] = [line for line in page.splitlines() if line.startswith(f"| {vendor}, English, prompts |")]
        assert f"| {median} % | {most} % |" in row
