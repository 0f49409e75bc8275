"""How soon a slot and a connection are free after a stream is left: `python -m tests.reliability.cancelling`."""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import TYPE_CHECKING, Any, Final

from langchain_glm import ChatGLM
from langchain_glm.testing import GLMServer, Reply
from langchain_glm.transport.clients import requests_in_flight
from langchain_glm.transport.limits import shared_limit

if TYPE_CHECKING:
    from collections.abc import Callable

LONG: Final = Reply("word " * 2000, gap=0.01)
_PATIENCE: Final = 500
"""Rounds of the event loop after which nothing is expected any more."""


def _held(model: ChatGLM) -> int:
    key: Any = model.api_key
    return shared_limit(model.endpoint_host.base_url, key.get_secret_value(), 1).in_flight


async def _afree(model: ChatGLM, begun: float) -> float:
    for _ in range(_PATIENCE):
        if not _held(model) and not requests_in_flight():
            return time.perf_counter() - begun
        await asyncio.sleep(0)
    raise AssertionError(f"{_held(model)} slots and {requests_in_flight()} connections are still held")


async def _cancelled(model: ChatGLM, task: asyncio.Task[Any]) -> float:
    begun = time.perf_counter()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return await _afree(model, begun)


def cancelled_task(model: ChatGLM) -> float:
    async def on_a_loop() -> float:
        began = asyncio.Event()

        async def follow() -> None:
            async for _ in model.astream("hi"):
                began.set()

        task = asyncio.create_task(follow())
        await began.wait()
        return await _cancelled(model, task)

    return asyncio.run(on_a_loop())


def cancelled_invoke(model: ChatGLM) -> float:
    async def on_a_loop() -> float:
        task = asyncio.create_task(model.ainvoke("hi"))
        while not requests_in_flight():  # noqa: ASYNC110 - nobody says when a socket is taken
            await asyncio.sleep(0)
        return await _cancelled(model, task)

    return asyncio.run(on_a_loop())


def async_close(model: ChatGLM) -> float:
    async def on_a_loop() -> float:
        stream: Any = model.astream("hi")
        await anext(stream)
        begun = time.perf_counter()
        await stream.aclose()
        return await _afree(model, begun)

    return asyncio.run(on_a_loop())


def async_break(model: ChatGLM) -> float:
    async def on_a_loop() -> float:
        async for _ in model.astream("hi"):
            break
        return await _afree(model, time.perf_counter())

    return asyncio.run(on_a_loop())


def _free(model: ChatGLM, begun: float) -> float:
    for _ in range(_PATIENCE):  # another thread closes the connection of an abandoned stream
        if not _held(model) and not requests_in_flight():
            return time.perf_counter() - begun
        time.sleep(0.001)
    raise AssertionError(f"{_held(model)} slots and {requests_in_flight()} connections are still held")


def sync_close(model: ChatGLM) -> float:
    stream: Any = model.stream("hi")
    next(stream)
    begun = time.perf_counter()
    stream.close()
    return _free(model, begun)


def sync_break(model: ChatGLM) -> float:
    for _ in model.stream("hi"):
        break
    return _free(model, time.perf_counter())


WAYS: Final[dict[str, Callable[[ChatGLM], float]]] = {
    "task cancelled in `astream`": cancelled_task,
    "task cancelled in `ainvoke`": cancelled_invoke,
    "`aclose()` of `astream`": async_close,
    "`break` out of `astream`": async_break,
    "`close()` of `stream`": sync_close,
    "`break` out of `stream`": sync_break,
}


def measure(way: str, times: int) -> list[float]:
    """Seconds from leaving until slot and connection are free."""
    with GLMServer(replies=[LONG] * times) as server:
        model = ChatGLM(
            model="glm-4.7", host="zai", base_url=server.base_url, api_key=server.api_key, max_concurrency=1
        )
        return [WAYS[way](model) for _ in range(times)]


if __name__ == "__main__":
    print("| left by | median | longest of 50 |\n|---|---|---|")
    for name in WAYS:
        seconds = measure(name, 50)
        print(f"| {name} | {statistics.median(seconds) * 1000:.1f} ms | {max(seconds) * 1000:.1f} ms |")
