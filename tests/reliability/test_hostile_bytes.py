"""Bytes that no honest endpoint sends, through the whole model: only `GLMError` comes out, and memory is bounded."""

from __future__ import annotations

import asyncio
import copy
import gzip
import socket
import threading
import tracemalloc
from contextlib import closing, contextmanager
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from langchain_glm import ChatGLM, GLMError, GLMStreamError
from langchain_glm.transport.events import MAX_BYTES, EventReader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

WAYS = ("invoke", "ainvoke", "stream", "astream", "events")
MEGABYTE: Final = 2**20


class Bytes(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in pieces."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from self.pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece


def read(pieces: Iterable[bytes], way: str, *, kind: str | None = None, status: int = 200, encoding: str = "") -> Any:
    """What a model makes of a body."""
    kind = kind or ("application/json" if "invoke" in way else "text/event-stream")

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(
            status, headers={"content-type": kind, "content-encoding": encoding}, stream=Bytes(pieces)
        )

    async def on_a_loop() -> Any:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
            model = ChatGLM(base_url="https://gateway.example/v1", http_async_client=client, **plain)
            if way == "ainvoke":
                return await model.ainvoke("hi")
            return _sum([chunk async for chunk in model.astream("hi")])

    plain: dict[str, Any] = {"model": "glm-4.7", "api_key": "k", "max_retries": 0}
    if way in ("ainvoke", "astream"):
        return asyncio.run(on_a_loop())
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        model = ChatGLM(base_url="https://gateway.example/v1", http_client=client, **plain)
        if way == "invoke":
            return model.invoke("hi")
        if way == "stream":
            return _sum(list(model.stream("hi")))
        stream: Any = model.stream_events("hi", version="v3")
        return stream.output


def _sum(chunks: list[Any]) -> Any:
    total = chunks[0]
    for chunk in chunks[1:]:
        total += chunk
    return total


def use(message: Any) -> None:
    """Do with a message what programs do."""
    assert isinstance(message.content_blocks, list)
    assert message.response_metadata["model_provider"] == "glm"
    str(message)
    copy.copy(message)


@contextmanager
def memory_below(limit: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < limit
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("start", [b"data: ", b'data: {"id": "', b": ", b"{", b""], ids=repr)
def test_a_line_of_100_megabytes(way: str, start: bytes) -> None:
    def pieces() -> Iterator[bytes]:
        yield start
        yield from repeat(b"x" * MEGABYTE, 100)

    with memory_below(4 * MAX_BYTES), pytest.raises(GLMStreamError, match=r"more than \d+ bytes") as caught:
        read(pieces(), way)
    assert not caught.value.is_retryable  # it would be as long again, and billed again


def test_a_long_line_in_the_smallest_pieces_costs_no_more_than_itself() -> None:
    reader = EventReader()
    with memory_below(MEGABYTE):
        for _ in range(100_000):
            list(reader.feed(b"xy"))


@pytest.mark.parametrize("way", ["invoke", "astream"])
@pytest.mark.parametrize("status", [200, 502])
def test_an_error_page_of_100_megabytes(way: str, status: int) -> None:
    with memory_below(4 * MAX_BYTES), pytest.raises(GLMStreamError, match=r"more than \d+ bytes") as caught:
        read(repeat(b"<p>no" * 100_000, 200), way, kind="text/html", status=status)
    assert not caught.value.is_retryable  # it would be as long again, and billed again


@pytest.mark.parametrize("way", ["invoke", "stream"])
def test_a_bomb(way: str) -> None:
    """A hundred megabytes of zeros fit into a hundred kilobytes."""
    bomb = gzip.compress(bytes(100 * MEGABYTE))
    pieces = (bomb[start : start + 16384] for start in range(0, len(bomb), 16384))
    with memory_below(5 * MAX_BYTES), pytest.raises(GLMStreamError, match=r"more than \d+ bytes") as caught:
        read(pieces, way, encoding="gzip")
    assert not caught.value.is_retryable  # it would be as long again, and billed again


def nested(depth: int, inner: bytes = b"") -> bytes:
    return b'{"a":[' * (depth // 2) + inner + b"]}" * (depth // 2)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("depth", [20, 240, 300, 900, 1500, 5000, 200_000])
@pytest.mark.parametrize("where", ["own", "content", "usage", "arguments", "error", "reasoning_content", "web_search"])
def test_deep_nesting(way: str, depth: int, where: str) -> None:
    deep = nested(depth)
    word = b"message" if "invoke" in way else b"delta"
    text = b'"%s":{"content":"x"}' % word
    choice = {
        "content": b'"%s":{"content":%s}' % (word, deep),
        "reasoning_content": b'"%s":{"content":"x","reasoning_content":%s}' % (word, deep),
        "arguments": b'"%s":{"tool_calls":[{"id":"1","function":{"name":"f","arguments":%s}}]}' % (word, deep),
    }.get(where, text)
    top = b',"%s":%s' % (where.encode(), b"[%s]" % deep if where == "web_search" else deep)
    body = b'{"id":"1","choices":[{"index":0,"finish_reason":"stop",%s}]' % choice
    body += b"}" if where in ("content", "arguments", "reasoning_content") else top + b"}"
    pieces = [body] if "invoke" in way else [b"data: ", body, b"\n\ndata: [DONE]\n\n"]
    try:
        use(read(pieces, way))
    except GLMError as error:
        str(error)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("depth", [10, 600, 20_000])
def test_deep_nesting_in_arguments(way: str, depth: int) -> None:
    inner = nested(depth).replace(b'"', b'\\"')
    call = b'{"tool_calls":[{"id":"1","index":0,"function":{"name":"f","arguments":"%s"}}]}' % inner
    key = b"message" if "invoke" in way else b"delta"
    body = b'{"choices":[{"finish_reason":"tool_calls","%s":%s}]}' % (key, call)
    try:
        message = read([body] if "invoke" in way else [b"data: ", body, b"\n\ndata: [DONE]\n\n"], way)
    except GLMStreamError:
        if depth < 10_000:
            raise
    else:
        use(message)
        assert len(message.tool_calls) + len(message.invalid_tool_calls) == 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("text", [b"\\ud83d", b"\xff\xe5", b"\\u0000", "城".encode()[:2]], ids=repr)
def test_text_that_is_no_unicode_is_read_once(way: str, text: bytes) -> None:
    """It was served; another try would be billed again and bring the same."""
    key = b"message" if "invoke" in way else b"delta"
    body = b'{"choices":[{"finish_reason":"stop","%s":{"content":"a%s"}}],"n":NaN}' % (key, text)
    message = read([body] if "invoke" in way else [b"data: ", body, b"\n\n"], way)
    assert message.text.startswith("a")
    assert message.response_metadata["finish_reason"] == "stop"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("text", [b"\\ud83d", b"\xff", b"1" * 5000, b"\\u0000"], ids=lambda text: repr(text[:6]))
def test_an_error_that_is_no_unicode_is_of_its_class(way: str, text: bytes) -> None:
    body = b'{"error":{"code":"1113","message":"%s","n":NaN}}' % text
    pieces = [body] if "invoke" in way else [b"data: ", body, b"\n\n"]
    with pytest.raises(GLMError) as caught:
        read(pieces, way)
    assert caught.value.code == "1113"


lines = st.sampled_from(
    [
        b'data: {"id":"1","choices":[{"index":0,"delta":{"content":"hi"}}]}',
        b'data: {"choices":[{"delta":{"reasoning_content":"so"}}]}',
        b'data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{"}}]}}]}',
        b'data: {"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}',
        b"data: [DONE]", b": ping", b"event: error", b"data:", b"\xef\xbb\xbf", b"\xff\xfe", b'{"error":"x"}', b"\x00",
    ]
) | st.binary(max_size=30)  # fmt: skip
bodies = st.lists(st.tuples(lines, st.sampled_from([b"\n", b"\r", b"\r\n", b"\n\n", b""])), max_size=8).map(
    lambda parts: b"".join(line + ending for line, ending in parts)
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    body=bodies,
    size=st.integers(1, 40),
    way=st.sampled_from(WAYS),
    kind=st.sampled_from(["text/event-stream", "application/json", "text/html", "", "\u00e9"]),
    status=st.sampled_from([200, 204, 307, 400, 429, 500, 599]),
)
def test_any_body_of_any_kind(body: bytes, size: int, way: str, kind: str, status: int) -> None:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    kind = kind.encode("utf-8").decode("latin-1").encode("ascii", "replace").decode()
    try:
        message = read(pieces, way, kind=kind or " ", status=status)
    except GLMError as error:
        str(error)
    else:
        use(message)


RAW: Final = {
    "nothing": b"",
    "no HTTP": b"220 mail.example ESMTP\r\n",
    "half a status line": b"HTTP/1.1 2",
    "a status that is none": b"HTTP/1.1 9999 What\r\n\r\n",
    "a broken header": b"HTTP/1.1 200 OK\r\n: x\r\n\r\n",
    "a header of a megabyte": b"HTTP/1.1 200 OK\r\nx-a: " + b"a" * MEGABYTE + b"\r\n\r\n",
    "headers without an end": b"HTTP/1.1 200 OK\r\n" + b"x-a: 1\r\n" * 50_000,
    "a broken length": b"HTTP/1.1 200 OK\r\ncontent-length: -7\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    "a broken chunk": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    "a chunk cut off": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\ndata: {",
    "broken gzip": b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nnope",
    "a redirect": b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n",
    "switching protocols": b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n",
    "early hints and nothing more": b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n",
}


@contextmanager
def answering(raw: bytes) -> Iterator[str]:
    """The URL of a server that answers each connection with these bytes and hangs up."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.recv(65536)
                    connection.sendall(raw)
                except OSError:
                    pass

    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve)
    with closing(listener):
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
@pytest.mark.parametrize("raw", RAW.values(), ids=RAW)
def test_what_is_no_http(raw: bytes, way: str) -> None:
    async def on_a_loop(model: ChatGLM) -> Any:
        return await model.ainvoke("hi") if way == "ainvoke" else [chunk async for chunk in model.astream("hi")]

    with answering(raw) as url:
        model = ChatGLM(model="m", base_url=url, api_key="k", max_retries=0, timeout=5)
        with pytest.raises(GLMError):
            asyncio.run(on_a_loop(model)) if way.startswith("a") else list(getattr(model, way)("hi"))
