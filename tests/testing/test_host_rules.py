"""The server takes a `Host`, and each of its rules decides how the server answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from langchain_glm import HOSTS, ChatGLM
from langchain_glm.testing import GLMServer
from tests.testing.asking import ask, body_for, frames, function, post

COLOUR = function("note_colour", colour={"type": "string"})
FORCED = {"type": "function", "function": {"name": "note_colour"}}
SEARCH = {"type": "web_search", "web_search": {"enable": True}}
ZAI = HOSTS["zai"]


def test_a_host_of_your_own() -> None:
    mine = replace(ZAI, name="mine", base_url="https://glm.example/models/v9")
    with GLMServer(mine) as server:
        assert server.host == "mine"
        assert server.base_url.endswith("/models/v9")
        model = ChatGLM(model="glm-4.7", host=mine, base_url=server.base_url, api_key=server.api_key)
        assert model.invoke("Hello").text == "You said: Hello"


def called(host: Any, **rest: Any) -> bool:
    with GLMServer(host) as server:
        return bool(
            ask(server, tools=[COLOUR], tool_choice=FORCED, **rest).json()["choices"][0]["message"].get("tool_calls")
        )


def test_tool_choice() -> None:
    assert not called(ZAI)
    assert called(replace(ZAI, tool_choice=True))


@pytest.mark.parametrize("model", ["kimi-k2.6", "kimi-k3"])
def test_a_forced_choice_while_thinking(model: str) -> None:
    with GLMServer("kimi") as server:
        body = body_for(tools=[COLOUR], tool_choice=FORCED) | {"model": model}
        assert post(server, body).status_code == 400
    with GLMServer(replace(HOSTS["kimi"], forces_while_thinking=True)) as server:
        assert post(server, body).status_code == 200


def test_json_schema() -> None:
    schema = {"type": "object", "properties": {"hue": {"type": "string"}}, "required": ["hue"]}
    given: dict[str, Any] = {
        "response_format": {"type": "json_schema", "json_schema": {"name": "hue", "schema": schema}}
    }
    for host, enforced in ((ZAI, False), (replace(ZAI, json_schema=True), True)):
        with GLMServer(host) as server:
            assert ask(server, **given).json()["choices"][0]["message"]["content"].startswith('{"hue"') is enforced


def test_the_field_of_the_output_limit() -> None:
    with GLMServer(replace(ZAI, max_tokens_field="max_completion_tokens")) as server:
        assert ask(server, max_tokens=1).json()["choices"][0]["finish_reason"] == "stop"
        assert ask(server, max_completion_tokens=1).json()["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize("name", ["zai", "phanedge"])
def test_usage_in_streams(name: str) -> None:
    for asked_for in (True, False):
        with GLMServer(replace(HOSTS[name], stream_usage=asked_for)) as server:
            unasked = any(frame.get("usage") for frame in frames(ask(server, stream=True)))
            assert unasked is not asked_for
            options = {"include_usage": True}
            assert any(frame.get("usage") for frame in frames(ask(server, stream=True, stream_options=options)))


@pytest.mark.parametrize("name", ["zai", "phanedge"])
def test_the_field_of_reasoning(name: str) -> None:
    with GLMServer(replace(HOSTS[name], reasoning_field="reasoning")) as server:
        assert ask(server).json()["choices"][0]["message"]["reasoning"]
        assert any(frame["choices"][0]["delta"].get("reasoning") for frame in frames(ask(server, stream=True)))


def test_names_of_tools() -> None:
    with GLMServer(replace(ZAI, tool_names="[a-z]{1,5}")) as server:
        assert ask(server, tools=[COLOUR]).json()["error"]["code"] == "1214"
        assert ask(server, tools=[function("paint")]).status_code == 200


@pytest.mark.parametrize(("changes", "status"), [({}, 200), ({"glm_tools": False}, 400), ({"search_engine": "x"}, 400)])
def test_the_search_tool(changes: Any, status: int) -> None:
    with GLMServer(replace(ZAI, **changes)) as server:
        assert ask(server, tools=[SEARCH]).status_code == status


def test_a_host_that_requires_an_engine_takes_a_named_one() -> None:
    with GLMServer("bigmodel") as server:
        assert ask(server, tools=[SEARCH]).json()["error"]["code"] == "1214"
        named = {"type": "web_search", "web_search": {"enable": True, "search_engine": "search_std"}}
        assert ask(server, tools=[named]).status_code == 200


@pytest.mark.parametrize(
    ("name", "thinking", "kept"),
    [
        ("zai", None, False),
        ("zai", {"clear_thinking": False}, True),
        ("zai-coding", None, True),
        ("zai-coding", {"clear_thinking": True}, False),
        ("kimi", None, False),
        ("kimi", {"type": "enabled", "keep": "all"}, True),
    ],
)
def test_reasoning_of_earlier_turns(name: str, thinking: Any, kept: bool) -> None:
    def tokens(reasoning: str) -> int:
        earlier = {"role": "assistant", "content": "Yes.", "reasoning_content": reasoning}
        asked = {"role": "user", "content": "And now?"}
        with GLMServer(name) as server:
            body = body_for(host=name, thinking=thinking)
            return int(post(server, body | {"messages": [asked, earlier, asked]}).json()["usage"]["prompt_tokens"])

    assert (tokens("thought " * 50) > tokens("thought")) is kept


def test_a_plan_maps_every_effort() -> None:
    for plan, status in ((False, 400), (True, 200)):
        with GLMServer(replace(ZAI, coding_plan=plan)) as server:
            body = body_for(reasoning_effort="medium", thinking={"type": "disabled"}) | {"model": "glm-5.3"}
            assert post(server, body).status_code == status
