"""The limit on requests in flight, by itself and around real requests."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from langchain_glm import ChatGLM, GLMTimeoutError
from langchain_glm.testing import Fault, GLMServer, Reply
from langchain_glm.transport.limits import InFlightLimiter, ProcessLimiter, shared_limiter

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[..., ChatGLM]


def test_first_come_first_served_across_threads_and_loops() -> None:
    limiter = ProcessLimiter(1)
    ticket = limiter.acquire(None)
    order: list[int] = []
    queued = [threading.Event() for _ in range(6)]

    def sync(number: int) -> None:
        queued[number].set()
        mine = limiter.acquire(None)
        order.append(number)
        limiter.release(mine, overloaded=False)

    async def on_loop(number: int) -> None:
        queued[number].set()
        mine = await limiter.aacquire(None)
        order.append(number)
        limiter.release(mine, overloaded=False)

    threads = []
    for number in range(6):
        target = sync if number % 2 else lambda number=number: asyncio.run(on_loop(number))
        thread = threading.Thread(target=target, args=(number,) if number % 2 else ())
        thread.start()
        threads.append(thread)
        queued[number].wait()
        while len(limiter._waiting) <= number:  # the thread is between its event and the queue
            threading.Event().wait(0.001)
    limiter.release(ticket, overloaded=False)
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3, 4, 5]
    assert limiter.in_flight == 0


async def test_a_cancelled_wait_takes_no_place() -> None:
    limiter = ProcessLimiter(1)
    ticket = limiter.acquire(None)
    waiting = [asyncio.create_task(limiter.aacquire(None)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    limiter.release(ticket, overloaded=False)
    waiting[1].cancel()  # granted already, but not told yet
    await asyncio.gather(*waiting[:2], return_exceptions=True)
    limiter.release(await waiting[2], overloaded=False)
    assert limiter.in_flight == 0


async def test_waiting_ends_in_time() -> None:
    limiter = ProcessLimiter(1)
    ticket = limiter.acquire(None)
    with pytest.raises(GLMTimeoutError, match=r"within 0\.01 s"):
        limiter.acquire(0.01)
    with pytest.raises(GLMTimeoutError, match="max_concurrency"):
        await limiter.aacquire(0.01)
    limiter.release(ticket, overloaded=False)
    limiter.release(limiter.acquire(0.01), overloaded=False)
    assert limiter.in_flight == 0


def test_auto_grows_while_all_is_well_and_halves_on_a_complaint() -> None:
    limiter = ProcessLimiter("auto")
    seen = []
    for _ in range(4):  # each round fills the limit, then all succeed
        tickets = [limiter.acquire(0) for _ in range(limiter.limit)]
        for ticket in tickets:
            limiter.release(ticket, overloaded=False)
        seen.append(limiter.limit)
    assert seen == [2, 3, 4, 5]
    tickets = [limiter.acquire(0) for _ in range(5)]
    for ticket in tickets:
        limiter.release(ticket, overloaded=True)  # five complaints about one mistake
    assert limiter.limit == 2
    for _ in range(10):
        limiter.release(limiter.acquire(0), overloaded=True)
    assert limiter.limit == 1  # never less: it must not stall


def test_the_most_careful_limit_counts() -> None:
    assert shared_limiter("https://a.example", "k", 5) is shared_limiter("https://a.example", "k", 3)
    assert shared_limiter("https://a.example", "k", 4).limit == 3
    assert shared_limiter("https://a.example", "other", 4).limit == 4
    with pytest.raises(ValueError, match="at least 1"):
        ProcessLimiter(0)


def test_models_threads_and_loops_share_the_limit(glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(*[Reply("word " * 10, gap=0.002)] * 24)

    def ask(number: int) -> None:
        model = make_model(model="glm-4.7" if number % 2 else "glm-4.6", max_concurrency=3)
        if number % 3 == 0:
            asyncio.run(model.ainvoke("hi"))
        elif number % 3 == 1:
            model.invoke("hi")
        else:
            list(model.stream("hi"))

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(ask, range(24)))
    assert len(glm_server.requests) == 24
    assert glm_server.peak_in_flight <= 3


async def test_abatch_stays_within_the_limit(make_model: Make) -> None:
    with GLMServer(max_in_flight=2) as server:
        model = make_model(base_url=server.base_url, api_key=server.api_key, max_concurrency=2)
        answers = await model.abatch(["hi"] * 20)
        assert all(answer.text for answer in answers)
        assert {request.status for request in server.requests} == {200}


async def test_auto_finds_the_limit(make_model: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("langchain_glm.transport.retry.Policy.wait", lambda *_: 0.0)
    with GLMServer(max_in_flight=4, replies=[Reply("ok", delay=0.005)] * 400) as server:
        model = make_model(base_url=server.base_url, api_key=server.api_key, max_concurrency="auto", max_retries=10)
        answers = await model.abatch([f"hi {number}" for number in range(200)])
        assert all(answer.text for answer in answers)
        refused = sum(request.status == 429 for request in server.requests)
        assert server.peak_in_flight == 4
        assert refused < 60


@pytest.mark.parametrize("way", ["break", "error", "cancel"])
async def test_a_place_is_given_back(way: str, glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(Fault.cut(after=2) if way == "error" else Reply("word " * 500, gap=0.01))
    model = make_model(max_concurrency=1)
    if way == "cancel":
        started = asyncio.Event()

        async def follow() -> None:
            async for _ in model.astream("hi"):
                started.set()

        task = asyncio.create_task(follow())
        await started.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    elif way == "break":
        stream = model.stream("hi")
        next(stream)
        stream.close()  # type: ignore[attr-defined]
    else:
        with pytest.raises(Exception, match="connection"):
            list(model.stream("hi"))
    limiter = shared_limiter(glm_server.base_url, glm_server.api_key, 1)
    assert limiter.in_flight == 0
    assert model.invoke("hi").text


def test_a_limiter_of_ones_own(glm_server: GLMServer, make_model: Make) -> None:
    class Counting:
        """Counts, and lets everybody in."""

        def __init__(self) -> None:
            self.seen: list[object] = []

        def acquire(self, timeout: float | None) -> object:
            self.seen.append(timeout)
            return "ticket"

        async def aacquire(self, timeout: float | None) -> object:
            return self.acquire(timeout)

        def release(self, ticket: object, *, overloaded: bool) -> None:
            self.seen.append((ticket, overloaded))

    limiter = Counting()
    assert isinstance(limiter, InFlightLimiter)
    glm_server.queue(Fault.code("1302"))
    model = make_model(max_concurrency=limiter, timeout={"queue": 7})
    with pytest.raises(Exception, match="1302"):
        model.invoke("hi")
    asyncio.run(model.ainvoke("hi"))
    assert limiter.seen == [7, ("ticket", True), 7, ("ticket", False)]
