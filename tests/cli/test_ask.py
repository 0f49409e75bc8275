"""`glm "question"` in a pipe: what it sends, what it prints, where it fails."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from langchain_glm import HOSTS
from langchain_glm.testing import Fault, GLMServer, Reply

from .conftest import SECRET

PAGES = [
    {"title": "Rain", "link": "https://rain.example/1", "media": "Rain daily", "publish_date": "2026-11-01",
     "refer": "ref_1", "content": "It rains.", "icon": ""},
]  # fmt: skip


def asked(server: GLMServer) -> dict[str, Any]:
    return dict(server.requests[-1].body)


def test_a_question_in_a_pipe_is_plain_text(glm: Any, server: GLMServer) -> None:
    server.queue(Reply("**Bold** and [a link](https://a.example)\n\n- item", reasoning="Hm."))
    done = glm("what", "is", "this?")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "**Bold** and [a link](https://a.example)\n\n- item\n"
    assert asked(server)["messages"] == [{"role": "user", "content": "what is this?"}]
    assert asked(server)["model"] == "glm-5.2"


def test_what_comes_through_the_pipe_follows_the_question(glm: Any, server: GLMServer) -> None:
    assert glm("sum this up", stdin="Line one\nLine two\n").returncode == 0
    assert asked(server)["messages"][0]["content"] == "sum this up\n\nLine one\nLine two"
    assert glm(stdin="only the pipe").returncode == 0
    assert asked(server)["messages"][0]["content"] == "only the pipe"


def test_what_is_not_text_is_refused(glm: Any, server: GLMServer) -> None:
    done = glm("what is it?", stdin="PNG\0\0")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--image FILE" in done.stderr
    assert not server.requests


def test_nothing_to_ask(glm: Any, server: GLMServer) -> None:
    done = glm("ask")
    assert done.returncode == 2
    assert done.stderr == 'Ask something: glm "your question", or glm chat for a conversation.\n'


def test_a_misspelled_command_is_not_sent(glm: Any, server: GLMServer) -> None:
    done = glm("probee")
    assert done.returncode == 2
    assert done.stderr == "Did you mean glm probe? To ask this as a question: glm ask probee\n"
    assert not server.requests
    assert glm("ask", "probe").returncode == 0


def test_settings_are_sent(glm: Any, server: GLMServer) -> None:
    done = glm("-m", "glm-4.7", "--no-think", "--system", "Be brief.", "hi")
    assert done.returncode == 0
    assert asked(server)["model"] == "glm-4.7"
    assert asked(server)["thinking"]["type"] == "disabled"
    assert asked(server)["messages"][0] == {"role": "system", "content": "Be brief."}
    glm("--effort", "high", "--think", "hi")
    assert asked(server)["reasoning_effort"] == "high"
    assert asked(server)["thinking"]["type"] == "enabled"


def test_a_setting_that_the_model_refuses_is_a_note(glm: Any, server: GLMServer) -> None:
    done = glm("-m", "glm-5.3", "--no-think", "hi")
    assert done.returncode == 0
    assert done.stderr.startswith("Note: ")
    assert ".py" not in done.stderr


def test_search_and_its_sources(glm: Any, server: GLMServer) -> None:
    server.queue(Reply("It rains [ref_1].", web_search=PAGES))
    done = glm("--search", "weather?")
    assert asked(server)["tools"][0]["type"] == "web_search"
    assert done.stdout == (
        "It rains [ref_1].\n\nSources\n[ref_1] Rain (Rain daily, 2026-11-01)\n  https://rain.example/1\n"
    )


def test_images(glm: Any, server: GLMServer, tmp_path: Path) -> None:
    picture = tmp_path / "p.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    done = glm("--image", str(picture), "--image", "https://pictures.example/b.jpg", "what is it?")
    assert done.returncode == 0, done.stderr
    body = asked(server)
    assert body["model"] == HOSTS["zai"].image_model
    assert [part["type"] for part in body["messages"][0]["content"]] == ["image_url", "image_url", "text"]
    missing = glm("--image", str(tmp_path / "none.png"), "what?")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr == f"{tmp_path / 'none.png'}: No such file or directory\n"
    wrong = glm("--image", __file__, "what?")
    assert wrong.returncode == 2
    assert "is not an image" in wrong.stderr


def test_json(glm: Any, server: GLMServer) -> None:
    server.queue(Reply("It rains [ref_1].", reasoning="I looked.", web_search=PAGES))
    done = glm("--json", "--search", "weather?")
    facts = json.loads(done.stdout)
    assert facts["text"] == "It rains [ref_1]."
    assert facts["reasoning"] == "I looked."
    assert facts["sources"] == [
        {"ref": "ref_1", "title": "Rain", "url": "https://rain.example/1", "site": "Rain daily", "date": "2026-11-01"}
    ]
    assert (facts["host"], facts["model"], facts["finish_reason"]) == ("zai", "glm-5.2", "stop")
    assert facts["usage"]["input"] > 0
    assert facts["usage"]["output"] > facts["usage"]["thinking"] > 0
    assert facts["cost"][0]["currency"] == "USD"
    assert facts["cost"][0]["amount"] > 0
    assert facts["request_id"]
    assert facts["tool_calls"] == []


def test_schema(glm: Any, server: GLMServer, tmp_path: Path) -> None:
    schema = tmp_path / "s.json"
    schema.write_text('{"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}')
    done = glm("--schema", str(schema), 'The city is "Köln".')
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"city": "Köln"}
    facts = json.loads(glm("--schema", str(schema), "--json", "-c", 'Now it is "Bonn".').stdout)
    assert facts["data"] == {"city": "Bonn"}
    server.queue(Reply("I do not know."))
    unfit = glm("--schema", str(schema), "where?")
    assert (unfit.returncode, unfit.stdout) == (1, "")
    assert unfit.stderr.startswith("The answer does not fit the schema: ")
    assert unfit.stderr.count("\n") == 2
    schema.write_text("{")
    bad = glm("--schema", str(schema), "where?")
    assert (bad.returncode, bad.stdout) == (2, "")
    assert "this is not JSON" in bad.stderr


def test_stats(glm: Any) -> None:
    done = glm("--stats", "hi")
    assert done.stdout == "You said: hi\n"
    assert done.stderr.count("\n") == 1
    for part in (" tokens in", " out (", " USD; ", " s; glm-5.2 at zai"):
        assert part in done.stderr


def test_going_on(glm: Any, server: GLMServer) -> None:
    none = glm("-c", "and?")
    assert none.returncode == 2
    assert "There is no conversation yet" in none.stderr
    server.queue(Reply("Paris.", reasoning="Easy."), Reply("Berlin."))
    glm("-m", "glm-4.7", "capital of France?")
    glm("-c", "and of Germany?")
    body = asked(server)
    assert body["model"] == "glm-4.7"
    assert [(message["role"], message["content"]) for message in body["messages"]] == [
        ("user", "capital of France?"),
        ("assistant", "Paris."),
        ("user", "and of Germany?"),
    ]
    assert body["messages"][1]["reasoning_content"] == "Easy."


def test_conversations_are_private_and_hold_no_key(glm: Any, env: dict[str, str]) -> None:
    glm("hello")
    glm("-c", "hello again")
    [file] = (Path(env["XDG_DATA_HOME"]) / "glm" / "conversations").glob("*")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert SECRET not in file.read_text()
    assert SECRET.split(".")[1] not in file.read_text()
    assert [message["type"] for message in json.loads(file.read_text())["messages"]] == ["human", "ai", "human", "ai"]


def test_a_folder_that_cannot_be_written(glm: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = glm("hello", XDG_DATA_HOME=str(tmp_path / "file"))
    assert (done.returncode, done.stdout) == (0, "You said: hello\n")
    assert done.stderr.startswith("The conversation is not saved: ")


def test_cost(glm: Any, env: dict[str, str]) -> None:
    glm("hello")
    glm("-c", "what else is there to say about it?")
    done = glm("cost")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("glm-5.2 at zai; ")
    questions = [line[51:] for line in lines[3:]]
    assert questions == ["hello", "what else is there to say...", "together"]
    assert all(" USD " in line for line in lines[3:])
    parts = [int(line.split()[0]) for line in lines[3:]]
    assert parts[0] + parts[1] == parts[2]
    assert max(map(len, lines[2:])) <= 80
    [file] = (Path(env["XDG_DATA_HOME"]) / "glm" / "conversations").glob("*")
    assert glm("cost", str(file)).stdout == done.stdout
    wrong = glm("cost", __file__)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "is not a conversation of glm" in wrong.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["hi"], ["No host is given", "https://z.ai/manage-apikey", "ZHIPUAI_API_KEY", "MOONSHOT_API_KEY", "--demo"]),
        (["--host", "bigmodel", "hi"], ["no key for host 'bigmodel'", "https://bigmodel.cn/", "ZHIPUAI_API_KEY=YOUR"]),
        (["--host", "anyfast", "hi"], ["ANYFAST_API_KEY", "--demo"]),
        (["chat", "--host", "zai"], ["ZAI_API_KEY", "--demo"]),
    ],
)
def test_without_a_key(glm: Any, home: dict[str, str], arguments: list[str], says: list[str]) -> None:
    done = glm(*arguments, ZAI_API_KEY="", ZAI_BASE_URL="")
    assert (done.returncode, done.stdout) == (2, "")
    assert all(text in done.stderr for text in says), done.stderr
    assert max(map(len, done.stderr.splitlines())) <= 80


def test_keys_of_several_hosts(glm: Any) -> None:
    done = glm("hi", ZHIPUAI_API_KEY="other")
    assert done.returncode == 2
    assert "--host NAME" in done.stderr


@pytest.mark.parametrize("host", ["zai", "kimi"])
def test_demo(glm: Any, host: str) -> None:
    done = glm("--demo", "--host", host, "hello", ZAI_API_KEY="", ZAI_BASE_URL="")
    assert (done.returncode, done.stdout) == (0, "You said: hello\n")
    assert "--demo: a GLM server inside this program" in done.stderr
    assert HOSTS[host].key_page in done.stderr


def test_a_wrong_key(glm: Any) -> None:
    done = glm("hi", ZAI_API_KEY="wrong.key")
    assert (done.returncode, done.stdout) == (1, "")
    assert "401" in done.stderr
    assert done.stderr.count("\n") == 2
    assert "wrong.key" not in done.stderr


def test_a_wrong_host(glm: Any, server: GLMServer) -> None:
    done = glm("--base-url", server.base_url.replace("/api/paas/v4", "/v9"), "hi", GLM_API_KEY=SECRET)
    assert done.returncode == 1
    assert "404" in done.stderr


def test_a_closed_port(glm: Any) -> None:
    done = glm("hi", ZAI_BASE_URL="http://127.0.0.1:1/v4")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") <= 3
    assert "127.0.0.1" in done.stderr or "zai" in done.stderr


def test_a_stream_that_breaks_keeps_what_came(glm: Any, server: GLMServer) -> None:
    server.queue(Fault.cut(after=3, reply=Reply("one two three four five six seven")))
    done = glm("count")
    assert done.returncode == 1
    assert done.stdout.startswith("one two")
    assert done.stdout.endswith("\n")
    assert done.stderr


@pytest.mark.parametrize("silent", [True, False])
def test_ctrl_c(env: dict[str, str], server: GLMServer, silent: bool) -> None:
    server.queue(Reply("word " * 400, delay=60 if silent else 0, gap=0.05))
    process = subprocess.Popen(
        [sys.executable, "-m", "langchain_glm", "talk"],
        env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    end = time.monotonic() + 60
    while not server.requests and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(1)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    try:
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert time.monotonic() - began < 10
    assert process.returncode == 130
    assert err.startswith("Stopped.")
    assert "Traceback" not in err
    assert out.startswith("word word") != silent
    kept = [*(Path(env["XDG_DATA_HOME"]) / "glm" / "conversations").glob("*")]
    assert len(kept) == (not silent)


def test_a_reader_that_stops_reading(env: dict[str, str], server: GLMServer) -> None:
    server.queue(Reply("line\n" * 2000, gap=0.001))
    with subprocess.Popen(
        [sys.executable, "-m", "langchain_glm", "talk"],
        env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    ) as process:  # fmt: skip
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "line\n"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(30) == 141


@pytest.mark.parametrize("variables", [{"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "LANG": "C"}])
def test_a_locale_without_utf_8(glm: Any, server: GLMServer, variables: dict[str, str]) -> None:
    server.queue(Reply("Größe: 中文"), Reply("Größe"))
    done = glm("hi", **variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert "e: " in done.stdout
    assert json.loads(glm("--json", "hi", **variables).stdout)["text"] == "Größe"


def test_without_rich() -> None:
    script = "import sys; sys.modules['rich'] = None; from langchain_glm.cli.main import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", script, "--demo", "hi"], capture_output=True, text=True, check=False, env={**os.environ}
    )
    assert done.returncode == 2
    assert done.stderr == 'glm ask needs rich: pip install "langchain-zai-glm[cli]"\n'
