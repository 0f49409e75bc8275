"""deepagents: planning, files, subagents and summaries, which all look at the model."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest
from langchain.agents.middleware import TodoListMiddleware
from langchain_core.messages import AIMessageChunk
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import BaseModel

from langchain_glm import ChatGLM
from langchain_glm.catalog.hosts import PROVIDERS
from langchain_glm.deep_agents import TEXT_ONLY
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
    from pathlib import Path

    from tests.agents.acting import Run

create_deep_agent: Any = pytest.importorskip("deepagents").create_deep_agent
FilesystemBackend: Any = pytest.importorskip("deepagents.backends").FilesystemBackend

PNG: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


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


# By name, and what the profile of a text model tells it. Deep Agents finds both by entry points.

_BY_NAME = """
import sys
from deepagents import create_deep_agent
from langchain.chat_models.base import _BUILTIN_PROVIDERS

assert "langchain_glm" not in sys.modules
assert "zai" not in _BUILTIN_PROVIDERS
answer = create_deep_agent(sys.argv[1]).invoke({"messages": "Hello"})["messages"][-1]
print(answer.text, answer.response_metadata["host"])
"""


@pytest.mark.parametrize("name", ["glm:glm-5.2", "zai:glm-5.2"])
def test_a_name_works_with_nothing_called_before(name: str, glm_server: GLMServer) -> None:
    environment = {**os.environ, "ZAI_API_KEY": glm_server.api_key, "ZAI_BASE_URL": glm_server.base_url}
    glm_server.queue(Reply("Good morning."))
    done = subprocess.run(
        [sys.executable, "-c", _BY_NAME, name], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "Good morning. zai\n"
    assert TEXT_ONLY in sent(glm_server, "system")[0]["content"]


def test_names_are_registered_only_when_one_is_used() -> None:
    code = (
        "import deepagents, sys\nfrom deepagents.profiles.provider import get_provider_profile\n"
        "from langchain.chat_models.base import _BUILTIN_PROVIDERS\n"
        "print([get_provider_profile(name + ':x') is not None for name in sys.argv[1:]], 'glm' in _BUILTIN_PROVIDERS)"
    )
    command = [sys.executable, "-c", code, *PROVIDERS, "nobody"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "[True, True, True, True, False] False\n"


# the host, the model, and whether it is told that it can read only text
TOLD: list[tuple[str, str, bool]] = [
    ("zai", "glm-5.2", True),
    ("bigmodel", "glm-4.6", True),
    ("phanedge", "glm-5.2", True),
    ("kimi", "kimi-k2-thinking", True),
    ("zai", "glm-4.6v", False),
    ("kimi", "kimi-k3", False),
    ("zai", "glm-4.7", False),  # on the coding plan, a model that reads images answers
    ("zai-coding", "glm-5.2", True),
]


@pytest.mark.filterwarnings("ignore::langchain_glm.GLMWarning")
@pytest.mark.parametrize(("host", "name", "told"), TOLD)
def test_models_that_read_only_text_are_told_so(host: str, name: str, told: bool) -> None:
    """The chief and its subagent; images in the conversation would reach neither."""
    with GLMServer(host) as server:
        model = ChatGLM(model=name, host=host, base_url=server.base_url, api_key=server.api_key)
        server.queue(
            call("task", description="Say hello", subagent_type="general-purpose"), answer("Hello."), answer("Done.")
        )
        create_deep_agent(model).invoke(ask("Let somebody say hello"))
        prompts = [str(request.body["messages"][0]["content"]) for request in server.requests]
    assert [TEXT_ONLY in prompt for prompt in prompts] == [told] * 3


def test_an_image_that_is_opened_does_not_reach_a_text_model(glm_server: GLMServer, tmp_path: Path) -> None:
    """This is why it is told: the description of `read_file` promises to show images, and opening one costs a call."""
    (tmp_path / "chart.png").write_bytes(PNG)
    model = ChatGLM(model="glm-5.2", host="zai", base_url=glm_server.base_url, api_key=glm_server.api_key)
    agent = create_deep_agent(model, backend=FilesystemBackend(root_dir=str(tmp_path), virtual_mode=True))
    glm_server.queue(call("read_file", file_path="/chart.png"), answer("I see nothing."))
    agent.invoke(ask("What does the chart show?"))
    (tool,) = (entry for entry in glm_server.requests[0].body["tools"] if entry["function"]["name"] == "read_file")
    assert "image" in tool["function"]["description"].lower()
    assert "base64" not in str(glm_server.requests[1].body["messages"])
    assert "image_url" not in str(glm_server.requests[1].body["messages"])
