"""Every fault, as a plain HTTP client meets it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from langchain_glm.testing import Fault, GLMServer, Reply

from .asking import ask, frames

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
