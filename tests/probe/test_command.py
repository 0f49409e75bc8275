"""`glm probe`: the report, the exit status, and what it never shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from langchain_glm import HOSTS
from langchain_glm.cli.main import UNREAD, main
from langchain_glm.probe.recording import Recording
from langchain_glm.testing import Fault, GLMServer

if TYPE_CHECKING:
    from pathlib import Path

KEY = "0f0f0f0f0f0f0f0f.s3cr3ts3cr3t"
SAME, DIFFERENT, NOT_ASKED = range(3)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command against a server; return its exit status and what it prints."""

    def run(server: GLMServer, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setenv("ZAI_API_KEY", server.api_key)
        status = main(["probe", "--host", "zai", "--base-url", server.base_url, *arguments])
        out, err = capsys.readouterr()
        assert KEY not in out + err
        assert KEY.split(".")[1] not in out + err
        return status, out, err

    return run


def test_a_host_that_follows_the_catalogue(run: Any) -> None:
    with GLMServer("zai", api_key=KEY) as server:
        status, out, err = run(server)
    assert (status, err) == (SAME, "")
    lines = out.splitlines()
    assert lines[0] == f"Host zai, model glm-5.2, {server.base_url}"
    assert "This costs at most 0.0" in out
    assert "34 same, 0 different, 0 unclear, 0 not asked. It cost 0.0" in out.replace("\n", " ")
    assert "  tool_choice               ignored or refused        ignored" in lines
    assert "Host.think_tags" in out  # and not only in the entry for models
    assert "Model.think_tags" in out
    assert max(map(len, lines)) <= 80


def test_a_difference(run: Any) -> None:
    with GLMServer(replace(HOSTS["zai"], tool_choice=True), api_key=KEY) as server:
        status, out, _ = run(server)
        assert status == DIFFERENT
        assert "! tool_choice               ignored or refused        obeyed" in out.splitlines()
        status, out, _ = run(server, "--json")
    assert status == DIFFERENT
    report = json.loads(out)
    assert report["model"] == "glm-5.2"
    different = [answer for answer in report["answers"] if answer["verdict"] == "different"]
    assert different == [
        {"rule": "tool_choice", "expected": ["ignored", "refused"], "seen": "obeyed", "verdict": "different"}
    ]


def test_a_key_that_is_refused(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with GLMServer("zai") as server:
        monkeypatch.setattr(server, "api_key", KEY)
        status, _, err = run(server)
        assert len(server.requests) == 1
    assert status == NOT_ASKED
    assert "ZAI_API_KEY" in err


def test_an_account_without_balance(run: Any) -> None:
    with GLMServer("zai", api_key=KEY, replies=[Fault.code("1113", message=f"no balance for {KEY}")]) as server:
        status, _, err = run(server)
        assert len(server.requests) == 1
    assert status == NOT_ASKED
    assert "1113" in err


def test_no_endpoint(run: Any, waits: list[float]) -> None:
    with GLMServer("zai", api_key=KEY) as server:
        base_url = server.base_url
    server = GLMServer("zai", api_key=KEY, port=int(base_url.split(":")[2].split("/")[0]))
    status, _, err = run(server)
    assert status == NOT_ASKED
    assert "Check base_url" in err
    assert waits


def test_an_overload_is_waited_for(run: Any, waits: list[float]) -> None:
    with GLMServer("zai", api_key=KEY, replies=[Fault.code("1305")] * 2) as server:
        assert run(server)[0] == SAME
    assert len(waits) == 2


def test_an_overload_that_lasts_decides_nothing(run: Any, waits: list[float]) -> None:
    with GLMServer("zai", api_key=KEY, replies=[Fault.code("1305")] * 4) as server:
        status, out, _ = run(server)
    assert status == SAME
    assert "? served_as glm-5.2         glm-5.2                   refused with 1305" in out.splitlines()
    assert waits


def test_a_budget_that_is_used_up(run: Any) -> None:
    with GLMServer("zai", api_key=KEY) as server:
        status, out, _ = run(server, "--budget", "0.005")
        assert status == SAME
        assert "- search_engine             sources                   it may cost more than" in out
        status, _, _ = run(server, "--budget", "0", "--model", "glm-5.2")
        priced = [request for request in server.requests if request.status == 200]
    assert status == SAME  # the refusals cost nothing
    assert sum(request.body.get("tools") is not None for request in priced) < 20


def test_a_price_in_yuan(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with GLMServer("bigmodel") as server:
        monkeypatch.setenv("ZHIPUAI_API_KEY", server.api_key)
        arguments = ["--host", "bigmodel", "--base-url", server.base_url, "--budget", "1"]
        assert main(["probe", *arguments]) == SAME
        assert "CNY; the budget is 1 CNY." in capsys.readouterr().out
        assert main(["probe", *arguments, "--model", "glm-4.7-flash", "--json"]) == SAME
    report = json.loads(capsys.readouterr().out)
    assert (report["cost"], report["currency"]) == (0.01, "CNY")  # a free model, and one search


def test_a_price_that_is_not_known(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with GLMServer("phanedge") as server:
        monkeypatch.setenv("PHANEDGE_API_KEY", server.api_key)
        assert main(["probe", "--host", "phanedge", "--base-url", server.base_url]) == SAME
    out = capsys.readouterr().out
    assert "The price is not in the catalogue, so the budget cannot be enforced." in out
    assert "The cost is not known." in out


def test_recordings(run: Any, tmp_path: Path) -> None:
    with GLMServer("zai", api_key=KEY) as server:
        run(server, "--record", str(tmp_path / "new"))
        files = sorted((tmp_path / "new").iterdir())
        assert len(files) == len(server.requests)
    for file in files:
        data = file.read_bytes()
        assert KEY.encode() not in data
        assert b"uthorization" not in data.partition(b"HTTP/1.1")[0]
        assert b"x-log-id" not in data
        assert Recording.loads(data).notes["host"] == "zai"


def test_a_folder_that_cannot_be_made(run: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with GLMServer("zai", api_key=KEY) as server:
        status, _, err = run(server, "--record", str(tmp_path / "file"))
        assert not server.requests
    assert status == NOT_ASKED
    assert "file" in err


@pytest.mark.parametrize(
    "arguments",
    [["--host", "nowhere"], ["--budget", "much"], ["--budget", "nan"], ["--budget", "-1"], ["unknown"]],
)
def test_bad_arguments(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["probe", *arguments])
    assert ended.value.code == NOT_ASKED


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "zai"], "ZAI_API_KEY"),
        ([], "No host is given"),
        (["--base-url", "http://127.0.0.1:1/v1"], "GLM_API_KEY"),
        (["--host", "zai", "--base-url", "nowhere"], "base_url"),
        (["--embedded", "--host", "zai", "--model", "gpt-5"], "not in the catalogue"),
    ],
)
def test_what_cannot_be_asked(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", *arguments]) == NOT_ASKED
    assert said in capsys.readouterr().err


def test_in_a_pipe_without_utf_8() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    arguments = [sys.executable, "-m", "langchain_glm", "probe", "--embedded", "--host", "bigmodel"]
    done = subprocess.run(arguments, capture_output=True, env=environment, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (SAME, b"")
    assert done.stdout.isascii()


def test_a_reader_that_stops_reading() -> None:
    arguments = [sys.executable, "-m", "langchain_glm", "probe", "--embedded"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == UNREAD


def test_the_test_server_costs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", "--embedded", "--host", "zai"]) == SAME
    out = capsys.readouterr().out
    assert "The embedded server costs nothing." in out
    assert "It cost" not in out


def test_every_host_of_the_embedded_server(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", "--embedded", "--json"]) == SAME
    reports = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [report["host"] for report in reports] == list(HOSTS)
    assert {answer["verdict"] for report in reports for answer in report["answers"]} == {"same"}
