"""The limit on requests in flight, by itself and around real requests."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from langchain_glm import ChatGLM, GLMTimeoutError
from langchain_glm.testing import Fault, GLMServer, Reply
from langchain_glm.transport import limits
from langchain_glm.transport.limits import InFlightLimiter, SharedLimit, shared_limit

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[..., ChatGLM]


@pytest.fixture
def limit() -> SharedLimit:
    return shared_limit("https://limits.example", "k", 1)


def test_first_come_first_served_across_threads_and_loops(limit: SharedLimit) -> None:
    ticket = limit.acquire(None)
    order: list[int] = []
    queued = [threading.Event() for _ in range(6)]

    def sync(number: int) -> None:
        queued[number].set()
        mine = limit.acquire(None)
        order.append(number)
        limit.release(mine, overloaded=False)

    async def on_loop(number: int) -> None:
        queued[number].set()
        mine = await limit.aacquire(None)
        order.append(number)
        limit.release(mine, overloaded=False)

    threads = []
    for number in range(6):
        target = sync if number % 2 else lambda number=number: asyncio.run(on_loop(number))
        thread = threading.Thread(target=target, args=(number,) if number % 2 else ())
        thread.start()
        threads.append(thread)
        queued[number].wait()
        while len(ticket._waiting) <= number:  # the thread is between its event and the queue
            threading.Event().wait(0.001)
    limit.release(ticket, overloaded=False)
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3, 4, 5]
    assert limit.in_flight == 0


async def test_a_cancelled_wait_takes_no_slot(limit: SharedLimit) -> None:
    ticket = limit.acquire(None)
    waiting = [asyncio.create_task(limit.aacquire(None)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    limit.release(ticket, overloaded=False)
    waiting[1].cancel()  # granted already, but the task has not run since
    await asyncio.gather(*waiting[:2], return_exceptions=True)
    limit.release(await waiting[2], overloaded=False)
    assert limit.in_flight == 0


async def test_waiting_ends_in_time(limit: SharedLimit) -> None:
    ticket = limit.acquire(None)
    with pytest.raises(GLMTimeoutError, match=r"within 0\.01 s"):
        limit.acquire(0.01)
    with pytest.raises(GLMTimeoutError, match="max_concurrency"):
        await limit.aacquire(0.01)
    limit.release(ticket, overloaded=False)
    limit.release(limit.acquire(0.01), overloaded=False)
    assert limit.in_flight == 0


def test_each_request_keeps_its_own_limit() -> None:
    """A careful request waits; it does not make the others careful."""
    careful, bold = shared_limit("https://a.example", "k", 1), shared_limit("https://a.example", "k", 3)
    tickets = [bold.acquire(0), bold.acquire(0)]
    with pytest.raises(GLMTimeoutError):
        careful.acquire(0.01)
    tickets.append(bold.acquire(0))
    with pytest.raises(GLMTimeoutError):
        bold.acquire(0.01)
    assert careful.in_flight == bold.in_flight == 3
    for ticket in tickets:
        bold.release(ticket, overloaded=False)
    ticket = careful.acquire(0)
    careful.release(ticket, overloaded=False)
    assert bold.in_flight == 0


def test_hosts_and_keys_have_limits_of_their_own() -> None:
    ticket = shared_limit("https://a.example", "k", 1).acquire(0)
    others = [shared_limit("https://a.example", "other", 1), shared_limit("https://b.example", "k", 1)]
    tickets = [(other, other.acquire(0)) for other in others]
    for other, taken in tickets:
        other.release(taken, overloaded=False)
    ticket.release()


def test_nothing_is_kept_of_keys_that_are_not_in_use() -> None:
    gc.collect()
    before = len(limits._queues)
    for number in range(1000):
        limit = shared_limit("https://a.example", f"key {number}", 1)
        limit.release(limit.acquire(0), overloaded=False)
    assert len(limits._queues) == before


class Keys:
    """Makes keys, by a method and by being called; instances cannot be hashed."""

    __hash__ = None  # type: ignore[assignment]

    def __call__(self) -> str:
        return "k"

    def make(self) -> str:
        return "k"


def test_a_function_that_makes_keys_has_one_limit() -> None:
    class Maker:
        def make(self) -> str:
            return "k"

    maker, keys = Maker(), Keys()
    for key in (maker.make, keys, lambda: "k"):
        ticket: Any = shared_limit("https://a.example", key, 1).acquire(0)
        same = maker.make if key == maker.make else key  # a bound method is another object each time
        with pytest.raises(GLMTimeoutError):
            shared_limit("https://a.example", same, 1).acquire(0.01)
        ticket.release()


def test_a_slot_is_given_back_in_the_middle_of_anything(limit: SharedLimit) -> None:
    """The garbage collector gives back the slots of abandoned streams, in a thread that may hold the lock."""
    ticket = limit.acquire(0)
    with ticket._lock:
        limit.release(ticket, overloaded=False)
    assert limit.acquire(1) is ticket  # whoever comes next notices
    limit.release(ticket, overloaded=False)
    assert limit.in_flight == 0


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


@pytest.mark.parametrize("way", ["break", "error", "cancel"])
async def test_a_slot_is_given_back(way: str, glm_server: GLMServer, make_model: Make) -> None:
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
    assert shared_limit(glm_server.base_url, glm_server.api_key, 1).in_flight == 0
    assert model.invoke("hi").text


@pytest.mark.timeout(60)
def test_collecting_abandoned_streams_hangs_nobody(glm_server: GLMServer, make_model: Make) -> None:
    """A consumer that fails leaves its stream in a cycle, which is collected in the middle of other calls."""
    glm_server.queue(*[Reply("word " * 20, gap=0.001)] * 120)
    model = make_model(max_concurrency=6)

    def abandon(_: int) -> None:
        def consume() -> None:
            stream = model.stream("hi")
            for _ in stream:
                cycle: list[Any] = [stream]
                cycle += [cycle, sys._getframe()]
                raise RuntimeError("the consumer fails")

        with suppress(RuntimeError):
            consume()

    before = gc.get_threshold()
    gc.set_threshold(20, 2, 2)
    try:
        with ThreadPoolExecutor(12) as threads:
            list(threads.map(abandon, range(120)))
    finally:
        gc.set_threshold(*before)
    gc.collect()
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
