"""Event loops, threads, forks, spawned processes; and closing."""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from langchain_glm import aclose_clients, close_clients
from langchain_glm.testing import Reply
from langchain_glm.transport.clients import requests_in_flight

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_glm import ChatGLM
    from langchain_glm.testing import GLMServer

    Make = Callable[..., ChatGLM]


@pytest.mark.parametrize("way", ["ainvoke", "astream"])
def test_two_loops_send_two_requests(way: str, glm_server: GLMServer, make_model: Make) -> None:
    model = make_model(max_retries=3)

    async def ask() -> None:
        if way == "ainvoke":
            await model.ainvoke("hi")
        else:
            assert [chunk async for chunk in model.astream("hi")]

    for _ in range(2):
        asyncio.run(ask())
    assert len(glm_server.requests) == 2


def test_loops_in_threads_at_the_same_time(glm_server: GLMServer, make_model: Make) -> None:
    model = make_model()

    async def several() -> None:
        await asyncio.gather(*(model.ainvoke("hi") for _ in range(4)))

    with ThreadPoolExecutor(4) as threads:
        for end in [threads.submit(asyncio.run, several()) for _ in range(4)]:
            end.result()
    assert len(glm_server.requests) == 16


def test_64_threads_on_one_model(glm_server: GLMServer, make_model: Make) -> None:
    model = make_model()
    together = threading.Barrier(64)

    def ask(number: int) -> bool:
        together.wait()
        if number % 2:
            return f"number {number}." in model.invoke(f"number {number}.").text
        return f"number {number}." in "".join(chunk.text for chunk in model.stream(f"number {number}."))

    with ThreadPoolExecutor(64) as threads:
        assert all(threads.map(ask, range(64)))
    assert len(glm_server.requests) == 64


def test_many_open_streams_do_not_block_the_next_request(glm_server: GLMServer, make_model: Make) -> None:
    """httpx's own limit of 100 connections would: who holds a stream may well make another request."""
    glm_server.queue(*[Reply("word " * 50, gap=0.5)] * 101)
    model = make_model()
    streams: list[Any] = [model.stream("hi") for _ in range(101)]
    for stream in streams:
        next(stream)
    assert make_model(timeout={"total": 30}).invoke("hi").text
    for stream in streams:
        stream.close()


def test_a_running_loop_as_in_jupyter(glm_server: GLMServer, make_model: Make) -> None:
    """Cells run on a loop that is running: both ways of asking work there, one after the other."""
    model = make_model()

    async def cells() -> None:
        assert model.invoke("hi").text
        assert (await model.ainvoke("hi")).text
        assert list(model.stream("hi"))
        assert [chunk async for chunk in model.astream("hi")]

    asyncio.run(cells())
    assert len(glm_server.requests) == 4


def _ask(model: ChatGLM, answers: Any) -> None:
    answers.put(model.invoke("hi").text)


@pytest.mark.usefixtures("key_in_environment")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_asks_while_its_parent_is_in_flight(method: str, glm_server: GLMServer, make_model: Make) -> None:
    """The child must not wait for its parent's slot, which nobody can give back there."""
    glm_server.queue(Reply("word " * 50, gap=0.01))
    model = make_model(max_concurrency=1, timeout={"queue": 20})
    stream: Any = model.stream("hi")
    next(stream)
    context: Any = multiprocessing.get_context(method)
    answers = context.Queue()
    child = context.Process(target=_ask, args=(model, answers))
    child.start()
    assert answers.get(timeout=60)
    child.join()
    assert "".join(chunk.text for chunk in stream)  # the parent's stream goes on
    assert len(glm_server.requests) == 2


def test_closing_lets_go_of_the_connections(glm_server: GLMServer, make_model: Make) -> None:
    make_model().invoke("hi")
    close_clients()
    assert make_model().invoke("hi").text  # the next request opens a new connection
    close_clients()
    close_clients()
    assert len({request.peer for request in glm_server.requests}) == 2


async def test_closing_lets_go_of_the_loops_connections(glm_server: GLMServer, make_model: Make) -> None:
    await make_model().ainvoke("hi")
    await aclose_clients()
    assert (await make_model().ainvoke("hi")).text
    await aclose_clients()
    await aclose_clients()
    assert len({request.peer for request in glm_server.requests}) == 2


def test_closing_does_not_break_a_stream(glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(Reply("word " * 20, gap=0.005))
    stream: Any = make_model().stream("hi")
    next(stream)
    close_clients()
    assert len(list(stream)) > 10
    assert requests_in_flight() == 0


async def test_closing_does_not_break_an_async_stream(glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(Reply("word " * 20, gap=0.005))
    stream: Any = make_model().astream("hi")
    await anext(stream)
    await aclose_clients()
    assert len([chunk async for chunk in stream]) > 10
    assert requests_in_flight() == 0


async def test_closing_leaves_clients_of_ones_own_open(make_model: Make) -> None:
    with httpx2.Client() as client:
        async with httpx2.AsyncClient() as async_client:
            make_model(http_client=client).invoke("hi")
            await make_model(http_async_client=async_client).ainvoke("hi")
            close_clients()
            await aclose_clients()
            assert not client.is_closed
            assert not async_client.is_closed
