"""One turn: what of it is kept when it ends early, so that the conversation can go on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.tools import tool

from langchain_glm import ChatGLM
from langchain_glm.cli.turn import run_turn
from langchain_glm.testing import GLMServer, Reply, ToolCall

if TYPE_CHECKING:
    from langchain_glm.cli.turn import Event

QUESTION = [HumanMessage("hi")]


@tool
async def wait_long() -> str:
    """Wait."""
    await asyncio.sleep(60)
    return "done"


def model_of(server: GLMServer) -> ChatGLM:
    return ChatGLM(model="glm-5.2", host="zai", base_url=server.base_url, api_key=server.api_key)


async def until(server: GLMServer, kind: str, tools: list[object]) -> tuple[list[Event], list[BaseMessage]]:
    """Run a turn until an event of this kind comes, and stop it then."""
    came: list[BaseMessage] = []
    events = []
    turn = run_turn(model_of(server), QUESTION, tools, came)
    async for event in turn:
        events.append(event)
        if event.kind == kind:
            break
    await turn.aclose()
    return events, came


async def test_the_beginning_of_an_answer_is_kept(server: GLMServer) -> None:
    server.queue(Reply("one two three " * 20, reasoning="I count.", gap=0.01))
    events, [kept] = await until(server, "text", [])
    assert isinstance(kept, AIMessage)
    assert kept.text == events[-1].text
    assert kept.additional_kwargs["reasoning_content"] == "I count."
    assert kept.response_metadata["interrupted"] is True


async def test_thinking_alone_is_not_kept(server: GLMServer) -> None:
    server.queue(Reply("Yes.", reasoning="I think long. " * 20, gap=0.01))
    _, came = await until(server, "thinking", [])
    assert came == []


async def test_a_call_without_its_result_is_not_kept(server: GLMServer) -> None:
    server.queue(Reply(tool_calls=[ToolCall("wait_long")]))
    events, came = await until(server, "call", [wait_long])
    assert [(event.kind, event.text) for event in events] == [("call", "wait_long()")]
    assert came == []


async def test_text_before_a_call_is_kept_without_the_call(server: GLMServer) -> None:
    server.queue(Reply("I wait.", tool_calls=[ToolCall("wait_long")], gap=0.01))
    _, came = await until(server, "text", [wait_long])
    assert [message.text for message in came] == ["I wait."]
    assert isinstance(came[0], AIMessage)
    assert came[0].tool_calls == []
