"""Answers that content safety stops (`sensitive`), for LangChain's `ModelRefusalMiddleware` and without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent, middleware
from langchain.agents.middleware import ModelFallbackMiddleware
from langchain_core import exceptions
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel

from langchain_glm import GLMContentFilterError
from langchain_glm.testing import Fault, Reply
from tests.agents.acting import answer, ask, call, get_weather, thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_glm import ChatGLM
    from langchain_glm.testing import GLMServer
    from tests.agents.acting import Run

ModelRefusalMiddleware: Any = getattr(middleware, "ModelRefusalMiddleware", None)
ModelRefusalError: Any = getattr(exceptions, "ModelRefusalError", None)

refuses = pytest.mark.skipif(ModelRefusalMiddleware is None, reason="ModelRefusalMiddleware came with langchain 1.5")
STOPPED = Reply("I would", finish_reason="sensitive", content_filter=[{"role": "assistant", "level": 0}])


class City(BaseModel):
    """A city."""

    name: str


@refuses
@pytest.mark.parametrize("mode", ["whole", "streamed"])
async def test_a_stopped_answer_is_a_refusal(mode: str, run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    """The error holds what had come, which the user must not see."""
    agent: Any = create_agent(model, [], middleware=[ModelRefusalMiddleware()])
    glm_server.queue(STOPPED)

    async def stream() -> None:
        async for _ in agent.astream(ask("Tell me"), stream_mode="messages"):
            pass

    with pytest.raises(ModelRefusalError, match="content safety stopped") as caught:
        await (run(agent, ask("Tell me")) if mode == "whole" else stream())
    stopped = caught.value.raw_message
    assert isinstance(stopped, AIMessage)
    assert stopped.text == "I would"
    assert stopped.response_metadata["finish_reason"] == "sensitive"
    assert stopped.response_metadata["content_filter"] == [{"role": "assistant", "level": 0}]
    assert len(glm_server.requests) == 1


@refuses
async def test_in_the_middle_of_a_tool_loop(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    """The conversation keeps what came before the refusal, and goes on."""
    agent: Any = create_agent(model, [get_weather], middleware=[ModelRefusalMiddleware()], checkpointer=InMemorySaver())
    glm_server.queue(call("get_weather", city="Paris"), STOPPED)
    with pytest.raises(ModelRefusalError):
        await run(agent, ask("Weather?"), thread())
    glm_server.queue(answer("Sunny."))
    state = await run(agent, ask("Just the weather."), thread())
    assert [message.type for message in state["messages"]] == ["human", "ai", "tool", "human", "ai"]
    assert "I would" not in str(glm_server.requests[-1].body)


@refuses
async def test_a_refused_schema(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    """What came is half of a JSON object; it is reported as a refusal, not as an answer that cannot be parsed."""
    agent: Any = create_agent(model, [], middleware=[ModelRefusalMiddleware()], response_format=City)
    glm_server.queue(Reply('{"name": "Pa', finish_reason="sensitive"))
    with pytest.raises(ModelRefusalError):
        await run(agent, ask("A city"))


@refuses
async def test_a_fallback_answers_instead(
    run: Run, model: ChatGLM, make_model: Callable[..., ChatGLM], glm_server: GLMServer
) -> None:
    """With the fallback listed first, as LangChain says."""
    other: Any = ModelFallbackMiddleware(make_model(model="glm-5.2"))
    agent: Any = create_agent(model, [], middleware=[other, ModelRefusalMiddleware()])
    glm_server.queue(STOPPED, answer("Gladly."))
    assert (await run(agent, ask("Tell me")))["messages"][-1].text == "Gladly."
    assert glm_server.requests[-1].body["model"] == "glm-5.2"


@refuses
async def test_an_answer_passes(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(answer("Gladly."))
    agent: Any = create_agent(model, [], middleware=[ModelRefusalMiddleware()])
    assert (await run(agent, ask("Tell me")))["messages"][-1].text == "Gladly."


async def test_without_the_middleware_the_answer_says_why_it_ended(
    run: Run, model: ChatGLM, glm_server: GLMServer
) -> None:
    glm_server.queue(STOPPED)
    last = (await run(create_agent(model, []), ask("Tell me")))["messages"][-1]
    assert last.text == "I would"
    assert last.response_metadata["finish_reason"] == "sensitive"


async def test_a_refused_prompt_is_an_error(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    """1301 comes instead of an answer, so there is no message that could hold a refusal."""
    glm_server.queue(Fault.code("1301"))
    with pytest.raises(GLMContentFilterError) as caught:
        await run(create_agent(model, []), ask("Tell me"))
    assert caught.value.content_filter == [{"level": 1, "role": "user"}]
