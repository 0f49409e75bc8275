"""Events: `astream_events` v2, and `stream_events` v3 of agents and of the bare model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver

from langchain_glm.testing import GLMServer, Reply, ToolCall
from tests.agents.acting import (
    NEW_LANGCHAIN,
    SECOND_THOUGHT,
    THOUGHT,
    answer,
    ask,
    get_time,
    get_weather,
    thoughts,
    thread,
    weather_loop,
)

if TYPE_CHECKING:
    from langchain_glm import ChatGLM

TOOLS = [get_weather, get_time]
THOUGHTS = [THOUGHT, SECOND_THOUGHT, "Done."]
TEXTS = ["", "Now Paris.", "Both are sunny."]


async def test_astream_events_v2(model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(*weather_loop())
    agent: Any = create_agent(model, TOOLS)
    events: list[Any] = [event async for event in agent.astream_events(ask("Go"), version="v2")]

    deltas = [event["data"]["chunk"] for event in events if event["event"] == "on_chat_model_stream"]
    blocks = [block for delta in deltas for block in delta.content_blocks]
    assert "".join(block["reasoning"] for block in blocks if block["type"] == "reasoning") == "".join(THOUGHTS)
    assert "".join(block["text"] for block in blocks if block["type"] == "text") == "".join(TEXTS)

    ends = [event["data"]["output"] for event in events if event["event"] == "on_chat_model_end"]
    assert [end.text for end in ends] == TEXTS
    assert [len(end.tool_calls) for end in ends] == [2, 1, 0]
    assert [event["name"] for event in events if event["event"] == "on_tool_end"].count("get_weather") == 2
    starts = [event for event in events if event["event"] == "on_chat_model_start"]
    assert {event["metadata"]["ls_model_name"] for event in starts} == {"glm-4.7"}


async def test_astream_events_v2_of_the_bare_model(model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(answer("Hello.", THOUGHT))
    events: list[Any] = [event async for event in model.astream_events("Hi", version="v2")]
    assert events[0]["event"] == "on_chat_model_start"
    assert events[-1]["event"] == "on_chat_model_end"
    assert events[-1]["data"]["output"].text == "Hello."
    assert events[-1]["data"]["output"].content_blocks[0]["reasoning"] == THOUGHT


@NEW_LANGCHAIN
def test_stream_events_v3(model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(*weather_loop())
    agent: Any = create_agent(model, TOOLS)
    run = agent.stream_events(ask("Go"), version="v3")
    turns = [(str(turn.reasoning), str(turn.text), len(turn.tool_calls.get())) for turn in run.messages]
    assert turns == list(zip(THOUGHTS, TEXTS, [2, 1, 0], strict=True))
    assert run.output["messages"][-1].text == "Both are sunny."
    assert thoughts(glm_server) == THOUGHTS[:2]


@NEW_LANGCHAIN
async def test_astream_events_v3(model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(*weather_loop())
    agent: Any = create_agent(model, TOOLS)
    run = await agent.astream_events(ask("Go"), version="v3")
    turns = [(await turn.reasoning, await turn.text, len(await turn.tool_calls)) async for turn in run.messages]
    assert turns == list(zip(THOUGHTS, TEXTS, [2, 1, 0], strict=True))
    assert (await run.output())["messages"][-1].text == "Both are sunny."
    assert thoughts(glm_server) == THOUGHTS[:2]


def test_a_conversation_in_v3_keeps_its_thinking(model: ChatGLM, glm_server: GLMServer) -> None:
    """v3 messages hold blocks whatever the model's `output_version`; their reasoning is replayed once."""
    agent: Any = create_agent(model, TOOLS, checkpointer=InMemorySaver())
    glm_server.queue(*weather_loop(), answer("You are welcome."))
    assert agent.stream_events(ask("Go"), thread(), version="v3").output
    assert agent.stream_events(ask("Thanks"), thread(), version="v3").output
    assert thoughts(glm_server) == THOUGHTS


def test_stream_events_v3_of_the_bare_model(model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(answer("Hello, 世界.", THOUGHT))
    stream: Any = model.stream_events("Hi", version="v3")
    assert "".join(stream.reasoning) == THOUGHT
    assert "".join(stream.text) == "Hello, 世界."
    output = stream.output
    assert isinstance(output, AIMessage)
    assert [block["type"] for block in output.content_blocks] == ["reasoning", "text"]
    assert output.response_metadata["model_name"] == "glm-4.7"
    assert output.usage_metadata is not None
    assert output.usage_metadata["output_token_details"]["reasoning"] > 0


async def test_astream_events_v3_of_the_bare_model(model: ChatGLM, glm_server: GLMServer) -> None:
    calls = (ToolCall("get_weather", {"city": "北京"}), ToolCall("get_time", {"city": "Lima"}))
    glm_server.queue(Reply("Both.", reasoning=THOUGHT, tool_calls=calls))
    bound: Any = model.bind_tools(TOOLS)
    stream = await bound.astream_events("Hi", version="v3")
    output = await stream.output
    assert [made["args"] for made in output.tool_calls] == [{"city": "北京"}, {"city": "Lima"}]
    assert [block["type"] for block in output.content_blocks] == ["reasoning", "text", "tool_call", "tool_call"]
    assert output.text == "Both."


def test_half_a_call_in_v3_is_invalid(model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(
        Reply(reasoning=THOUGHT, tool_calls=(ToolCall("get_weather", '{"city": "Par'),), finish_reason="length")
    )
    output = model.bind_tools(TOOLS).stream_events("Hi", version="v3").output  # type: ignore[attr-defined]
    assert output.tool_calls == []
    assert output.invalid_tool_calls[0]["name"] == "get_weather"
