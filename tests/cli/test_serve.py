"""`glm serve`: its arguments, the page of requests beside a strict endpoint, faults, and the chat page."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import httpx2
import pytest

from langchain_glm import HOSTS, ChatGLM
from langchain_glm.cli.chat_demo import EXAMPLES, make_agent, prepared_reply
from langchain_glm.cli.faults import HELP, drawn_fault, planned_fault
from langchain_glm.cli.main import main
from langchain_glm.testing import Fault, GLMServer

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS: Final = {variable for host in HOSTS.values() for variable in (*host.key_variables, *host.url_variables)}


class Served(NamedTuple):
    printed: dict[str, str]
    client: httpx2.Client
    process: subprocess.Popen[str]

    def post(self, model: str = "glm-5.2", text: str = "Hello", key: str = "test.key", **more: Any) -> httpx2.Response:
        body = {"model": model, "messages": [{"role": "user", "content": text}], **more}
        url = self.printed["base_url"] + "/chat/completions"
        return self.client.post(url, json=body, headers={"authorization": f"Bearer {key}"})

    def exchanges(self, count: int) -> list[dict[str, Any]]:
        """The last state of the first exchanges that the page of requests shows, when they have ended."""
        shown: dict[int, dict[str, Any]] = {}
        with self.client.stream("GET", "requests/events") as response:
            for line in response.iter_lines():
                if line.startswith("data: "):
                    exchange = json.loads(line.removeprefix("data: "))
                    shown[exchange["id"]] = exchange
                    if sum(bool(one["ended"]) for one in shown.values()) == count:
                        break
        return list(shown.values())


@contextmanager
def glm_serve(*arguments: str, **variables: str) -> Iterator[Served]:
    environment = {name: value for name, value in os.environ.items() if name not in KEYS}
    command = [sys.executable, "-m", "langchain_glm", "serve", "--port", "0", *arguments]
    with subprocess.Popen(
        command, env={**environment, **variables}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if "Ctrl-C" in line:
                break
        try:
            printed = dict(line.split("=", 1) for line in lines if re.match(r"\w+=", line))
            with httpx2.Client(base_url=printed["page"], timeout=30) as client:
                yield Served(printed, client, process)
            process.send_signal(signal.SIGINT)
            _, complaints = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, complaints) == (0, "")


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with glm_serve("--host", "bigmodel", "--max-in-flight", "3") as served:
        yield served


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--host", "nowhere"], "invalid choice: 'nowhere'"),
        (["--port", "x"], "'x' is not a port"),
        (["--port", "70000"], "'70000' is not a port"),
        (["--frobnicate"], "unrecognized arguments"),
    ],
)
def test_bad_arguments(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["serve", *arguments])
    assert left.value.code == 2
    assert complaint in capsys.readouterr().err


def test_a_taken_port(glm_server: GLMServer, capsys: pytest.CaptureFixture[str]) -> None:
    port = httpx2.URL(glm_server.base_url).port
    assert main(["serve", "--port", str(port)]) == 1
    assert f"Port {port} cannot be used" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--live"], ["--model", "glm-5.2"]])
def test_settings_of_the_chat_page_need_it(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", *arguments]) == 2
    assert "add --chat" in capsys.readouterr().err


def test_a_live_page_without_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", "0", "--chat", "--live"]) == 2
    assert "ZAI_API_KEY" in capsys.readouterr().err


def test_what_it_prints(served: Served) -> None:
    assert served.printed["base_url"] == served.printed["page"] + "api/paas/v4"
    assert served.printed["api_key"] == "test.key"


def test_the_endpoint_is_as_strict_as_without_pages(served: Served) -> None:
    """The pages stand only where no host has an API; everywhere else the endpoint answers as it always does."""
    with GLMServer("bigmodel") as plain, httpx2.Client(base_url=plain.base_url) as other:
        for method, path in (("GET", "../../../x"), ("POST", "chat"), ("GET", "chat/completions"), ("GET", "models")):
            ours, theirs = (
                client.request(method, f"{url}/{path}", headers={"authorization": "Bearer test.key"})
                for client, url in ((served.client, served.printed["base_url"]), (other, plain.base_url))
            )
            assert ours.status_code == theirs.status_code, path
            assert ours.headers.keys() == theirs.headers.keys(), path
            varies = r"\d{10,}\w*|\d{4}-\d\d-\d\dT[\d:.+]+"  # ids and the time
            assert re.sub(varies, "", ours.text) == re.sub(varies, "", theirs.text), path


def test_the_page_of_requests(served: Served) -> None:
    page = served.client.get("")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    about = served.client.get("requests/about").json()
    assert (about["host"], about["base_url"], about["chat"]) == ("bigmodel", served.printed["base_url"], "")
    assert "test.key" not in page.text + json.dumps(about)
    assert served.client.get("", headers={"host": "evil.example"}).status_code == 403
    assert served.client.get("requests/events", headers={"host": "evil.example"}).status_code == 403


def test_requests_are_shown_without_keys() -> None:
    with glm_serve() as served:
        served.post(text="my key is test.key")
        served.post(key="another.key", text="another.key")
        headers = {"Authorization": "secret-of-mcp"}
        tool = {"type": "mcp", "mcp": {"server_label": "x", "server_url": "https://a.example", "headers": headers}}
        served.post(tools=[tool])
        served.post(text="x" * 5000, stream=True)
        first, wrong, mcp, streamed = served.exchanges(4)
    assert (first["path"], first["model"], first["status"]) == ("/api/paas/v4/chat/completions", "glm-5.2", 200)
    assert first["sent"]["messages"][0]["content"] == "my key is **********"
    assert "**********" in first["received"]["choices"][0]["message"]["content"]
    assert first["ended"] == "complete"
    assert first["milliseconds"] >= 0
    assert wrong["status"] == 401
    assert "secret-of-mcp" not in json.dumps(mcp)
    assert streamed["received"].startswith("data: {")
    assert "(5,000 characters)" in streamed["sent"]["messages"][0]["content"]
    assert not re.search(r"test\.key|another\.key", json.dumps([first, wrong, mcp, streamed]))


def test_a_request_is_in_flight_until_it_ends() -> None:
    with glm_serve("--fault", "silence") as served:
        url = served.printed["base_url"] + "/chat/completions"
        body = {"model": "glm-5.2", "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
        headers = {"authorization": "Bearer test.key"}
        with served.client.stream("POST", url, json=body, headers=headers) as response:
            lines = response.iter_lines()
            next(lines)
            with served.client.stream("GET", "requests/events") as events:
                line = next(line for line in events.iter_lines() if line)
            assert json.loads(line.removeprefix("data: "))["ended"] == ""
        [exchange] = served.exchanges(1)
    assert (exchange["ended"], exchange["status"]) == ("early", 200)


def test_faults_come_in_order_and_then_no_more() -> None:
    with glm_serve("--fault", "1302", "--fault", "502", "--fault", "1113") as served:
        statuses = [served.post().status_code for _ in range(4)]
    assert statuses == [429, 502, 429, 200]


def test_a_share_of_requests_fails() -> None:
    drawn = [drawn_fault([planned_fault("1302:0.25")]) for _ in range(2000)]
    assert 350 < sum(fault is not None for fault in drawn) < 650
    assert all(drawn_fault([planned_fault("cut:1")]) == Fault.cut() for _ in range(50))
    assert drawn_fault([planned_fault("cut")]) is None
    with glm_serve("--fault", "1302:1") as served:
        assert [served.post().status_code for _ in range(3)] == [429] * 3


@pytest.mark.parametrize("text", ["nothing", "200", "99999", "cut:0", "cut:1.5", "cut:x", "cut:", "cut:nan"])
def test_faults_that_are_not_there(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        planned_fault(text)


def test_the_help_lists_every_kind_of_fault() -> None:
    listed = re.findall(r"^  ([a-z]+(?:-[a-z0-9]+)*)  +\S", HELP, re.MULTILINE)
    kinds = {planned_fault(name).fault.kind for name in ("1302", "502", *listed)}
    made = {name for name, value in vars(Fault).items() if isinstance(value, staticmethod)}
    assert kinds == made - {"json"}  # it needs a body
    assert max(map(len, HELP.splitlines())) < 80


def test_the_chat_page_answers_without_a_key() -> None:
    with glm_serve("--chat") as served:
        assert served.printed["chat"] == served.printed["page"] + "chat/"
        about = served.client.get("chat/about").json()
        assert about["examples"] == list(EXAMPLES)
        assert about["images"]
        message = {"thread": "a-thread-of-a-test", "text": "Use get_weather for Shanghai."}
        events = served.client.post("chat/chat", json=message).text
        assert "Shanghai: 4 °C" in events
        assert served.client.get("requests/about").json()["chat"] == "chat/"
        paths = {exchange["path"] for exchange in served.exchanges(2)}
    assert paths == {"/api/paas/v4/chat/completions"}


def test_a_live_chat_page_asks_the_real_host() -> None:
    with (
        GLMServer("zai") as real,
        glm_serve("--chat", "--live", ZAI_API_KEY=real.api_key, ZAI_BASE_URL=real.base_url) as served,
    ):
        assert "glm-5.2 at " in served.client.get("chat/about").json()["note"]
        served.client.post("chat/chat", json={"thread": "a-thread-of-a-test", "text": "Hello"})
        assert len(real.requests) == 1


@pytest.mark.parametrize("question", EXAMPLES[:2])
async def test_the_prepared_conversations(question: str) -> None:
    with GLMServer("zai", answer=prepared_reply) as server:
        model = ChatGLM(
            model="glm-5.3-flash", thinking=True, host="zai", base_url=server.base_url, api_key=server.api_key
        )
        done = await make_agent(model).ainvoke({"messages": [("user", question)]}, {"configurable": {"thread_id": "1"}})
    called = [call["name"] for message in done["messages"] if message.type == "ai" for call in message.tool_calls]
    assert called == ["get_weather", "convert_currency", "web_search"]
    answer = done["messages"][-1]
    assert "2077.50" in answer.text.replace(",", "")
    assert [source["refer"] for source in answer.response_metadata["sources"]] == ["ref_1", "ref_2"]


def test_the_prepared_conversation_is_only_for_its_own_page(glm_server: GLMServer) -> None:
    assert prepared_reply({"messages": [{"role": "user", "content": EXAMPLES[0]}]}) is None
    assert prepared_reply({"messages": [{"role": "user", "content": "Hello"}], "tools": None}) is None
