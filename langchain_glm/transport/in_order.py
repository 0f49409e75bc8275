"""Run several calls at the same time, and give their results in the order of the calls."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future
from contextvars import copy_context
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

from langchain_glm.transport import background

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Callable, Coroutine, Generator, Iterable

    from langchain_glm.transport.limits import InFlightLimiter

__all__ = ["ain_order", "in_order"]

T = TypeVar("T")

_MOST: Final = 16
"""How many calls run at the same time if `limit` is not a number; a limiter may still hold back their requests."""


def in_order(calls: Iterable[Callable[[], T]], limit: int | InFlightLimiter | None) -> Generator[T]:
    """Make calls in threads; yield their results in the order of the calls.

    A call is taken from `calls` only when it can start, so `calls` may be endless. (The second call is taken before the
    first starts, because a single call runs in the caller's thread.) If a call fails, or if the caller stops iterating,
    calls that have started continue in their threads, and their results are dropped.

    Args:
        calls: the calls.
        limit: how many may run at the same time; 16 if it is not a number.

    Raises:
        Exception: whatever a call raises, when its result is due.
    """
    rest, most = iter(calls), limit if isinstance(limit, int) else _MOST
    first = list(islice(rest, 2))
    if len(first) < 2 or most == 1:
        for call in chain(first, rest):
            yield call()
        return
    running: deque[Future[T]] = deque()
    for call in chain(first, rest):
        result = [running.popleft().result()] if len(running) == most else []
        running.append(_start(call))
        yield from result
    while running:
        yield running.popleft().result()


def _start(call: Callable[[], T]) -> Future[T]:
    future: Future[T] = Future()
    context = copy_context()

    def run() -> None:
        try:
            future.set_result(context.run(call))
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
            future.set_exception(error)

    try:
        background.run(run)
    except background.NoThreadError:  # running them one after the other is better than failing
        run()
    return future


async def ain_order(
    calls: AsyncIterable[Callable[[], Coroutine[Any, Any, T]]], limit: int | InFlightLimiter | None
) -> AsyncGenerator[T]:
    """Make calls in tasks; yield their results in the order of the calls. The async version of `in_order`.

    When it ends early, calls that have started are cancelled.
    """
    running: deque[asyncio.Task[T]] = deque()
    most = limit if isinstance(limit, int) else _MOST
    try:
        async for call in calls:
            result = [await running[0]] if len(running) == most else []
            if result:
                running.popleft()
            running.append(asyncio.create_task(call()))
            for value in result:
                yield value
        while running:
            value = await running[0]
            running.popleft()
            yield value
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
