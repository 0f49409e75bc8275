"""A plan whose quota is used up hands over to another model, and takes over again when the quota is reset."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent
from langgraph.checkpoint.memory import InMemorySaver

from langchain_glm import ChatGLM, GLMBalanceError, GLMOverloadedError, GLMQuotaError, GLMWarning
from langchain_glm.middleware import PlanFallbackMiddleware
from langchain_glm.testing import Fault, GLMServer, Reply
from tests.agents.acting import THOUGHT, answer, ask, call, get_weather, results, thoughts, thread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.agents.acting import Run

BEIJING = timezone(timedelta(hours=8))
RESET = datetime(2026, 11, 21, 20, 0, 0, tzinfo=BEIJING)
WEEK = datetime(2026, 11, 25, 8, 0, 0, tzinfo=BEIJING)
USED_UP = Fault.code("1308", message="Usage limit reached for 5 hour. Your limit will reset at 2026-11-21 20:00:00")
FOR_A_WEEK = Fault.code("1310", message="Weekly limit. Your limit will reset at 2026-11-25 08:00:00")
NO_TIME = Fault.code("1318", message="The spend limit of the month is reached.")


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.time = RESET - timedelta(hours=2)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def paid_server() -> Iterator[GLMServer]:
    with GLMServer("zai") as server:
        yield server


@pytest.fixture
def plan_server() -> Iterator[GLMServer]:
    with GLMServer("zai-coding") as server:
        yield server


def model_of(server: GLMServer, version: str = "v0") -> ChatGLM:
    return ChatGLM(
        model="glm-5.3",
        host=server.host,
        base_url=server.base_url,
        api_key=server.api_key,
        max_retries=0,
        output_version=version,
    )


def agent_of(plan: ChatGLM, fallback: PlanFallbackMiddleware) -> Any:
    return create_agent(plan, [], middleware=[fallback])


@pytest.fixture
def plan(version: str, plan_server: GLMServer) -> ChatGLM:
    return model_of(plan_server, version)


@pytest.fixture
def fallback(version: str, paid_server: GLMServer, clock: Clock) -> PlanFallbackMiddleware:
    return PlanFallbackMiddleware(model_of(paid_server, version), now=clock)


used_up = pytest.mark.filterwarnings("ignore:The quota of the plan is used up")


@used_up
async def test_until_the_reset_and_back(
    run: Run, plan: ChatGLM, fallback: PlanFallbackMiddleware, clock: Clock, plan_server: GLMServer,
    paid_server: GLMServer,
) -> None:  # fmt: skip
    """In the middle of a tool loop and over turns of a conversation, with its reasoning."""
    agent: Any = create_agent(plan, [get_weather], middleware=[fallback], checkpointer=InMemorySaver())
    plan_server.queue(call("get_weather", thought=THOUGHT, city="Paris"), USED_UP)
    paid_server.queue(answer("Sunny, for money."), answer("Still for money."))
    assert (await run(agent, ask("Weather?"), thread()))["messages"][-1].text == "Sunny, for money."
    assert results(paid_server) == ["Paris: sunny, 21 °C"]
    assert thoughts(paid_server) == [THOUGHT]
    assert fallback.used_up_until == RESET

    clock.time = RESET - timedelta(seconds=1)
    assert (await run(agent, ask("Sure?"), thread()))["messages"][-1].text == "Still for money."
    assert len(plan_server.requests) == 2  # it was not asked again

    clock.time = RESET
    assert fallback.used_up_until is None
    plan_server.queue(answer("Free again."))
    assert (await run(agent, ask("And now?"), thread()))["messages"][-1].text == "Free again."
    assert len(paid_server.requests) == 2
    assert len(thoughts(plan_server)) == 3


@pytest.mark.parametrize("code", ["1304", "1308", "1310", "1316", "1317", "1318", "1319", "1320", "1321"])
@used_up
def test_codes_of_a_used_up_quota(
    code: str, plan: ChatGLM, fallback: PlanFallbackMiddleware, plan_server: GLMServer, paid_server: GLMServer
) -> None:
    plan_server.queue(Fault.code(code))
    paid_server.queue(answer("Here."))
    result = agent_of(plan, fallback).invoke(ask("Hello"))
    assert result["messages"][-1].text == "Here."
    assert fallback.used_up_until


@pytest.mark.parametrize(
    ("code", "error"), [("1113", GLMBalanceError), ("1309", GLMBalanceError), ("1305", GLMOverloadedError)]
)
async def test_other_errors_are_raised(
    code: str, error: type[Exception], run: Run, plan: ChatGLM, fallback: PlanFallbackMiddleware,
    plan_server: GLMServer, paid_server: GLMServer,
) -> None:  # fmt: skip
    plan_server.queue(Fault.code(code))
    with pytest.raises(error):
        await run(agent_of(plan, fallback), ask("Hello"))
    assert fallback.used_up_until is None
    assert paid_server.requests == []


@used_up
async def test_without_a_reset_time(
    run: Run, plan: ChatGLM, fallback: PlanFallbackMiddleware, clock: Clock, plan_server: GLMServer,
    paid_server: GLMServer,
) -> None:  # fmt: skip
    agent = agent_of(plan, fallback)
    plan_server.queue(NO_TIME, answer("Back."))
    paid_server.queue(answer("Here."))
    await run(agent, ask("Hello"))
    assert fallback.used_up_until == clock.time + timedelta(minutes=10)
    clock.time += timedelta(minutes=10)
    assert (await run(agent, ask("Hello")))["messages"][-1].text == "Back."


@used_up
def test_a_reset_time_in_the_past_and_a_wait_of_ones_own(
    plan: ChatGLM, paid_server: GLMServer, clock: Clock, plan_server: GLMServer
) -> None:
    """The endpoint's clock and ours differ; the plan is not asked for every request until they agree."""
    middleware: Any = PlanFallbackMiddleware(model_of(paid_server), retry_after=timedelta(minutes=1), now=clock)
    clock.time = RESET + timedelta(seconds=30)
    plan_server.queue(USED_UP)
    paid_server.queue(answer("Here."))
    agent_of(plan, middleware).invoke(ask("Hello"))
    assert middleware.used_up_until == clock.time + timedelta(minutes=1)


async def test_the_user_is_warned(
    run: Run, plan: ChatGLM, fallback: PlanFallbackMiddleware, plan_server: GLMServer, paid_server: GLMServer
) -> None:
    plan_server.queue(USED_UP)
    paid_server.queue(answer("Here."))
    with pytest.warns(GLMWarning, match=r"used up \(code 1308\)\. Until 2026-11-21 20:00 .* may be billed"):
        await run(agent_of(plan, fallback), ask("Hello"))


@used_up
async def test_a_fallback_that_is_used_up_too(
    run: Run, plan: ChatGLM, fallback: PlanFallbackMiddleware, plan_server: GLMServer, paid_server: GLMServer
) -> None:
    plan_server.queue(USED_UP)
    paid_server.queue(FOR_A_WEEK)
    with pytest.raises(GLMQuotaError) as caught:
        await run(agent_of(plan, fallback), ask("Hello"))
    assert caught.value.reset_at == WEEK
    assert fallback.used_up_until == RESET  # the plan's, not the fallback's


@used_up
def test_agents_share_one_object_from_any_thread(
    plan: ChatGLM, fallback: PlanFallbackMiddleware, plan_server: GLMServer, paid_server: GLMServer
) -> None:
    """Errors that come at the same time: the latest reset counts, whichever comes last."""
    together = threading.Barrier(8)
    plan_server.queue(*[USED_UP, FOR_A_WEEK] * 4)

    def ask_once(number: int) -> str:
        agent = agent_of(plan, fallback)
        together.wait()
        return str(agent.invoke(ask(f"Hello {number}"))["messages"][-1].text)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask_once, range(8)))
    assert all(answers)
    plan_server.clear_queue()  # whoever came late did not ask the plan any more
    asked = len(plan_server.requests)
    assert len(paid_server.requests) == 8
    if asked > 1:
        assert fallback.used_up_until == WEEK
    agent_of(plan, fallback).invoke(ask("Hello"))
    assert len(plan_server.requests) == asked


@used_up
async def test_agents_share_one_object_in_an_event_loop(
    plan: ChatGLM, fallback: PlanFallbackMiddleware, plan_server: GLMServer, paid_server: GLMServer
) -> None:
    plan_server.queue(*[USED_UP] * 5)
    agent = agent_of(plan, fallback)
    states = await asyncio.gather(*(agent.ainvoke(ask(f"Hello {number}")) for number in range(5)))
    plan_server.clear_queue()
    assert all(state["messages"][-1].text for state in states)
    assert len(paid_server.requests) == 5


def test_the_clock_is_the_systems_by_default(plan: ChatGLM) -> None:
    assert abs(PlanFallbackMiddleware(plan).now() - datetime.now(UTC)) < timedelta(minutes=1)


@used_up
async def test_a_quota_that_ends_in_a_stream(plan: ChatGLM, fallback: Any, plan_server: GLMServer) -> None:
    """The error comes after the first tokens: the answer begins again, from the other model."""
    plan_server.queue(Fault.in_stream("1308", after=2, reply=Reply("A long answer that breaks off.")))
    fallback.fallback = model_of(plan_server)
    plan_server.queue(answer("Whole."))
    agent = agent_of(plan, fallback)
    modes = ["messages", "values"]
    parts = [part async for part in agent.astream(ask("Hello"), stream_mode=modes)]
    states = [part for mode, part in parts if mode == "values"]
    assert states[-1]["messages"][-1].text == "Whole."
