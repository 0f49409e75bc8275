"""GLM caches the beginning of a prompt; an agent's requests begin alike, byte for byte, from turn to turn."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import httpx2
import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import SummarizationMiddleware
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel

from langchain_glm.testing import Reply, ToolCall
from tests.agents.acting import THOUGHT, answer, ask, call, get_time, get_weather, thread, weather_loop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from langchain_glm import ChatGLM
    from langchain_glm.testing import GLMServer
    from tests.agents.acting import Run

PROMPT = "You are a guide. " * 20


class Stop(BaseModel):
    """A place on the way."""

    name: str
    kind: Literal["food", "sight", "hotel"] = "sight"
    notes: dict[str, str] | None = None


@tool
def plan_route(stops: list[Stop], by: Literal["foot", "train"] = "train") -> str:
    """Plan a route."""
    return f"{len(stops)} stops by {by}"


TOOLS = [get_weather, get_time, plan_route]


@pytest.fixture
def sent() -> list[bytes]:
    """The bodies of the requests, as bytes, in order."""
    return []


@pytest.fixture
async def clients(sent: list[bytes]) -> AsyncIterator[dict[str, Any]]:
    """HTTP clients that note the bodies that they send."""

    def note(request: httpx2.Request) -> None:
        sent.append(request.content)

    async def anote(request: httpx2.Request) -> None:
        sent.append(request.content)

    with httpx2.Client(event_hooks={"request": [note]}) as client:
        async with httpx2.AsyncClient(event_hooks={"request": [anote]}) as async_client:
            yield {"http_client": client, "http_async_client": async_client}


@pytest.fixture
def model(version: str, clients: dict[str, Any], make_model: Callable[..., ChatGLM]) -> ChatGLM:
    return make_model(thinking=True, output_version=version, **clients)


def parts(request: bytes) -> tuple[bytes, bytes, bytes]:
    """The bytes before the messages, those of the messages without the closing bracket, and those after them."""
    before, _, rest = request.partition(b'"messages":[')
    depth, quoted, skip = 1, False, False
    for at, byte in enumerate(rest):
        if skip:
            skip = False
        elif quoted:
            skip, quoted = byte == ord("\\"), byte != ord('"')
        elif byte == ord('"'):
            quoted = True
        elif byte in b"[{":
            depth += 1
        elif byte in b"]}":
            depth -= 1
        if not depth:
            return before, rest[:at], rest[at:]
    raise AssertionError(request)


def assert_each_continues_the_one_before(requests: list[bytes]) -> None:
    split = [parts(request) for request in requests]
    assert len({(before, after) for before, _, after in split}) == 1  # the model, the tools and all settings
    for (_, earlier, _), (_, later, _) in pairwise(split):
        assert later.startswith(earlier + b",")


async def test_every_request_continues_the_one_before(
    run: Run, model: ChatGLM, sent: list[bytes], glm_server: GLMServer
) -> None:
    """Over the steps of a tool loop and over turns, with thinking and with tool results."""
    agent: Any = create_agent(model, TOOLS, system_prompt=PROMPT, checkpointer=InMemorySaver())
    for turn in range(3):
        glm_server.queue(
            *weather_loop()[:2],
            call("plan_route", thought=THOUGHT, stops=[{"name": "北京", "notes": {"b": "1", "a": "2"}}]),
            answer(f"Turn {turn}."),
        )
        await run(agent, ask(f"Question {turn}"), thread())
    assert len(sent) == 12
    assert_each_continues_the_one_before(sent)


async def test_in_streams_too(model: ChatGLM, sent: list[bytes], glm_server: GLMServer) -> None:
    agent: Any = create_agent(model, TOOLS, system_prompt=PROMPT, checkpointer=InMemorySaver())
    for turn in range(2):
        glm_server.queue(*weather_loop())
        async for _ in agent.astream(ask(f"Question {turn}"), thread(), stream_mode="messages"):
            pass
    assert all(request.body["stream"] for request in glm_server.requests)
    assert_each_continues_the_one_before(sent)


async def test_a_reply_that_was_streamed_goes_back_like_one_that_was_not(
    model: ChatGLM, sent: list[bytes], glm_server: GLMServer
) -> None:
    """One conversation, once streamed and once whole: the history that is sent at the end is the same."""
    histories = []
    for streaming in (True, False):
        streams = model.model_copy(update={"streaming": streaming})
        agent: Any = create_agent(streams, TOOLS, checkpointer=InMemorySaver())
        calls = [ToolCall("get_weather", '{"city": "Paris"}', id="1"), ToolCall("get_time", {"city": "Rome"}, id="2")]
        glm_server.queue(Reply("Two.", reasoning=THOUGHT, tool_calls=calls), answer("Done."), answer("Yes."))
        await agent.ainvoke(ask("Weather?"), thread())
        await agent.ainvoke(ask("Sure?"), thread())
        assert glm_server.requests[-1].body.get("stream", False) is streaming
        histories.append(parts(sent[-1])[1])
    assert histories[0] == histories[1]


async def test_another_process_continues_the_prefix(
    run: Run, model: ChatGLM, sent: list[bytes], glm_server: GLMServer
) -> None:
    """The same agent made anew, with the same checkpoints."""
    saver = InMemorySaver()
    for turn in range(2):
        agent: Any = create_agent(model.model_copy(), list(TOOLS), system_prompt=PROMPT, checkpointer=saver)
        glm_server.queue(*weather_loop())
        await run(agent, ask(f"Question {turn}"), thread())
    assert_each_continues_the_one_before(sent)


async def test_a_summary_keeps_the_tools_and_the_system_prompt(
    run: Run, model: ChatGLM, sent: list[bytes], glm_server: GLMServer
) -> None:
    """It replaces the history after them once; the requests after it continue each other again."""
    summary: Any = SummarizationMiddleware(model, trigger=("messages", 6), keep=("messages", 2))
    agent: Any = create_agent(model, TOOLS, system_prompt=PROMPT, middleware=[summary], checkpointer=InMemorySaver())
    for turn in range(5):
        glm_server.queue(*[answer(f"Answer {turn}.")] * 2)
        await run(agent, ask(f"Question {turn}"), thread())
        glm_server.clear_queue()
    own = [request for request in sent if b'"tools":[' in request]
    assert len(own) == 5
    assert len(sent) == 6  # one of them asked for the summary
    where = next(at for at, request in enumerate(sent) if request not in own)
    assert_each_continues_the_one_before(own[:where])
    assert_each_continues_the_one_before(own[where:])
    system = parts(own[0])[1].partition(b'},{"role"')[0]
    assert PROMPT.strip().encode() in system
    assert len({(parts(request)[0], parts(request)[2]) for request in own}) == 1
    assert all(parts(request)[1].startswith(system) for request in own)


async def test_what_came_from_the_cache_is_shown(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    agent: Any = create_agent(model, TOOLS, system_prompt=PROMPT, checkpointer=InMemorySaver())
    glm_server.queue(*weather_loop(), *weather_loop())
    await run(agent, ask("Question 1"), thread())
    state = await run(agent, ask("Question 2"), thread())
    usages = [message.usage_metadata for message in state["messages"] if message.type == "ai"]
    read = [usage["input_token_details"]["cache_read"] for usage in usages]
    assert read == sorted(read)
    assert read[0] == 0
    assert all(0 < tokens <= usage["input_tokens"] for tokens, usage in zip(read[1:], usages[1:], strict=True))
    assert read[-1] > 0.5 * usages[-1]["input_tokens"]  # the server does not count the tools, which come first


@pytest.mark.parametrize("change", ["a clock in the system prompt", "tools in another order"])
async def test_what_breaks_the_prefix(
    change: str, run: Run, model: ChatGLM, sent: list[bytes], glm_server: GLMServer
) -> None:
    """The mistakes that docs/en/how-to/caching.md names cost the whole cache, and this test's comparison finds them."""
    for turn in range(2):
        prompt = PROMPT if "tools" in change else f"It is 12:0{turn}. {PROMPT}"
        tools = TOOLS[::-1] if turn and "tools" in change else TOOLS
        agent: Any = create_agent(model, tools, system_prompt=prompt)
        glm_server.queue(answer("Yes."))
        state = await run(agent, ask("Question"))
    assert state["messages"][-1].usage_metadata["input_token_details"]["cache_read"] == 0
    with pytest.raises(AssertionError):
        assert_each_continues_the_one_before(sent)
