"""Requests over real loopback sockets: what is tried again, what is raised, what is let go."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import ssl
import subprocess
import sys
import threading
import time
import traceback
import weakref
from contextlib import suppress
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest

from langchain_glm import (
    HOSTS,
    ChatGLM,
    GLMAuthenticationError,
    GLMBalanceError,
    GLMConnectionError,
    GLMConnectTimeoutError,
    GLMError,
    GLMInvalidRequestError,
    GLMNotFoundError,
    GLMOverloadedError,
    GLMQuotaError,
    GLMRateLimitError,
    GLMServerError,
    GLMStreamError,
    GLMTimeoutError,
)
from langchain_glm.testing import Fault, GLMServer, Reply
from langchain_glm.transport import clients
from langchain_glm.transport.clients import close_clients, requests_in_flight
from langchain_glm.transport.error_body import BEIJING
from tests.transport.serving import Server, json_reply, serving

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path

WAYS = ("invoke", "ainvoke", "stream", "astream")


def read(model: ChatGLM, way: str) -> str:
    """The text of the reply, read in one of four ways."""

    async def acollect() -> str:
        return "".join([chunk.text async for chunk in model.astream("hi")])

    if way == "invoke":
        return model.invoke("hi").text
    if way == "ainvoke":
        return asyncio.run(model.ainvoke("hi")).text
    if way == "stream":
        return "".join(chunk.text for chunk in model.stream("hi"))
    return asyncio.run(acollect())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "fault",
    [
        Fault.code("1302"),
        Fault.code("1305"),
        Fault.code("1234"),
        Fault.code("500"),
        Fault.http(502),
        Fault.bare_string(),
        Fault.error_in_200("1305"),
        Fault.in_stream("1302", after=0),
        Fault.raw_line("1305", after=0),
        Fault.reset(after=0),
        Fault.cut(after=0),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.code_}",
)
def test_what_can_pass_is_tried_again(
    fault: Fault, way: str, glm_server: GLMServer, make_model: Callable[..., ChatGLM], waits: list[float]
) -> None:
    glm_server.queue(fault, Reply("At last."))
    assert read(make_model(max_retries=1), way) == "At last."
    assert (len(glm_server.requests), len(waits)) == (2, 1)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("fault", "expected", "code"),
    [
        (Fault.code("1113"), GLMBalanceError, "1113"),
        (Fault.code("1308"), GLMQuotaError, "1308"),
        (Fault.code("1000"), GLMAuthenticationError, "1000"),
        (Fault.code("1210"), GLMInvalidRequestError, "1210"),
        (Fault.code("1211"), GLMNotFoundError, "1211"),
    ],
    ids=lambda value: value.code_ if isinstance(value, Fault) else None,
)
def test_what_cannot_pass_is_sent_once(
    fault: Fault,
    expected: type[GLMError],
    code: str,
    way: str,
    glm_server: GLMServer,
    make_model: Callable[..., ChatGLM],
    waits: list[float],
) -> None:
    glm_server.queue(fault)
    with pytest.raises(expected) as caught:
        read(make_model(max_retries=3), way)
    assert (caught.value.code, caught.value.is_retryable) == (code, False)
    assert (len(glm_server.requests), waits) == (1, [])
    response = caught.value.response
    assert response is not None
    assert response.json()["error"]["code"] == code
    assert glm_server.api_key not in repr((caught.value, vars(response), response.headers))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.cut(after=2), GLMConnectionError),
        (Fault.reset(after=2), GLMConnectionError),
        (Fault.truncated_frame(after=2), GLMStreamError),
        (Fault.in_stream("1305", after=2), GLMOverloadedError),
        (Fault.raw_line("500", after=2), GLMServerError),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else None,
)
@pytest.mark.parametrize("way", ["stream", "astream"])
def test_a_stream_that_broke_is_not_sent_again_and_brings_what_came(
    fault: Fault,
    expected: type[GLMError],
    way: str,
    glm_server: GLMServer,
    make_model: Callable[..., ChatGLM],
    waits: list[float],
) -> None:
    glm_server.queue(fault)
    with pytest.raises(expected) as caught:
        read(make_model(max_retries=3), way)
    assert caught.value.is_retryable
    assert (len(glm_server.requests), waits) == (1, [])
    assert caught.value.partial is not None
    assert caught.value.partial.additional_kwargs["reasoning_content"]


def test_retry_after_is_honoured_up_to_a_minute(
    glm_server: GLMServer, make_model: Callable[..., ChatGLM], waits: list[float]
) -> None:
    glm_server.queue(Fault.code("1302", retry_after=7), Fault.code("1302", retry_after=3600), Reply("ok"))
    make_model(max_retries=2).invoke("hi")
    assert 7 <= waits[0] <= 10.5
    assert 60 <= waits[1] <= 90


def test_those_who_were_told_the_same_time_do_not_come_back_together(
    glm_server: GLMServer, make_model: Callable[..., ChatGLM], waits: list[float]
) -> None:
    for _ in range(20):
        glm_server.queue(Fault.code("1302", retry_after=1), Reply("ok"))
        make_model(max_retries=1).invoke("hi")
    assert min(waits) >= 1
    assert max(waits) - min(waits) > 0.2


def test_an_overload_is_waited_for_longer_than_a_rate_limit(
    glm_server: GLMServer, make_model: Callable[..., ChatGLM], waits: list[float]
) -> None:
    glm_server.queue(*[Fault.code("1302")] * 3, Reply("ok"), *[Fault.code("1305")] * 3, Reply("ok"))
    model = make_model(max_retries=3)
    model.invoke("hi")
    model.invoke("hi")
    assert sum(waits[:3]) < sum(waits[3:])
    assert waits[:3] == sorted(waits[:3])


@pytest.mark.usefixtures("waits")
def test_tries_end(glm_server: GLMServer, make_model: Callable[..., ChatGLM]) -> None:
    glm_server.queue(*[Fault.code("1302")] * 5)
    with pytest.raises(GLMRateLimitError, match="1302"):
        make_model(max_retries=2).invoke("hi")
    assert len(glm_server.requests) == 3
    assert len(glm_server.clear_queue()) == 2


def test_a_reset_is_waited_for_on_request(
    glm_server: GLMServer, make_model: Callable[..., ChatGLM], waits: list[float]
) -> None:
    reset = datetime.now(BEIJING) + timedelta(minutes=30)
    quota = Fault.code("1308", message=f"Used up. It will reset at {reset:%Y-%m-%d %H:%M:%S}")
    glm_server.queue(quota, Reply("At last."), quota, quota)
    assert make_model(wait_for_reset=True, max_retries=1).invoke("hi").text == "At last."
    assert 1790 < waits[0] < 1805
    for limit in (60, False):
        with pytest.raises(GLMQuotaError) as caught:
            make_model(wait_for_reset=limit, max_retries=1).invoke("hi")
        assert caught.value.reset_at == reset.replace(microsecond=0)


def test_no_try_begins_after_the_total_time(glm_server: GLMServer, make_model: Callable[..., ChatGLM]) -> None:
    glm_server.queue(Fault.code("1302", retry_after=30), Reply("too late"))
    with pytest.raises(GLMRateLimitError):
        make_model(timeout={"total": 10}, max_retries=3).invoke("hi")
    assert len(glm_server.requests) == 1  # and nobody waited for half a minute
    assert len(glm_server.clear_queue()) == 1


def test_silence_is_an_error_and_is_not_sent_again(
    glm_server: GLMServer, make_model: Callable[..., ChatGLM], waits: list[float]
) -> None:
    glm_server.queue(Fault.silence(5, after=2))
    with pytest.raises(GLMTimeoutError, match=r"timeout\.idle") as caught:
        read(make_model(timeout=0.2, max_retries=2), "stream")
    assert waits == []
    assert caught.value.partial is not None


def test_total_time_ends_a_stream_that_goes_on(glm_server: GLMServer, make_model: Callable[..., ChatGLM]) -> None:
    glm_server.queue(Reply("word " * 100, gap=0.02))
    with pytest.raises(GLMTimeoutError, match=r"timeout\.total = 0\.3 s"):
        read(make_model(timeout={"total": 0.3}), "astream")


def test_nobody_listens() -> None:
    model = ChatGLM(model="glm-4.7", base_url="http://127.0.0.1:9", api_key="k", max_retries=0)
    with pytest.raises(GLMConnectionError, match=r"no connection to 127\.0\.0\.1:9.*\n.*base_url"):
        model.invoke("hi")


def test_a_wrong_path_names_the_right_one(glm_server: GLMServer) -> None:
    url = glm_server.base_url.replace("/api/paas/v4", "/api/paas/v4/v1")
    model = ChatGLM(model="glm-4.7", host="zai", base_url=url, api_key=glm_server.api_key)
    with pytest.raises(GLMNotFoundError) as caught:
        model.invoke("hi")
    assert HOSTS["zai"].base_url in str(caught.value)


def both_libraries() -> list[Any]:
    """httpx2 and httpx: companies have clients of both configured."""
    return [httpx2, httpx]


@pytest.mark.parametrize("http", both_libraries(), ids=lambda http: http.__name__)
@pytest.mark.parametrize("status", [301, 307, 308])
@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_a_redirect_is_neither_followed_nor_asked_for_again(way: str, status: int, http: Any) -> None:
    """Whatever the user's client does by itself: the key would go along."""
    seen: list[Any] = []

    def answer(request: Any) -> Any:
        seen.append(request)
        return http.Response(status, headers={"location": "https://elsewhere.example/chat/completions"})

    async def aanswer(request: Any) -> Any:
        return answer(request)

    async_client = http.AsyncClient(transport=http.MockTransport(aanswer), follow_redirects=True)
    with http.Client(transport=http.MockTransport(answer), follow_redirects=True) as client:
        model = ChatGLM(
            model="m", base_url="https://gateway.example/v1", api_key="k", max_retries=2,
            http_client=client, http_async_client=async_client,
        )  # fmt: skip
        with pytest.raises(GLMError) as caught:
            read(model, way)
    asyncio.run(async_client.aclose())
    assert [str(request.url) for request in seen] == ["https://gateway.example/v1/chat/completions"]
    assert not caught.value.is_retryable


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("way", WAYS)
def test_an_empty_reply_is_asked_for_again(way: str, glm_server: GLMServer, make_model: Callable[..., ChatGLM]) -> None:
    glm_server.queue(Fault.empty(), Reply("At last."))
    assert read(make_model(max_retries=1), way) == "At last."
    assert len(glm_server.requests) == 2


def test_a_second_event_loop_sends_one_request_more(glm_server: GLMServer, make_model: Callable[..., ChatGLM]) -> None:
    model = make_model()
    for _ in range(3):
        asyncio.run(model.ainvoke("hi"))
    assert len(glm_server.requests) == 3


def keep_alive(server: Server, connection: socket.socket) -> None:
    """Answer one request after the other."""
    while server.read_request(connection):
        connection.sendall(json_reply(f"reply {len(server.requests)}"))


@pytest.fixture
def counting() -> Iterator[Server]:
    """A server that knows how many connections were opened and are open."""
    with serving(keep_alive) as server:
        yield server


def model_of(server: Server, **settings: Any) -> ChatGLM:
    return ChatGLM(**{"model": "m", "base_url": server.url, "api_key": "k", "max_retries": 0, **settings})


def closed(server: Server) -> bool:
    """Whether the server sees no connection that is still open, within a second."""
    until = time.monotonic() + 1
    while server.open and time.monotonic() < until:
        time.sleep(0.005)
    return not server.open


@pytest.mark.filterwarnings("error::ResourceWarning")
def test_a_loop_takes_its_connections_along(counting: Server) -> None:
    asyncio.run(model_of(counting).ainvoke("hi"))
    gc.collect()
    assert closed(counting)


def test_loops_that_have_ended_are_forgotten(counting: Server) -> None:
    """A program that calls `asyncio.run` for each request kept every loop, each with its clients."""
    loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []

    async def ask() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await model_of(counting).ainvoke("hi")

    for _ in range(3):
        asyncio.run(ask())
    gc.collect()
    assert [loop() for loop in loops] == [None] * 3


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_loops_that_were_closed_without_a_shutdown_are_forgotten(counting: Server) -> None:
    loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []
    for _ in range(3):
        loop = asyncio.new_event_loop()
        loop.run_until_complete(model_of(counting).ainvoke("hi"))
        loop.close()
        loops.append(weakref.ref(loop))
        del loop
    asyncio.run(model_of(counting).ainvoke("hi"))
    gc.collect()
    assert [loop() for loop in loops] == [None] * 3


def test_a_connection_is_used_again(glm_server: GLMServer, make_model: Callable[..., ChatGLM]) -> None:
    async def several() -> None:
        for _ in range(3):
            await make_model().ainvoke("hi")
            assert [chunk async for chunk in make_model().astream("hi")]

    for _ in range(3):
        make_model().invoke("hi")
        assert list(make_model().stream("hi"))
    assert len({request.peer for request in glm_server.requests}) == 1
    asyncio.run(several())
    assert len({request.peer for request in glm_server.requests}) == 2


def test_idle_connections_close_by_themselves(counting: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        model_of(counting).invoke("hi")
    assert (counting.connections, counting.open) == (1, 1)
    clients._close_idle()
    assert counting.open == 1  # not yet
    later = time.monotonic() + clients.KEEPALIVE_SECONDS + 1
    monkeypatch.setattr("langchain_glm.transport.clients.time.monotonic", lambda: later)
    clients._close_idle()
    assert closed(counting)
    assert model_of(counting).invoke("hi").text == "reply 4"


async def test_idle_connections_of_a_loop_close_by_themselves(
    counting: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "KEEPALIVE_SECONDS", 0.2)
    await model_of(counting).ainvoke("hi")
    assert counting.open == 1
    for _ in range(200):
        await asyncio.sleep(0.01)
        if not counting.open:
            break
    assert not counting.open
    assert (await model_of(counting).ainvoke("hi")).text == "reply 2"


def test_a_request_that_begins_while_the_client_is_closed_is_served(
    counting: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    before: list[Any] = []

    class ClosedMeanwhile(list[Any]):
        """Is emptied by another thread just after the borrower has chosen a client, and before the client is in use."""

        def __iter__(self) -> Iterator[Any]:
            for shared in [*super().__iter__()]:
                if not before:
                    before.append(shared.client)
                    close_clients()
                yield shared

    monkeypatch.setitem(clients._sync, True, ClosedMeanwhile())
    assert model_of(counting).invoke("hi").text == "reply 1"
    assert before == []
    assert model_of(counting).invoke("hi").text == "reply 2"
    assert before[0].is_closed
    close_clients()


def test_a_client_that_is_borrowed_while_it_is_closed_is_closed_by_the_borrower(
    counting: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    before: list[Any] = []

    class ClosedMeanwhile(list[Any]):
        """Is emptied by another thread just before the borrower looks whether its client is still there."""

        def __contains__(self, item: object) -> bool:
            if not before:
                before.append(self[0].client)
                close_clients()
            return super().__contains__(item)

    monkeypatch.setitem(clients._sync, True, ClosedMeanwhile())
    assert model_of(counting).invoke("hi").text == "reply 1"
    assert before[0].is_closed
    close_clients()


def test_no_cookie_is_kept(counting: Server) -> None:
    def answer(server: Server, connection: socket.socket) -> None:
        while server.read_request(connection):
            reply = json_reply("so").replace(b"\r\n\r\n", b"\r\nset-cookie: who=me; path=/\r\n\r\n", 1)
            connection.sendall(reply)

    with serving(answer) as server:
        model_of(server).invoke("hi")
        model_of(server).invoke("hi")
        assert not any(b"cookie" in head for head in server.heads)


# A name that is no address of this machine: what is local does not go through a proxy.
ELSEWHERE = "http://gateway.example"


@pytest.mark.parametrize("scheme", ["http://", ""])
@pytest.mark.parametrize("way", WAYS)
def test_the_environments_proxy_is_used(
    way: str, scheme: str, glm_server: GLMServer, make_model: Callable[..., ChatGLM], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", scheme + glm_server.base_url.removeprefix("http://").partition("/")[0])
    monkeypatch.setenv("no_proxy", "")
    close_clients()
    with pytest.raises(GLMNotFoundError):  # the proxy answers for a host that does not exist
        read(make_model(base_url=f"{ELSEWHERE}/v1"), way)
    assert [request.status for request in glm_server.requests] == [404]
    close_clients()


@pytest.mark.parametrize("exempt", ["gateway.example:8080", "gateway.example", "*"])
def test_what_no_proxy_names_is_asked_directly(exempt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://user:hush@proxy.invalid:1")
    monkeypatch.setenv("no_proxy", exempt)
    close_clients()
    with pytest.raises(GLMConnectionError, match=r"the name of gateway\.example:8080 cannot be resolved"):
        ChatGLM(model="m", base_url=f"{ELSEWHERE}:8080/v1", max_retries=0).invoke("hi")
    close_clients()


@pytest.mark.parametrize("way", WAYS)
def test_a_proxy_that_does_not_answer_is_named_without_its_password(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://user:hush@127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    close_clients()
    with pytest.raises(GLMConnectionError, match=r"gateway\.example through the proxy 127\.0\.0\.1:9") as caught:
        read(ChatGLM(model="m", base_url=f"{ELSEWHERE}/v1", max_retries=0), way)
    assert "HTTP_PROXY" in (caught.value.hint or "")
    assert "hush" not in "".join(traceback.format_exception(caught.value))
    close_clients()


@pytest.mark.parametrize("way", WAYS)
def test_a_local_endpoint_is_not_asked_through_a_proxy(
    way: str, make_model: Callable[..., ChatGLM], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:1")
    monkeypatch.delenv("no_proxy", raising=False)
    close_clients()
    assert read(make_model(), way)


@pytest.mark.parametrize(
    ("proxy", "says"),
    [
        ("socks5://user:hush@proxy.invalid:1", "SOCKS proxy, which needs a package that is not installed"),
        ("ftp://user:hush@proxy.invalid:1", "a proxy whose URL is not valid"),
        ("http://user:hush@:no port", "a proxy whose URL is not valid"),
        ("http://user:hush@proxy.invalid:1", "cannot be resolved|proxy"),
    ],
)
@pytest.mark.parametrize("way", WAYS)
def test_a_proxy_that_cannot_be_used_is_an_error_without_its_password(
    way: str, proxy: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setitem(sys.modules, "socksio", None)
    close_clients()
    with pytest.raises(GLMConnectionError, match=says) as caught:
        read(ChatGLM(model="m", base_url=f"{ELSEWHERE}/v1", max_retries=0), way)
    assert caught.value.hint
    assert "hush" not in "".join(traceback.format_exception(caught.value))
    assert requests_in_flight() == 0
    close_clients()


@pytest.mark.parametrize("content", [None, "no certificate"], ids=["missing", "not PEM"])
@pytest.mark.parametrize("way", WAYS)
def test_certificates_that_cannot_be_read_are_an_error(
    way: str, content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if content:
        (tmp_path / "ca.pem").write_text(content, encoding="utf-8")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    close_clients()
    with pytest.raises(GLMConnectionError, match=r"SSL_CERT_FILE names .*ca\.pem, which cannot be read") as caught:
        read(ChatGLM(model="m", base_url=f"{ELSEWHERE}/v1", max_retries=0), way)
    assert "SSL_CERT_FILE" in str(caught.value)
    assert not caught.value.is_retryable
    assert requests_in_flight() == 0


def test_a_certificate_of_ones_own_is_trusted_where_it_is_named(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def answer(server: Server, connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as encrypted:
            keep_alive(server, encrypted)

    with serving(answer) as server:
        url = server.url.replace("http://127.0.0.1", "https://localhost")
        script = (
            "from langchain_glm import ChatGLM\n"
            f"model = ChatGLM(model='m', base_url={url!r}, api_key='k', max_retries=0)\n"
            "for _ in range(3): print(model.invoke('hi').text)"
        )
        environment = {**os.environ, "SSL_CERT_FILE": str(certificate)}
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
        )
        assert done.stdout.splitlines() == ["reply 1", "reply 2", "reply 3"], done.stderr
        assert server.connections == 1


def test_closing_the_clients_reads_the_names_of_certificates_again(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def answer(server: Server, connection: socket.socket) -> None:
        with suppress(OSError), context.wrap_socket(connection, server_side=True) as encrypted:
            keep_alive(server, encrypted)

    with serving(answer) as server:
        url = server.url.replace("http://127.0.0.1", "https://localhost")
        model = ChatGLM(model="m", base_url=url, api_key="k", max_retries=0)
        close_clients()
        with pytest.raises(GLMConnectionError, match="not trusted"):
            model.invoke("hi")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        close_clients()
        assert model.invoke("hi").text
        close_clients()


def test_a_certificate_that_is_not_trusted_is_said_once(waits: list[float], certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def shake_hands(_: Server, connection: socket.socket) -> None:
        context.wrap_socket(connection, server_side=True).close()

    with serving(shake_hands) as server:
        url = server.url.replace("http://127.0.0.1", "https://localhost")
        for way in WAYS:
            with pytest.raises(GLMConnectionError, match=r"certificate of localhost.*not trusted") as caught:
                read(ChatGLM(model="m", base_url=url, api_key="k", max_retries=2), way)
            assert "SSL_CERT_FILE" in str(caught.value)
            assert not caught.value.is_retryable
        assert waits == []


@pytest.mark.parametrize("http", both_libraries(), ids=lambda http: http.__name__)
@pytest.mark.parametrize(
    ("name", "expected", "again"),
    [
        ("ConnectTimeout", GLMConnectTimeoutError, True),
        ("PoolTimeout", GLMConnectTimeoutError, True),
        ("ReadTimeout", GLMTimeoutError, False),
        ("WriteTimeout", GLMTimeoutError, False),
        ("ConnectError", GLMConnectionError, True),
        ("ReadError", GLMConnectionError, True),
        ("RemoteProtocolError", GLMConnectionError, True),
        ("ProxyError", GLMConnectionError, True),
        ("UnsupportedProtocol", GLMConnectionError, False),
        ("DecodingError", GLMStreamError, True),
        ("StreamError", GLMStreamError, True),
    ],
)
@pytest.mark.parametrize("way", WAYS)
def test_the_exceptions_of_both_libraries_are_translated(
    way: str, name: str, expected: type[GLMError], again: bool, http: Any, waits: list[float]
) -> None:
    seen = 0

    def fail(request: Any) -> Any:
        nonlocal seen
        seen += 1
        raise (
            getattr(http, name)(f"{name} happened")
            if name == "StreamError"
            else getattr(http, name)(f"{name} happened", request=request)
        )

    async def afail(request: Any) -> Any:
        return fail(request)

    with http.Client(transport=http.MockTransport(fail)) as client:
        async_client = http.AsyncClient(transport=http.MockTransport(afail))
        model = ChatGLM(
            model="m", base_url="https://gateway.example/v1", api_key="sk-hush", max_retries=1,
            http_client=client, http_async_client=async_client,
        )  # fmt: skip
        with pytest.raises(expected) as caught:
            read(model, way)
        asyncio.run(async_client.aclose())
    assert type(caught.value) is expected
    assert (caught.value.is_retryable, seen, bool(waits)) == (again, 2 if again else 1, again)
    assert isinstance(caught.value.__cause__, getattr(http, name))
    error: BaseException | None = caught.value
    while error is not None:  # the request holds the key
        assert getattr(error, "_request", None) is None
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("http", both_libraries(), ids=lambda http: http.__name__)
@pytest.mark.parametrize("reads", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_a_hook_that_raises_for_a_status_is_translated_without_the_request(
    way: str, reads: bool, http: Any, waits: list[float]
) -> None:
    seen = 0

    def answer(_: Any) -> Any:
        nonlocal seen
        seen += 1
        body = b'{"error": {"code": "1302", "message": "too many, sk-hush"}}'
        return http.Response(429, stream=http.ByteStream(body))

    def check(response: Any) -> None:
        if reads:
            response.read()
        response.raise_for_status()

    async def acheck(response: Any) -> None:
        if reads:
            await response.aread()
        response.raise_for_status()

    transport = http.MockTransport(answer)
    with http.Client(transport=transport, event_hooks={"response": [check]}) as client:
        async_client = http.AsyncClient(transport=transport, event_hooks={"response": [acheck]})
        model = ChatGLM(
            model="m", base_url="https://gateway.example/v1", api_key="sk-hush", max_retries=1,
            http_client=client, http_async_client=async_client,
        )  # fmt: skip
        with pytest.raises(GLMRateLimitError) as caught:
            read(model, way)
        asyncio.run(async_client.aclose())
    assert (caught.value.code, seen, bool(waits)) == ("1302" if reads else None, 2, True)
    assert "sk-hush" not in str(caught.value)
    error: BaseException | None = caught.value
    while error is not None:
        assert getattr(error, "_request", None) is None
        assert error is caught.value or getattr(error, "response", None) is None
        error = error.__cause__ or error.__context__


def test_httpx_is_imported_for_its_own_clients_only() -> None:
    script = (
        "import sys; from langchain_glm import ChatGLM; "
        "model = ChatGLM(model='m', base_url='http://127.0.0.1:9', max_retries=0)\n"
        "try: model.invoke('hi')\n"
        "except Exception: pass\n"
        "assert 'httpx' not in sys.modules; import httpx; ChatGLM(model='m', base_url='http://x', "
        "http_client=httpx.Client(), http_async_client=httpx.AsyncClient())"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_many_threads_use_as_many_connections(glm_server: GLMServer, make_model: Callable[..., ChatGLM]) -> None:
    together = threading.Barrier(8)

    def ask() -> None:
        stream = make_model().stream("hi")
        next(stream)
        together.wait()
        list(stream)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (requests_in_flight(), len({request.peer for request in glm_server.requests})) == (0, 8)
    assert make_model().invoke("hi").text


def _ask_in_child(model: ChatGLM, answers: Any) -> None:
    answers.put((os.getpid(), model.invoke("hi").text))


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_opens_its_own_connection(glm_server: GLMServer, make_model: Callable[..., ChatGLM]) -> None:
    model = make_model()
    model.invoke("hi")
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    child = context.Process(target=_ask_in_child, args=(model, answers))
    child.start()
    pid, text = answers.get(timeout=30)
    child.join()
    assert pid == child.pid
    assert text
    assert model.invoke("hi").text
    first, of_child, last = (request.peer for request in glm_server.requests)
    assert first == last != of_child


@pytest.mark.parametrize("http", both_libraries(), ids=lambda http: http.__name__)
def test_an_injected_client_is_used_and_left_open(
    http: Any, glm_server: GLMServer, make_model: Callable[..., ChatGLM]
) -> None:
    with http.Client(headers={"x-mine": "yes"}) as client:
        make_model(http_client=client).invoke("hi")
        list(make_model(http_client=client).stream("hi"))
        assert not client.is_closed
    assert [request.headers["x-mine"] for request in glm_server.requests] == ["yes", "yes"]


@pytest.mark.parametrize("http", both_libraries(), ids=lambda http: http.__name__)
def test_an_injected_client_may_have_read_the_reply(http: Any, make_model: Callable[..., ChatGLM]) -> None:
    with http.Client(event_hooks={"response": [lambda response: response.read()]}) as client:
        model = make_model(http_client=client)
        assert model.invoke("hi").text
        assert "".join(chunk.text for chunk in model.stream("hi"))


@pytest.mark.parametrize("settings", [{}, {"timeout": {"total": 20}}])
def test_context_variables_reach_an_injected_client(settings: Any) -> None:
    """Tracers of HTTP clients find their span there, also where a thread of ours makes the request."""
    span: ContextVar[str] = ContextVar("span", default="none")
    seen: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(span.get())
        return httpx2.Response(200, json={"choices": [{"message": {"content": "so"}, "finish_reason": "stop"}]})

    with httpx2.Client(transport=httpx2.MockTransport(answer)) as client:
        span.set("mine")
        model = ChatGLM(model="m", base_url="https://gateway.example/v1", http_client=client, **settings)
        assert model.invoke("hi").text == "so"
        assert list(model.stream("hi"))
    assert seen == ["mine", "mine"]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("http", both_libraries(), ids=lambda http: http.__name__)
def test_an_injected_client_whose_connections_are_all_in_use(
    http: Any, glm_server: GLMServer, make_model: Callable[..., ChatGLM]
) -> None:
    """Whoever holds a stream and asks again in the same thread would wait for ever."""
    with http.Client(limits=http.Limits(max_connections=1)) as client:
        model = make_model(http_client=client, max_retries=0, timeout={"queue": 0.2})
        stream = model.stream("hi")
        next(stream)
        with pytest.raises(GLMConnectTimeoutError, match=r"no connection .* within timeout\.queue = 0\.2"):
            model.invoke("hi")
        assert list(stream)
    assert len(glm_server.requests) == 1


@pytest.mark.parametrize("http", both_libraries(), ids=lambda http: http.__name__)
@pytest.mark.parametrize(
    ("use_up", "expected", "sent"),
    [
        (lambda response: response.raise_for_status(), GLMRateLimitError, 2),
        (lambda response: list(response.iter_raw()), GLMStreamError, 1),
        (lambda response: response.close(), GLMStreamError, 1),
    ],
    ids=["raise_for_status", "iter_raw", "close"],
)
@pytest.mark.parametrize("way", ["invoke", "stream"])
def test_a_hook_of_an_injected_client_may_fail(
    way: str, use_up: Any, expected: type[GLMError], sent: int, http: Any, waits: list[float]
) -> None:
    """The exceptions that httpx raises here take other arguments than the rest."""

    def refuse(server: Server, connection: socket.socket) -> None:
        while server.read_request(connection):
            connection.sendall(b"HTTP/1.1 429 Too Many\r\nretry-after: 7\r\ncontent-length: 2\r\n\r\n{}")

    with serving(refuse) as server, http.Client(event_hooks={"response": [use_up]}) as client:
        with pytest.raises(expected) as caught:
            read(model_of(server, max_retries=1, http_client=client), way)
        client.close()
    assert (len(server.requests), bool(waits)) == (sent, sent == 2)
    assert max(waits, default=7) >= 7
    assert getattr(caught.value.__cause__, "_request", None) is None


@pytest.mark.parametrize("http", both_libraries(), ids=lambda http: http.__name__)
async def test_an_injected_async_client_is_used(
    http: Any, glm_server: GLMServer, make_model: Callable[..., ChatGLM]
) -> None:
    async with http.AsyncClient(headers={"x-mine": "yes"}) as client:
        await make_model(http_async_client=client).ainvoke("hi")
        assert [chunk async for chunk in make_model(http_async_client=client).astream("hi")]
        assert not client.is_closed
    assert glm_server.requests[0].headers["x-mine"] == "yes"


@pytest.mark.parametrize("setting", ["http_client", "http_async_client"])
def test_a_client_of_the_other_kind_is_refused(setting: str, make_model: Callable[..., ChatGLM]) -> None:
    kind = "Client" if setting == "http_client" else "AsyncClient"
    for wrong in (object(), httpx2.AsyncClient() if kind == "Client" else httpx2.Client()):
        with pytest.raises(ValueError, match=rf"{setting}: give an httpx2\.{kind} or an httpx\.{kind}"):
            make_model(**{setting: wrong})


def test_leaving_a_stream_frees_the_endpoint(glm_server: GLMServer, make_model: Callable[..., ChatGLM]) -> None:
    glm_server.queue(Reply("word " * 2000, gap=0.01))
    stream = make_model().stream("hi")
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    glm_server.queue(Reply("next"))
    assert make_model().invoke("hi").text == "next"


async def test_cancelling_a_task_frees_the_connection(
    glm_server: GLMServer, make_model: Callable[..., ChatGLM]
) -> None:
    glm_server.queue(Reply("word " * 2000, gap=0.01))
    started = asyncio.Event()

    async def follow() -> None:
        async for _ in make_model().astream("hi"):
            started.set()

    task = asyncio.create_task(follow())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert requests_in_flight() == 0
