"""Agents on Kimi, which obeys a tool choice and a schema, and refuses a tool call without its thinking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel

from langchain_glm import GLMToolChoiceError, KimiWebSearch
from langchain_glm.testing import GLMServer, Reply, ToolCall
from tests.agents.acting import (
    SECOND_THOUGHT,
    THOUGHT,
    answer,
    ask,
    call,
    get_time,
    get_weather,
    results,
    sent,
    thoughts,
    thread,
    weather_loop,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_glm import ChatGLM
    from tests.agents.acting import Run

pytestmark = pytest.mark.glm_host("kimi")


class Plan(BaseModel):
    """A plan for a day."""

    city: str
    steps: list[str]


@pytest.fixture
def kimi(version: str, make_model: Callable[..., ChatGLM]) -> ChatGLM:
    return make_model(model="kimi-k2.6", thinking=True, output_version=version)


@pytest.fixture
def quiet_kimi(version: str, make_model: Callable[..., ChatGLM]) -> ChatGLM:
    return make_model(model="kimi-k2.6", thinking=False, output_version=version)


async def test_thinking_goes_back_with_every_call(run: Run, kimi: ChatGLM, glm_server: GLMServer) -> None:
    """The server refuses an earlier call without `reasoning_content`, as Kimi does."""
    glm_server.queue(*weather_loop(), answer("You are welcome."))
    agent: Any = create_agent(kimi, [get_weather, get_time], checkpointer=InMemorySaver())
    await run(agent, ask("Go"), thread())
    await run(agent, ask("Thanks"), thread())
    assert thoughts(glm_server) == [THOUGHT, SECOND_THOUGHT, "Done."]
    assert all(request.body["thinking"] == {"type": "enabled", "keep": "all"} for request in glm_server.requests)
    assert [message["name"] for message in sent(glm_server, "tool")] == ["get_weather", "get_time", "get_weather"]


async def test_web_search_is_echoed(run: Run, quiet_kimi: ChatGLM, glm_server: GLMServer) -> None:
    """Kimi searches once the arguments of its `$web_search` come back as they are."""
    found = ToolCall(
        "$web_search", {"search_result": {"search_id": "s1"}, "usage": {"total_tokens": 9}}, type="builtin_function"
    )
    glm_server.queue(Reply(tool_calls=(found,)), Reply("It is GLM-5.3."))
    result = await run(create_agent(quiet_kimi, [KimiWebSearch(), get_time]), ask("Search: newest GLM?"))
    assert result["messages"][-1].text == "It is GLM-5.3."
    first, last = glm_server.requests
    assert first.body["tools"][0] == {"type": "builtin_function", "function": {"name": "$web_search"}}
    (turn,) = sent(glm_server, "assistant")
    assert turn["tool_calls"][0]["type"] == "builtin_function"
    assert results(glm_server) == ['{"search_result":{"search_id":"s1"},"usage":{"total_tokens":9}}']
    assert last.status == 200


async def test_web_search_beside_functions_unscripted(run: Run, quiet_kimi: ChatGLM, glm_server: GLMServer) -> None:
    await run(create_agent(quiet_kimi, [KimiWebSearch()]), ask("Search the web for GLM."))
    assert len(glm_server.requests) == 2
    assert "GLM" in results(glm_server)[0]


@pytest.mark.parametrize("strategy", [Plan, ProviderStrategy(Plan)], ids=["auto", "provider"])
async def test_a_schema_is_enforced_by_the_endpoint(
    strategy: Any, run: Run, kimi: ChatGLM, glm_server: GLMServer
) -> None:
    glm_server.queue(call("get_weather", thought=THOUGHT, city="Paris"))
    agent: Any = create_agent(kimi, [get_weather], response_format=strategy)
    result = await run(agent, ask('A Plan for "Paris" with the step "go"'))
    assert isinstance(result["structured_response"], Plan)
    asked = glm_server.requests[-1].body["response_format"]
    assert asked["type"] == "json_schema"
    assert list(asked["json_schema"]["schema"]["properties"]) == ["city", "steps"]
    assert sent(glm_server, "system") == []  # nothing needs to be said in words
    assert thoughts(glm_server) == [THOUGHT]


async def test_a_tool_choice_is_obeyed_without_thinking(run: Run, quiet_kimi: ChatGLM, glm_server: GLMServer) -> None:
    agent: Any = create_agent(quiet_kimi, [], response_format=ToolStrategy(Plan))
    result = await run(agent, ask("I would rather talk."))
    assert isinstance(result["structured_response"], Plan)
    assert glm_server.requests[0].body["tool_choice"] == "required"
    assert sent(glm_server, "system") == []


async def test_a_tool_choice_is_asked_for_in_words_with_thinking(
    run: Run, kimi: ChatGLM, glm_server: GLMServer
) -> None:
    glm_server.queue(answer("Let us talk."))
    agent: Any = create_agent(kimi, [], response_format=ToolStrategy(Plan))
    with pytest.raises(GLMToolChoiceError):
        await run(agent, ask("I would rather talk."))
    assert "tool_choice" not in glm_server.requests[0].body
    assert "calling one of the tools" in sent(glm_server, "system")[0]["content"]


async def test_usage_comes_in_streams(kimi: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(*weather_loop())
    agent: Any = create_agent(kimi, [get_weather, get_time])
    parts = [part async for part in agent.astream(ask("Go"), stream_mode=["messages", "values"])]
    usages = [message.usage_metadata for message in parts[-1][1]["messages"] if message.type == "ai"]
    assert all(usage and usage["total_tokens"] for usage in usages)
    assert glm_server.requests[0].body["stream_options"] == {"include_usage": True}
