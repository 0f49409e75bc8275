"""deepagents: planning, files, subagents and summaries, which all look at the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents.middleware import TodoListMiddleware
from langchain_core.messages import AIMessageChunk
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import BaseModel

from langchain_glm.testing import GLMServer, Reply, ToolCall
from tests.agents.acting import (
    SECOND_THOUGHT,
    THOUGHT,
    answer,
    ask,
    call,
    get_weather,
    offered,
    results,
    sent,
    thoughts,
    thread,
)

if TYPE_CHECKING:
    from langchain_glm import ChatGLM
    from tests.agents.acting import Run

create_deep_agent: Any = pytest.importorskip("deepagents").create_deep_agent


async def test_plans_and_files(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    todo = {"content": "Write the poem", "status": "in_progress"}
    glm_server.queue(
        Reply(reasoning=THOUGHT, tool_calls=(ToolCall("write_todos", {"todos": [todo]}),)),
        call("write_file", thought=SECOND_THOUGHT, file_path="/poem.md", content="春眠不觉晓"),
        call("read_file", thought="Check.", file_path="/poem.md"),
        answer("It is written."),
    )
    result = await run(create_deep_agent(model, middleware=[TodoListMiddleware()]), ask("Write a poem"))
    assert result["messages"][-1].text == "It is written."
    assert result["files"]["/poem.md"]["content"] == "春眠不觉晓"
    assert "春眠不觉晓" in results(glm_server)[-1]
    assert thoughts(glm_server) == [THOUGHT, SECOND_THOUGHT, "Check."]
    assert {"write_todos", "write_file", "read_file", "task"} <= set(offered(glm_server))


async def test_a_subagent(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    """It thinks for itself; its thinking is none of its chief's."""
    expert: Any = {
        "name": "weather-expert",
        "description": "Knows the weather.",
        "system_prompt": "Use your tool.",
        "tools": [get_weather],
    }
    glm_server.queue(
        call("task", thought=THOUGHT, description="Weather in Lima?", subagent_type="weather-expert"),
        call("get_weather", thought=SECOND_THOUGHT, city="Lima"),
        answer("Sunny in Lima."),
        answer("My expert says: sunny."),
    )
    result = await run(create_deep_agent(model, subagents=[expert]), ask("Weather in Lima?"))
    assert result["messages"][-1].text == "My expert says: sunny."
    assert thoughts(glm_server, 2) == [SECOND_THOUGHT]
    assert thoughts(glm_server, 3) == [THOUGHT]
    assert results(glm_server) == ["Sunny in Lima."]


async def test_an_interrupt_and_a_checkpointer(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    agent: Any = create_deep_agent(
        model, [get_weather], interrupt_on={"get_weather": True}, checkpointer=InMemorySaver()
    )
    glm_server.queue(call("get_weather", thought=THOUGHT, city="Lima"), answer("Sunny."), answer("Bye."))
    assert "__interrupt__" in await run(agent, ask("Weather in Lima?"), thread())
    await run(agent, Command(resume={"decisions": [{"type": "approve"}]}), thread())
    await run(agent, ask("Thanks"), thread())
    assert thoughts(glm_server) == [THOUGHT, "I know enough."]
    assert results(glm_server) == ["Lima: sunny, 21 °C"]


class Report(BaseModel):
    """A report."""

    city: str


async def test_a_structured_answer(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(call("get_weather", thought=THOUGHT, city="Lima"), Reply('{"city": "Lima"}', reasoning="Done."))
    result = await run(create_deep_agent(model, [get_weather], response_format=Report), ask("Report on Lima"))
    assert result["structured_response"] == Report(city="Lima")


async def test_streams(model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(call("get_weather", thought=THOUGHT, city="Lima"), answer("Sunny."))
    chunks = [
        chunk
        async for chunk, _ in create_deep_agent(model, [get_weather]).astream(
            ask("Weather in Lima?"), stream_mode="messages"
        )
    ]
    blocks = [block for chunk in chunks if isinstance(chunk, AIMessageChunk) for block in chunk.content_blocks]
    assert "".join(block["reasoning"] for block in blocks if block["type"] == "reasoning") == THOUGHT + "I know enough."


async def test_a_full_window_is_summarized(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    """At 85 % of what the profile says that GLM-4.7 reads."""
    full = {"prompt_tokens": 179_990, "completion_tokens": 10, "total_tokens": 180_000}
    agent: Any = create_deep_agent(model, checkpointer=InMemorySaver())
    for number in range(10):
        glm_server.queue(
            Reply(f"Answer {number} " + "word " * 4_000, reasoning=THOUGHT, usage=full if number == 9 else None)
        )
        await run(agent, ask(f"Question {number}"), thread())
    glm_server.queue(answer("A summary."), answer("The last."))
    result = await run(agent, ask("Last question"), thread())
    assert result["messages"][-1].text == "The last."
    assert len(glm_server.requests) == 12
    assert "A summary." in sent(glm_server, "user")[0]["content"]
    assert "Question 0" not in str(glm_server.requests[-1].body["messages"])
