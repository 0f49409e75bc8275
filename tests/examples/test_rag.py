"""`make rag`: answers from PDFs and web pages, with page and box."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from langchain_glm.testing import GLMServer, Reply, ToolCall
from langchain_glm.testing.pdf import make_pdf

ROOT = Path(__file__).parents[2]


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "examples" / "rag" / "answer.py"), *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )


def test_without_a_key_it_answers_from_its_own_documents() -> None:
    done = run()
    assert done.returncode == 0, done.stderr
    assert "ZHIPUAI_API_KEY is not set" in done.stdout
    assert "PDFs: 2, web pages: 1, passages: 9" in done.stdout
    answer, sources = done.stdout.split("Sources\n")
    assert "three years from the date of purchase" in answer
    assert "remove the lime" in answer
    first = sources.splitlines()[0]
    assert "warranty.pdf, page 1, " in first
    assert " % from the left and " in first
    assert "https://kettles.example/k2/questions (relevance 0." in sources


def test_a_folder_of_your_own_and_a_database_that_stays(tmp_path: Path) -> None:
    folder = tmp_path / "pdfs"
    folder.mkdir()
    (folder / "lamp.pdf").write_bytes(make_pdf(["The lamp takes bulbs of 40 watts.", "Recycle the lamp."]))
    database = tmp_path / "vectors"
    arguments = ("--folder", str(folder), "--database", str(database), "--question", "Which bulbs does the lamp take?")
    for _ in range(2):  # the second time replaces the passages of the first
        done = run(*arguments)
        assert done.returncode == 0, done.stderr
        assert "40 watts" in done.stdout
        assert done.stdout.split("Sources\n")[1].count("lamp.pdf, page 1") == 1
    assert any(database.iterdir())


def test_passages_of_a_second_search_have_other_numbers() -> None:
    search, again = (ToolCall("search_documents", {"query": query}) for query in ("warranty", "lime"))
    replies = Reply(tool_calls=[search]), Reply(tool_calls=[again]), Reply("Three years [1]. Remove lime [5].")
    with GLMServer("bigmodel", replies=replies) as server:
        done = run(ZHIPUAI_API_KEY=server.api_key, ZHIPUAI_BASE_URL=server.base_url)
        assert done.returncode == 0, done.stderr
        first, second = (
            message["content"] for message in server.requests[-1].body["messages"] if message["role"] == "tool"
        )
    assert [text[:3] for text in (first, second)] == ["[1]", "[5]"]
    assert [line[:5] for line in done.stdout.split("Sources\n")[1].splitlines()] == ["  [1]", "  [5]"]


def test_a_folder_that_does_not_exist_is_reported_in_a_line(tmp_path: Path) -> None:
    done = run("--folder", str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_key_is_reported_in_a_line() -> None:
    with GLMServer("bigmodel") as server:
        done = run(ZHIPUAI_API_KEY="wrong.key", ZHIPUAI_BASE_URL=server.base_url)
    assert done.returncode == 1
    assert "ZHIPUAI_API_KEY" in done.stderr
    assert "Traceback" not in done.stderr
