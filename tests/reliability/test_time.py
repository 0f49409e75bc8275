"""Limits of time, each by itself; and what is left is let go at once."""

from __future__ import annotations

import asyncio
import socket
import socketserver
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from langchain_glm import ChatGLM, GLMConnectionError, GLMTimeoutError
from langchain_glm.testing import Fault, GLMServer, Reply
from langchain_glm.transport.limits import shared_limit
from langchain_glm.transport.timeouts import Timeout
from tests.reliability.cancelling import WAYS, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.mark.parametrize("way", WAYS)
def test_what_is_left_is_free_at_once(way: str) -> None:
    assert max(measure(way, 3)) < 1


def test_five_minutes_of_thinking_are_survived_by_default() -> None:
    """The limit that each request is sent with, read at the socket's side of httpx."""
    seen: list[dict[str, float | None]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return httpx.Response(200, json={"choices": [{"message": {"content": "ok"}, "finish_reason": "stop"}]})

    with httpx.Client(transport=httpx.MockTransport(answer), timeout=5) as client:
        model = ChatGLM(model="m", base_url="https://gateway.example/v1", api_key="k", http_client=client)
        model.invoke("hi")
        list(model.stream("hi"))
        model.invoke("hi", timeout={"connect": 3, "idle": 40, "total": 60})
    assert seen[:2] == [{"connect": 10.0, "read": 600.0, "write": 600.0, "pool": 600.0}] * 2
    assert (seen[2]["connect"], seen[2]["read"], seen[2]["write"]) == (3, 40, 40)
    assert seen[2]["pool"] == pytest.approx(60, abs=5)
    assert Timeout().total is None


def test_the_total_time_bounds_connecting_too() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.extensions["timeout"]["connect"] <= 0.5
        raise httpx.ConnectTimeout("late", request=request)

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        model = ChatGLM(model="m", base_url="https://gateway.example/v1", http_client=client, max_retries=0)
        with pytest.raises(GLMConnectionError, match=r"timeout\.connect"):
            model.invoke("hi", timeout={"total": 0.5})


@pytest.fixture
def dripping() -> Iterator[str]:
    """The URL of a server that sends a body byte by byte for as long as anybody listens."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n")
            try:
                while not over.wait(0.01):
                    connection.sendall(b" ")
            except OSError:
                pass

    over = threading.Event()
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        over.set()
        thread.join()


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_a_body_that_drips_ends_with_the_total_time(way: str, dripping: str) -> None:
    model = ChatGLM(model="m", base_url=dripping, api_key="k", timeout={"total": 0.2}, max_retries=3)
    with pytest.raises(GLMTimeoutError, match=r"timeout\.total"):
        model.invoke("hi") if way == "invoke" else asyncio.run(model.ainvoke("hi"))


@contextmanager
def serving(handler: type[socketserver.BaseRequestHandler], over: threading.Event) -> Iterator[str]:
    """Serve on a URL, each connection in a thread; at the end tell them, and wait for them."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        over.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def falling_silent() -> Iterator[str]:
    """The URL of a server that sends a piece at once, one after 1.8 s, and then nothing more."""

    class Serve(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            kind, piece = b"application/json", b" "
            request = b""
            while not request.endswith(b"}"):
                request += self.request.recv(65536)
            if b'"stream":true' in request:
                kind, piece = b"text/event-stream", b'data: {"choices":[{"delta":{"content":"so"}}]}\n\n'
            head = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: 100000\r\n\r\n" % kind
            self.request.sendall(head + piece)
            if not over.wait(1.8):
                self.request.sendall(piece)
                over.wait()

    over = threading.Event()
    with serving(Serve, over) as url:
        yield url


def test_silence_at_the_end_does_not_outlast_the_total_time(falling_silent: str) -> None:
    """It is a limit on everything, whatever the last wait for bytes began with: 3.8 s for that."""
    model = ChatGLM(model="m", base_url=falling_silent, api_key="k", timeout={"total": 2}, max_retries=0)

    async def collect() -> None:
        async for _ in model.astream("hi"):
            pass

    def ask(way: Callable[[], Any]) -> tuple[float, GLMTimeoutError]:
        begun = time.monotonic()
        with pytest.raises(GLMTimeoutError, match=r"timeout\.total = 2 s") as caught:
            way()
        return time.monotonic() - begun, caught.value

    ways: list[Callable[[], Any]] = [
        lambda: model.invoke("hi"),
        lambda: list(model.stream("hi")),
        lambda: asyncio.run(model.ainvoke("hi")),
        lambda: asyncio.run(collect()),
    ]
    with ThreadPoolExecutor(len(ways)) as threads:
        outcomes = list(threads.map(ask, ways))
    assert max(seconds for seconds, _ in outcomes) < 3.5
    assert [error.partial.text for _, error in outcomes if error.partial] == ["soso", "soso"]


@pytest.mark.parametrize("way", ["invoke", "stream"])
def test_silence_up_to_the_total_time_is_said_to_be_that(
    way: str, glm_server: GLMServer, make_model: Callable[..., ChatGLM]
) -> None:
    glm_server.queue(Fault.silence(60, after=0))
    with pytest.raises(GLMTimeoutError, match=r"timeout\.total = 0\.2 s"):
        list(getattr(make_model(timeout={"total": 0.2}), way)("hi"))


def test_a_stalled_stream_brings_what_came(glm_server: GLMServer, make_model: Callable[..., ChatGLM]) -> None:
    glm_server.queue(Fault.silence(60, after=3, reply=Reply("one two three four", chunk_size=4)))
    with pytest.raises(GLMTimeoutError, match=r"timeout\.idle") as caught:
        list(make_model(timeout=0.3).stream("hi"))
    assert caught.value.partial is not None
    assert caught.value.partial.text == "one two thre"


def test_waiting_for_a_slot_is_within_the_total_time(glm_server: GLMServer, make_model: Callable[..., ChatGLM]) -> None:
    limit = shared_limit(glm_server.base_url, glm_server.api_key, 1)
    ticket = limit.acquire(None)
    with pytest.raises(GLMTimeoutError, match="no slot"):
        make_model(max_concurrency=1, timeout={"total": 0.05}).invoke("hi")
    limit.release(ticket, overloaded=False)


@pytest.mark.parametrize("turns", [0, 1])
async def test_a_cancellation_is_not_lost_when_the_slot_comes_at_the_same_moment(turns: int) -> None:
    limit = shared_limit("https://cancelled.example", "k", 1)
    ticket = limit.acquire(None)
    waiting = asyncio.create_task(limit.aacquire(5))
    for _ in range(3):
        await asyncio.sleep(0)
    limit.release(ticket, overloaded=False)
    for _ in range(turns):  # the slot is there; the task has not run yet, or on Python 3.14 has run after one turn
        await asyncio.sleep(0)
    cancelled = waiting.cancel()
    [outcome] = await asyncio.gather(waiting, return_exceptions=True)
    assert cancelled or (turns and sys.version_info >= (3, 14))
    assert isinstance(outcome, asyncio.CancelledError) == cancelled
    assert limit.in_flight == (0 if cancelled else 1)
