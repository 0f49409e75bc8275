"""LangChain agents on ChatGLM, thinking on, against the server in its stubborn defaults; sync and async."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from pydantic import BaseModel

from langchain_glm.testing import GLMServer, Reply, ToolCall

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from langchain_glm import ChatGLM

    Make = Callable[..., ChatGLM]

THOUGHT = "\n先看天气，then “rates”…\n\n  Tabs\tstay. "


class Plan(BaseModel):
    """A plan for a day."""

    city: str
    steps: list[str]


@tool
def get_weather(city: str) -> str:
    """Get the weather of a city."""
    return f"{city}: sunny, 21 °C"


@tool
def get_time(city: str) -> str:
    """Get the local time of a city."""
    return f"{city}: 09:30"


def script(server: GLMServer) -> None:
    """Two turns of tools, the first of them two calls at once, then an answer; each with its thinking."""
    server.queue(
        Reply(
            reasoning=THOUGHT,
            tool_calls=(ToolCall("get_weather", {"city": "北京"}), ToolCall("get_time", {"city": "北京"})),
        ),
        Reply("Now Paris.", reasoning="Paris is next.", tool_calls=(ToolCall("get_weather", {"city": "Paris"}),)),
        Reply("Both are sunny.", reasoning="Done."),
    )


def check(server: GLMServer, messages: list[Any]) -> None:
    assert messages[-1].text == "Both are sunny."
    assert [message.text for message in messages if isinstance(message, ToolMessage)] == [
        "北京: sunny, 21 °C",
        "北京: 09:30",
        "Paris: sunny, 21 °C",
    ]
    last = [message for message in server.requests[-1].body["messages"] if message["role"] == "assistant"]
    assert [message["reasoning_content"] for message in last] == [THOUGHT, "Paris is next."]
    assert [message["content"] for message in last] == ["", "Now Paris."]


@pytest.mark.parametrize("version", ["v0", "v1"])
@pytest.mark.parametrize("streaming", [False, True])
def test_a_tool_loop_keeps_its_thinking(streaming: bool, version: str, glm_server: GLMServer, make_model: Make) -> None:
    script(glm_server)
    settings: dict[str, Any] = {"streaming": True} if streaming else {}
    agent = create_agent(make_model(output_version=version, **settings), [get_weather, get_time])
    check(glm_server, agent.invoke({"messages": [HumanMessage("Go")]})["messages"])


@pytest.mark.parametrize("version", ["v0", "v1"])
async def test_a_tool_loop_keeps_its_thinking_async(version: str, glm_server: GLMServer, make_model: Make) -> None:
    script(glm_server)
    agent = create_agent(make_model(output_version=version), [get_weather, get_time])
    states = [state async for state in agent.astream({"messages": [HumanMessage("Go")]}, stream_mode="values")]
    check(glm_server, states[-1]["messages"])


@pytest.mark.parametrize("version", ["v0", "v1"])
def test_a_checkpointer_keeps_thinking_byte_for_byte(
    version: str, tmp_path: Path, glm_server: GLMServer, make_model: Make
) -> None:
    script(glm_server)
    glm_server.queue(Reply("You are welcome."))
    config: Any = {"configurable": {"thread_id": "1"}}
    path = str(tmp_path / "memory.db")
    with SqliteSaver.from_conn_string(path) as saver:
        agent = create_agent(make_model(output_version=version), [get_weather, get_time], checkpointer=saver)
        agent.invoke({"messages": [HumanMessage("Go")]}, config)
    with SqliteSaver.from_conn_string(path) as saver:  # as another process would
        agent = create_agent(make_model(output_version=version), [get_weather, get_time], checkpointer=saver)
        agent.invoke({"messages": [HumanMessage("Thanks")]}, config)
    sent = [message for message in glm_server.requests[-1].body["messages"] if message["role"] == "assistant"]
    assert [message["reasoning_content"] for message in sent] == [THOUGHT, "Paris is next.", "Done."]


@pytest.mark.parametrize("version", ["v0", "v1"])
def test_stream_mode_messages_tells_thinking_from_answer(version: str, glm_server: GLMServer, make_model: Make) -> None:
    script(glm_server)
    agent = create_agent(make_model(output_version=version), [get_weather, get_time])
    thinking = answer = ""
    for chunk, _ in agent.stream({"messages": [HumanMessage("Go")]}, stream_mode="messages"):
        if isinstance(chunk, AIMessageChunk):
            for block in chunk.content_blocks:
                if block["type"] == "reasoning":
                    thinking += block["reasoning"]
                elif block["type"] == "text":
                    answer += block["text"]
    assert thinking == THOUGHT + "Paris is next." + "Done."
    assert answer == "Now Paris." + "Both are sunny."


@pytest.mark.parametrize("tools", [[], [get_weather]], ids=["no tools", "tools"])
@pytest.mark.parametrize("strategy", [Plan, ProviderStrategy(Plan), ToolStrategy(Plan)], ids=["auto", "json", "tool"])
def test_structured_answers(strategy: Any, tools: list[Any], make_model: Make) -> None:
    agent: Any = create_agent(make_model(), tools, response_format=strategy)
    result = agent.invoke({"messages": [HumanMessage('Make a Plan with city "Paris" and steps.')]})
    assert isinstance(result["structured_response"], Plan)


def test_memory_over_turns(make_model: Make, glm_server: GLMServer) -> None:
    agent = create_agent(make_model(), [], checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    agent.invoke({"messages": [HumanMessage("My name is Li.")]}, config)
    agent.invoke({"messages": [HumanMessage("What is my name?")]}, config)
    assert [message["role"] for message in glm_server.requests[-1].body["messages"]] == ["user", "assistant", "user"]


def test_a_foreign_history_is_cleaned(make_model: Make, glm_server: GLMServer) -> None:
    """A conversation that another provider's model began goes on with GLM."""
    foreign = AIMessage(
        [
            {"type": "thinking", "thinking": "secret", "signature": "x"},
            {"type": "text", "text": "I look it up.", "annotations": []},
            {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}},
            {"type": "tool_use", "id": "t1", "name": "get_weather", "input": {"city": "Rome"}},
        ],
        tool_calls=[{"name": "get_weather", "args": {"city": "Rome"}, "id": "t1", "type": "tool_call"}],
        additional_kwargs={"reasoning_content": "of another model"},
        response_metadata={"model_provider": "anthropic"},
        name="other",
    )
    make_model().invoke(
        [HumanMessage("Weather?", name="li"), foreign, ToolMessage("Rain", tool_call_id="t1", name="w")]
    )
    assert glm_server.requests[-1].body["messages"] == [
        {"role": "user", "content": "li: Weather?"},
        {
            "role": "assistant",
            "content": "I look it up.",
            "tool_calls": [
                {
                    "id": "t1",
                    "type": "function",
                    "function": {"name": "get_weather", "arguments": '{"city":"Rome"}'},
                }
            ],
        },
        {"role": "tool", "content": "Rain", "tool_call_id": "t1"},
    ]
