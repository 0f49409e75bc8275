"""Every fault, as a plain HTTP client meets it."""

from __future__ import annotations

import json
import socket
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest

from langchain_glm.testing import Fault, GLMServer, Reply

from .asking import ask, body_for, frames

if TYPE_CHECKING:
    from collections.abc import Iterator

REPLY = Reply("one two three four", chunk_size=4)


@pytest.fixture
def server() -> Iterator[GLMServer]:
    with GLMServer() as server:
        yield server


def lines(server: GLMServer) -> tuple[list[str], Exception | None]:
    """Read a stream line by line; return what came and what ended it."""
    got: list[str] = []
    body = {"model": "glm-4.7", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    headers = {"authorization": f"Bearer {server.api_key}"}
    try:
        with httpx.stream("POST", f"{server.base_url}/chat/completions", json=body, headers=headers) as response:
            got.extend(line for line in response.iter_lines() if line)
    except httpx.TransportError as error:
        return got, error
    return got, None


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [
        (Fault.code("1302", message="M"), 429, {"code": "1302", "message": "M"}),
        (Fault.code("1302", message="M", status=503), 503, {"code": "1302", "message": "M"}),
        (Fault.code("1000", message="M"), 401, {"code": "1000", "message": "M"}),
        (Fault.code("9999", message="M"), 400, {"code": "9999", "message": "M"}),
        (Fault.error_in_200("1305", message="M"), 200, {"code": "1305", "message": "M"}),
        (Fault.bare_string("slow down"), 429, "slow down"),
        (Fault.code(1302, message="M"), 429, {"code": "1302", "message": "M"}),
        (Fault.json({"error": 7, "code": 9}), 400, 7),
        (Fault.code("1005", message="M"), 401, {"code": "1005", "message": "M"}),
        (Fault.code("1233", message="M"), 400, {"code": "1233", "message": "M"}),
    ],
)
def test_refusals(server: GLMServer, fault: Fault, status: int, error: Any, stream: bool) -> None:
    server.queue(fault)
    response = ask(server, stream=stream)
    assert (response.status_code, response.json()["error"]) == (status, error)
    assert response.headers["content-type"] == "application/json; charset=UTF-8"
    assert "retry-after" not in response.headers


def test_retry_after(server: GLMServer) -> None:
    server.queue(Fault.code("1302", retry_after=1.5))
    assert ask(server).headers["retry-after"] == "1.5"


def test_proxy_page(server: GLMServer) -> None:
    server.queue(Fault.http(502, html="<h1>No</h1>"))
    response = ask(server, stream=True)
    assert (response.status_code, response.text) == (502, "<h1>No</h1>")
    assert response.headers["content-type"] == "text/html"


@pytest.mark.parametrize("event", [False, True])
def test_error_frame(server: GLMServer, event: bool) -> None:
    server.queue(Fault.in_stream("1234", after=2, event=event, reply=REPLY))
    got, ended = lines(server)
    assert ended is None
    assert ("event: error" in got) is event
    assert json.loads(got[-1].removeprefix("data: "))["error"]["code"] == "1234"
    assert len(got) == 3 + event


def test_raw_error_line(server: GLMServer) -> None:
    server.queue(Fault.raw_line("500", after=1, reply=REPLY))
    got, ended = lines(server)
    assert ended is None
    assert json.loads(got[-1])["error"]["code"] == "500"


@pytest.mark.parametrize("fault", [Fault.in_stream("1234"), Fault.raw_line("1234")])
def test_error_frames_are_refusals_where_nothing_is_streamed(server: GLMServer, fault: Fault) -> None:
    server.queue(fault)
    response = ask(server)
    assert (response.status_code, response.json()["error"]["code"]) == (500, "1234")


def test_cut_stream(server: GLMServer) -> None:
    server.queue(Fault.cut(after=2, reply=REPLY))
    got, ended = lines(server)
    assert len(got) == 2
    assert isinstance(ended, httpx.RemoteProtocolError)


def test_a_cut_never_lets_the_final_chunk_through(server: GLMServer) -> None:
    server.queue(Fault.cut(after=99, reply=REPLY))
    got, ended = lines(server)
    assert len(got) == 5
    assert not any("finish_reason" in line for line in got)
    assert isinstance(ended, httpx.RemoteProtocolError)


def test_truncated_frame(server: GLMServer) -> None:
    server.queue(Fault.truncated_frame(after=1, reply=REPLY))
    got, ended = lines(server)
    assert ended is None
    glued = got[1]
    assert glued.count("data: {") == 2
    with pytest.raises(json.JSONDecodeError):
        json.loads(glued.removeprefix("data: "))
    restarted = json.loads(glued.rpartition("data: ")[2])
    assert restarted["id"] != json.loads(got[0].removeprefix("data: "))["id"]
    assert got[-1] == "data: [DONE]"


def test_truncated_body(server: GLMServer) -> None:
    server.queue(Fault.truncated_frame())
    response = ask(server)
    assert response.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        response.json()


@pytest.mark.parametrize("fault", [Fault.half_reply(), Fault.cut()])
def test_half_a_body(server: GLMServer, fault: Fault) -> None:
    server.queue(fault)
    with pytest.raises(httpx.RemoteProtocolError, match="peer closed"):
        ask(server)


def test_half_a_stream(server: GLMServer) -> None:
    server.queue(Fault.half_reply(reply=REPLY))
    got, ended = lines(server)
    assert len(got) == 3
    assert isinstance(ended, httpx.RemoteProtocolError)


def test_reset_stream(server: GLMServer) -> None:
    server.queue(Fault.reset(after=0, reply=REPLY))
    got, ended = lines(server)
    assert got == []
    assert isinstance(ended, httpx.ReadError)
    assert "reset" in str(ended)
    assert server.requests[-1].status == 0


def test_reset_after_some_events(server: GLMServer) -> None:
    server.queue(Fault.reset(after=2, reply=REPLY))
    _, ended = lines(server)
    assert isinstance(ended, httpx.ReadError)
    assert server.requests[-1].status == 200


def test_reset_body(server: GLMServer) -> None:
    server.queue(Fault.reset())
    with pytest.raises(httpx.ReadError):
        ask(server)


@pytest.mark.parametrize("stream", [False, True])
def test_silence_ends_and_the_reply_is_whole(server: GLMServer, stream: bool) -> None:
    server.queue(Fault.silence(0.05, reply=REPLY))
    before = time.monotonic()
    response = ask(server, stream=stream)
    assert time.monotonic() - before >= 0.05
    assert len(frames(response)) == 6 if stream else response.json()["choices"]


def test_stopping_does_not_wait_for_a_silence() -> None:
    with GLMServer() as server:
        server.queue(Fault.silence(600, after=1, reply=REPLY))
        before = time.monotonic()
        body = {"model": "glm-4.7", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
        headers = {"authorization": "Bearer test.key"}
        with httpx.stream("POST", f"{server.base_url}/chat/completions", json=body, headers=headers) as response:
            rest = response.iter_lines()
            assert next(rest).startswith("data: ")
            server.stop()
            with pytest.raises(httpx.TransportError):
                list(rest)
        assert time.monotonic() - before < 30


@pytest.mark.parametrize("reason", ["network_error", "sensitive", "model_context_window_exceeded"])
def test_finish_reasons_of_failure(server: GLMServer, reason: Any) -> None:
    server.queue(Fault.finish(reason), Fault.finish(reason))
    last = frames(ask(server, stream=True))[-1]
    body = ask(server).json()
    assert last["choices"][0]["finish_reason"] == reason
    assert body["choices"][0]["finish_reason"] == reason
    assert ("content_filter" in last) is (reason == "sensitive")
    assert ("usage" in body) is (reason == "sensitive")


def test_an_overlong_context_is_a_stream_of_one_chunk(server: GLMServer) -> None:
    server.queue(Fault.finish("model_context_window_exceeded"))
    assert len(frames(ask(server, stream=True))) == 1


def test_every_fault_takes_its_code_as_a_number() -> None:
    assert Fault.error_in_200(1305) == Fault.error_in_200("1305")
    assert Fault.in_stream(1305) == Fault.in_stream("1305")
    assert Fault.raw_line(1305) == Fault.raw_line("1305")


def test_a_flat_error_body(server: GLMServer) -> None:
    flat = {"code": 1000, "msg": "no", "success": False}
    server.queue(Fault.json(flat, status=200))
    response = ask(server, stream=True)
    assert (response.status_code, response.json()) == (200, flat)


def test_redirect(server: GLMServer) -> None:
    server.queue(Fault.redirect("https://a.example/v4"))
    response = ask(server)
    assert (response.status_code, response.headers["location"]) == (308, "https://a.example/v4")


@pytest.mark.parametrize("stream", [False, True])
def test_wrong_mode(server: GLMServer, stream: bool) -> None:
    server.queue(Fault.wrong_mode(reply=REPLY))
    response = ask(server, stream=stream)
    assert response.status_code == 200
    if stream:
        assert response.json()["choices"][0]["message"]["content"] == REPLY.text
    else:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert len(frames(response)) == 6


@pytest.mark.parametrize(("stream", "kind"), [(False, "application/json"), (True, "text/event-stream")])
def test_an_empty_200(server: GLMServer, stream: bool, kind: str) -> None:
    server.queue(Fault.empty())
    response = ask(server, stream=stream)
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-type"].startswith(kind)


@contextmanager
def connected(server: GLMServer, **settings: Any) -> Iterator[socket.socket]:
    """A plain socket that has sent one request."""
    url = httpx2.URL(server.base_url)
    body = json.dumps(body_for("Hi", **settings)).encode()
    head = (
        f"POST {url.path}/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n"
        f"authorization: Bearer {server.api_key}\r\n\r\n"
    )
    with socket.create_connection((url.host, url.port), timeout=10) as connection:
        connection.sendall(head.encode() + body)
        yield connection


def read_until_quiet(connection: socket.socket, end: bytes) -> bytes:
    """Read up to `end`, and whatever else comes within the following tenth of a second."""
    got = b""
    while end not in got:
        got += connection.recv(65_536)
    connection.settimeout(0.1)
    with suppress(TimeoutError):
        while more := connection.recv(65_536):
            got += more
    return got


@pytest.mark.parametrize(("done", "end"), [(True, b"[DONE]"), (False, b'"finish_reason":"stop"')])
def test_a_complete_stream_that_is_left_open(server: GLMServer, done: bool, end: bytes) -> None:
    server.queue(Fault.left_open(done=done, reply=REPLY))
    with connected(server, stream=True) as connection:
        got = read_until_quiet(connection, end)
    assert got.count(b"data: ") == 6 + done
    assert b'"finish_reason":"stop"' in got
    assert not got.endswith(b"0\r\n\r\n")  # the last chunk of a complete response


def test_a_stream_that_is_left_open_ends_in_time(server: GLMServer) -> None:
    server.queue(Fault.left_open(0.05, done=False, reply=REPLY))
    got, ended = lines(server)
    assert ended is None
    assert json.loads(got[-1].removeprefix("data: "))["choices"][0]["finish_reason"] == "stop"


def test_a_body_is_never_left_open(server: GLMServer) -> None:
    server.queue(Fault.left_open(reply=REPLY))
    assert ask(server).json()["choices"][0]["message"]["content"] == REPLY.text


@pytest.mark.parametrize("stream", [False, True])
def test_bytes_after_the_reply(server: GLMServer, stream: bool) -> None:
    server.queue(Fault.extra_bytes(b"HTTP/1.1 200 OK\r\n\r\n", reply=REPLY))
    with connected(server, stream=stream) as connection:
        got = read_until_quiet(connection, b"\r\n\r\nHTTP/1.1" if stream else b"}HTTP/1.1")
    assert got.count(b"HTTP/1.1 200 OK") == 2
    assert got.endswith(b"HTTP/1.1 200 OK\r\n\r\n")
