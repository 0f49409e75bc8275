"""How streams end, and what becomes of their connections."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest

from langchain_glm import ChatGLM, GLMServerError, GLMStreamError, GLMTimeoutError
from langchain_glm.testing import Fault, GLMServer, Reply
from langchain_glm.transport import background
from langchain_glm.transport.clients import requests_in_flight
from tests.transport.serving import EVENT_STREAM, Server, chunk, json_reply, serving

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    Make = Callable[..., ChatGLM]

TEXT = 'data: {"choices":[{"delta":{"content":"so"}}]}\n\n'
FINISH = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
USAGE = 'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}\n\n'
DONE = "data: [DONE]\n\n"

CLIENTS = ("ours", "httpx2", "httpx")
WAYS = ("stream", "astream")


def model_of(server: Server, **settings: Any) -> ChatGLM:
    return ChatGLM(**{"model": "m", "base_url": server.url, "api_key": "k", "max_retries": 0, **settings})


def collect(model: ChatGLM, way: str, library: str = "ours") -> tuple[list[Any], list[float]]:
    """The chunks of a stream, and after how many seconds each came; the end of the stream comes last."""
    http: Any = {"httpx2": httpx2, "httpx": httpx}.get(library)
    begun = time.monotonic()
    chunks: list[Any] = []
    times: list[float] = []

    def note(chunk: Any) -> None:
        chunks.append(chunk)
        times.append(time.monotonic() - begun)

    async def follow() -> None:
        client = http.AsyncClient() if http else None
        async for chunk in model.astream("hi", http_async_client=client):
            note(chunk)
        times.append(time.monotonic() - begun)
        if client:
            await client.aclose()

    if way == "astream":
        asyncio.run(follow())
    else:
        client = http.Client() if http else None
        for chunk in model.stream("hi", http_client=client):
            note(chunk)
        times.append(time.monotonic() - begun)
        if client:
            client.close()
    return chunks, times


def ask(model: ChatGLM, way: str, prompt: str = "hi") -> None:
    """Ask in one of four ways, and read the whole reply."""

    async def follow() -> None:
        async for _ in model.astream(prompt):
            pass

    if way == "invoke":
        model.invoke(prompt)
    elif way == "stream":
        list(model.stream(prompt))
    else:
        asyncio.run(model.ainvoke(prompt) if way == "ainvoke" else follow())


def left_open(*pieces: str) -> Callable[[Server, socket.socket], None]:
    """Send some pieces of a stream, and neither an end nor anything else."""

    def handle(server: Server, connection: socket.socket) -> None:
        server.read_request(connection)
        connection.sendall(EVENT_STREAM + b"".join(map(chunk, pieces)))
        server.over.wait(20)

    return handle


@pytest.mark.timeout(30)  # `idle` is ten minutes
@pytest.mark.parametrize("library", CLIENTS)
@pytest.mark.parametrize("way", WAYS)
def test_a_response_that_is_left_open_after_the_marked_end_holds_nobody_up(way: str, library: str) -> None:
    with serving(left_open(TEXT, FINISH, DONE)) as server:
        chunks, times = collect(model_of(server), way, library)
    assert (chunks[0].text, chunks[-1].chunk_position) == ("so", "last")
    assert times[-2] < 0.9  # the last chunk does not wait for the connection
    assert times[-1] < 3


@pytest.mark.timeout(30)
@pytest.mark.parametrize("library", CLIENTS)
@pytest.mark.parametrize("way", WAYS)
def test_a_reply_may_end_with_its_finish_reason(way: str, library: str) -> None:
    """Some gateways mark no end and leave the response open; the usage that comes meanwhile is not lost."""
    with serving(left_open(TEXT, FINISH, USAGE)) as server:
        chunks, times = collect(model_of(server), way, library)
    assert chunks[-1].response_metadata["finish_reason"] == "stop"
    assert chunks[-1].usage_metadata["total_tokens"] == 3
    assert times[-1] < 3


@pytest.mark.parametrize("way", WAYS)
def test_usage_that_comes_late_is_waited_for(way: str) -> None:
    def handle(server: Server, connection: socket.socket) -> None:
        server.read_request(connection)
        connection.sendall(EVENT_STREAM + chunk(TEXT) + chunk(FINISH))
        time.sleep(0.3)
        connection.sendall(chunk(USAGE) + chunk(DONE) + b"0\r\n\r\n")

    with serving(handle) as server:
        chunks, _ = collect(model_of(server), way)
    assert chunks[-1].usage_metadata["total_tokens"] == 3


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("way", WAYS)
def test_a_stream_that_holds_nothing_but_its_end_is_asked_for_again(way: str) -> None:
    def handle(server: Server, connection: socket.socket) -> None:
        while server.read_request(connection):
            events = chunk(DONE) if len(server.requests) == 1 else chunk(TEXT) + chunk(FINISH) + chunk(DONE)
            connection.sendall(EVENT_STREAM + events + b"0\r\n\r\n")

    with serving(handle) as server:
        chunks, _ = collect(model_of(server, max_retries=1), way)
    assert (len(server.requests), chunks[0].text) == (2, "so")


def test_an_endpoint_that_leaves_replies_open_costs_others_no_usage() -> None:
    def late(server: Server, connection: socket.socket) -> None:
        server.read_request(connection)
        connection.sendall(EVENT_STREAM + chunk(TEXT) + chunk(FINISH))
        time.sleep(0.1)
        connection.sendall(chunk(USAGE) + chunk(DONE) + b"0\r\n\r\n")

    with serving(left_open(TEXT, FINISH)) as endless, serving(late) as server:
        with ThreadPoolExecutor(20) as threads:
            list(threads.map(lambda _: collect(model_of(endless), "stream"), range(20)))
        _, times = collect(model_of(endless), "stream")
        assert times[-1] < 0.8  # nor does one more of them start one more thread, and wait for a second
        chunks, _ = collect(model_of(server), "stream")
    assert chunks[-1].usage_metadata["total_tokens"] == 3


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("idle", [5, None])
def test_a_reply_that_goes_on_after_a_finish_reason_is_read_whole(idle: float | None, way: str) -> None:
    def handle(server: Server, connection: socket.socket) -> None:
        server.read_request(connection)
        connection.sendall(EVENT_STREAM + chunk(TEXT) + chunk(FINISH))
        for _ in range(2):
            time.sleep(0.6)
            connection.sendall(chunk(TEXT))
        time.sleep(1.2)
        connection.sendall(chunk(TEXT) + chunk(FINISH) + b"0\r\n\r\n")

    with serving(handle) as server:
        chunks, _ = collect(model_of(server, timeout={"idle": idle}), way)
    assert "".join(chunk.text for chunk in chunks) == "sososo" + "so"


@pytest.mark.parametrize("way", WAYS)
def test_a_connection_is_used_again_after_a_stream_whose_end_comes_late(way: str) -> None:
    def handle(server: Server, connection: socket.socket) -> None:
        while server.read_request(connection):
            connection.sendall(EVENT_STREAM + chunk(TEXT) + chunk(FINISH) + chunk(DONE))
            time.sleep(0.1)
            connection.sendall(b"0\r\n\r\n")

    async def twice(model: ChatGLM) -> None:
        for _ in range(2):
            async for _ in model.astream("hi"):
                pass

    with serving(handle) as server:
        if way == "astream":
            asyncio.run(twice(model_of(server)))
        else:
            for _ in range(2):
                list(model_of(server).stream("hi"))
        assert (len(server.requests), server.connections) == (2, 1)


@pytest.mark.parametrize("way", WAYS)
def test_a_flood_after_the_marked_end_is_not_read_for_long(way: str) -> None:
    def handle(server: Server, connection: socket.socket) -> None:
        server.read_request(connection)
        connection.sendall(EVENT_STREAM + chunk(TEXT) + chunk(FINISH) + chunk(DONE))
        while not server.over.is_set():
            connection.sendall(chunk(": and on\n" * 100))
            time.sleep(0.001)

    with serving(handle) as server:
        chunks, times = collect(model_of(server), way)
        assert chunks[-1].chunk_position == "last"
        assert times[-1] < 3
        assert server.connections == 1


def test_a_stream_needs_no_thread_of_its_own(glm_server: GLMServer, make_model: Make) -> None:
    list(make_model().stream("hi"))
    before = {thread.ident for thread in threading.enumerate()}
    for _ in range(5):
        list(make_model().stream("hi"))
    ours = [thread for thread in threading.enumerate() if "langchain_glm" in thread.name]
    assert {thread.ident for thread in ours} <= before
    assert len(glm_server.requests) == 6


def test_a_reply_needs_no_thread(make_model: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """None can be started while the interpreter shuts down, nor beyond a container's limit."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    background._idle_workers.clear()
    monkeypatch.setattr(background, "_closer", None)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    for timeout in (None, {"total": 30}):
        assert make_model(timeout=timeout).invoke("hi").text
        assert "".join(chunk.text for chunk in make_model(timeout=timeout).stream("hi"))


def test_an_abandoned_stream_is_closed(glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(Reply("word " * 2000, gap=0.01))
    for _ in make_model().stream("hi"):
        break
    until = time.monotonic() + 1
    while (requests_in_flight() or background._held) and time.monotonic() < until:
        time.sleep(0.005)
    assert (requests_in_flight(), background._held) == (0, set())


class Body(httpx2.SyncByteStream):
    """A body that never ends, and whose closing needs a lock, as that of httpx's connections does."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.closed: list[bool] = []

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield TEXT.encode()

    def close(self) -> None:
        self.closed.append(self.lock.acquire(timeout=2))
        if self.closed[-1]:
            self.lock.release()


def test_a_garbage_collector_that_runs_at_the_worst_moment_hangs_nobody() -> None:
    """A consumer that fails leaves its stream in a cycle; what collects it may hold the lock that closing needs."""
    body = Body()
    head = {"content-type": "text/event-stream"}
    with httpx2.Client(
        transport=httpx2.MockTransport(lambda _: httpx2.Response(200, headers=head, stream=body))
    ) as client:
        model = ChatGLM(model="m", base_url="http://127.0.0.1/v1", api_key="k", http_client=client)

        def consume() -> None:
            stream = model.stream("hi")
            for _ in stream:
                cycle: list[Any] = [stream]
                cycle += [cycle, sys._getframe()]
                raise RuntimeError("the consumer fails")

        gc.disable()
        try:
            with pytest.raises(RuntimeError, match="consumer"):
                consume()
            assert body.closed == []
            with body.lock:
                gc.collect()
                assert body.closed == []
        finally:
            gc.enable()
        until = time.monotonic() + 2
        while not body.closed and time.monotonic() < until:
            time.sleep(0.005)
        assert body.closed == [True]


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("after", [0, 2])
def test_a_network_error_of_the_endpoint_is_asked_again_before_the_first_chunk(
    after: int, way: str, glm_server: GLMServer, make_model: Make
) -> None:
    failed = Reply("" if after == 0 else "one two", chunk_size=3, reasoning="")
    glm_server.queue(Fault.finish("network_error", reply=failed), Reply("At last."))
    if after == 0:
        chunks, _ = collect(make_model(max_retries=1), way)
        assert "".join(chunk.text for chunk in chunks) == "At last."
        return
    with pytest.raises(GLMServerError, match="network_error") as caught:
        collect(make_model(max_retries=1), way)
    assert caught.value.is_retryable
    assert caught.value.partial is not None
    assert caught.value.partial.text == "one two"
    glm_server.clear_queue()


@pytest.mark.parametrize("way", ["invoke", "ainvoke", *WAYS])
def test_a_body_without_end_is_given_up_and_fetched_once(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("langchain_glm.transport.events.MAX_BYTES", 100_000)

    def handle(server: Server, connection: socket.socket) -> None:
        server.read_request(connection)
        kind = b"text/event-stream" if b'"stream":true' in server.requests[-1] else b"application/json"
        connection.sendall(EVENT_STREAM.replace(b"text/event-stream", kind))
        while not server.over.is_set():
            connection.sendall(chunk("x" * 10_000))

    with serving(handle) as server:
        model = model_of(server, max_retries=2)
        with pytest.raises(GLMStreamError, match="more than 100000 bytes") as caught:
            ask(model, way)
        assert len(server.requests) == 1
        assert not caught.value.is_retryable


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_bytes_that_come_after_a_reply_are_no_reply_to_the_next_request(way: str) -> None:
    """What a server sends when nobody has asked closes the connection."""

    def handle(server: Server, connection: socket.socket) -> None:
        while server.read_request(connection):
            connection.sendall(json_reply(f"reply {len(server.requests)}"))
            time.sleep(0.05)
            connection.sendall(json_reply("stray"))

    async def several(model: ChatGLM) -> list[str]:
        texts: list[str] = []
        for _ in range(3):
            texts.append((await model.ainvoke("hi")).text)
            await asyncio.sleep(0.2)
        return texts

    with serving(handle) as server:
        model = model_of(server)
        if way == "ainvoke":
            texts = asyncio.run(several(model))
        else:
            texts = []
            for _ in range(3):
                texts.append(model.invoke("hi").text)
                time.sleep(0.2)
        assert texts == ["reply 1", "reply 2", "reply 3"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("status", [b"201 Created", b"503 Service Unavailable"])
def test_a_stream_with_another_status_is_no_reply(way: str, status: bytes) -> None:
    def handle(server: Server, connection: socket.socket) -> None:
        server.read_request(connection)
        head = EVENT_STREAM.replace(b"200 OK", status)
        connection.sendall(head + chunk(TEXT) + chunk(FINISH) + chunk(DONE) + b"0\r\n\r\n")

    with serving(handle) as server, pytest.raises(GLMServerError):
        ask(model_of(server), way)


def slow_reader(server: Server, connection: socket.socket) -> None:
    """Take a request's first bytes and leave the rest in the buffers."""
    connection.recv(1000)
    server.over.wait(20)


@pytest.mark.parametrize("way", ["invoke", "ainvoke", *WAYS])
def test_the_total_time_bounds_sending_too(way: str) -> None:
    with serving(slow_reader) as server:
        model = model_of(server, timeout={"total": 0.5})
        begun = time.monotonic()
        with pytest.raises(GLMTimeoutError, match=r"timeout\.total = 0\.5 s"):
            ask(model, way, "x" * 30_000_000)
        assert time.monotonic() - begun < 4


@pytest.mark.parametrize("way", ["invoke", *WAYS])
def test_the_total_time_bounds_resolving_the_name(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def slow(*_: Any, **__: Any) -> Iterator[Any]:
        over.wait(20)
        raise OSError("Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", slow)
    model = ChatGLM(model="m", base_url="http://gateway.example/v1", timeout={"total": 0.3}, max_retries=0)
    begun = time.monotonic()
    try:
        with pytest.raises(GLMTimeoutError, match=r"timeout\.total"):
            model.invoke("hi") if way == "invoke" else next(model.stream("hi"))
        assert time.monotonic() - begun < 3
    finally:
        over.set()


def test_a_key_is_asked_for_before_every_try(glm_server: GLMServer, make_model: Make, waits: list[float]) -> None:
    asked: list[int] = []

    def key() -> str:
        asked.append(len(waits))
        return glm_server.api_key

    async def akey() -> str:
        return key()

    glm_server.queue(Fault.code("1302"), Fault.code("1302"), Reply("ok"))
    make_model(api_key=key, max_retries=2).invoke("hi")
    assert asked == [0, 1, 2]
    glm_server.queue(Fault.code("1302"), Reply("ok"))
    asyncio.run(make_model(api_key=akey, max_retries=2).ainvoke("hi"))
    assert len(asked) == 5
