"""Calls beside each other, results in order."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from langchain_glm.transport import background
from langchain_glm.transport.in_order import ain_order, in_order

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator


class Meter:
    """Counts calls that are running at the same time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.running = self.peak = self.started = 0

    def __enter__(self) -> None:
        with self.lock:
            self.started += 1
            self.running += 1
            self.peak = max(self.peak, self.running)

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.running -= 1

    def call(self, number: int) -> int:
        with self:
            time.sleep(0.002 * (number * 7 % 5))
        return number

    async def acall(self, number: int) -> int:
        with self:
            await asyncio.sleep(0.002 * (number * 7 % 5))
        return number


async def each(calls: list[Any]) -> AsyncIterator[Callable[[], Coroutine[Any, Any, Any]]]:
    for call in calls:
        yield call


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_results_are_in_order_and_calls_within_the_limit(limit: int) -> None:
    meter = Meter()
    assert list(in_order([partial(meter.call, number) for number in range(30)], limit)) == list(range(30))
    assert meter.peak <= limit
    assert meter.peak > 1 or limit == 1


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
async def test_the_same_in_tasks(limit: int) -> None:
    meter = Meter()
    calls = each([partial(meter.acall, number) for number in range(30)])
    assert [result async for result in ain_order(calls, limit)] == list(range(30))
    assert meter.peak == min(limit, 30)


def test_calls_are_taken_when_they_can_start() -> None:
    taken: list[int] = []

    def calls() -> Iterator[Callable[[], int]]:
        for number in range(1_000_000):
            taken.append(number)
            yield partial(int, number)

    results = in_order(calls(), 3)
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    assert len(taken) <= 5 + 3
    results.close()


def test_a_single_call_runs_in_the_callers_thread() -> None:
    assert list(in_order([threading.get_ident], 8)) == [threading.get_ident()]
    assert threading.get_ident() not in list(in_order([threading.get_ident] * 2, 8))
    assert list(in_order([], 8)) == []


def test_calls_see_the_callers_context() -> None:
    variable = contextvars.ContextVar("variable", default="none")
    variable.set("the caller's")
    assert list(in_order([variable.get] * 3, 2)) == ["the caller's"] * 3


def test_an_error_comes_in_its_turn() -> None:
    def fail() -> int:
        raise LookupError("third")

    calls: list[Callable[[], int]] = [partial(int, 1), partial(int, 2), fail, partial(int, 4)]
    results = in_order(calls, 4)
    assert (next(results), next(results)) == (1, 2)
    with pytest.raises(LookupError, match="third"):
        next(results)


def test_without_threads_the_calls_are_made_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(_: object) -> None:
        raise background.NoThreadError

    monkeypatch.setattr(background, "run", no_thread)
    meter = Meter()
    assert list(in_order([partial(meter.call, number) for number in range(5)], 3)) == list(range(5))
    assert meter.peak == 1


async def test_an_error_cancels_what_is_running() -> None:
    cancelled: list[int] = []

    async def wait(number: int) -> int:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(number)
            raise
        return number

    async def fail() -> int:
        await asyncio.sleep(0)
        raise LookupError("first")

    calls = each([fail, partial(wait, 1), partial(wait, 2)])
    with pytest.raises(LookupError, match="first"):
        [result async for result in ain_order(calls, 3)]
    assert cancelled == [1, 2]


async def test_leaving_early_cancels_what_is_running() -> None:
    meter = Meter()
    async with aclosing(ain_order(each([partial(meter.acall, number) for number in range(30)]), 4)) as results:
        assert await anext(results) == 0
    assert meter.running == 0
    assert meter.started <= 6


async def test_being_cancelled_cancels_what_is_running() -> None:
    meter = Meter()

    async def hang() -> int:
        with meter:
            await asyncio.sleep(60)
        return 0

    async def collect() -> list[int]:
        async with aclosing(ain_order(each([hang] * 5), 3)) as results:
            return [result async for result in results]

    task = asyncio.create_task(collect())
    await asyncio.sleep(0.01)
    assert meter.running == 3
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert meter.running == 0
