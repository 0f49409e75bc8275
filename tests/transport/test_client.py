"""Requests over real loopback sockets: what is tried again, what is raised, what is let go."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import pickle
import threading
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from langchain_glm import (
    HOSTS,
    ChatGLM,
    GLMAuthenticationError,
    GLMBalanceError,
    GLMConnectionError,
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
from langchain_glm.errors import BEIJING
from langchain_glm.testing import Fault, GLMServer, Reply
from langchain_glm.transport import pool

if TYPE_CHECKING:
    from collections.abc import Callable

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
    assert glm_server.api_key not in repr((caught.value, response.request.headers, response.headers))


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
    assert waits == [7.0, 60.0]


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
    with pytest.raises(GLMConnectionError, match="connection failed"):
        model.invoke("hi")


def test_a_wrong_path_names_the_right_one(glm_server: GLMServer) -> None:
    url = glm_server.base_url.replace("/api/paas/v4", "/api/paas/v4/v1")
    model = ChatGLM(model="glm-4.7", host="zai", base_url=url, api_key=glm_server.api_key)
    with pytest.raises(GLMNotFoundError) as caught:
        model.invoke("hi")
    assert HOSTS["zai"].base_url in str(caught.value)


def test_a_redirect_is_not_followed() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(307, headers={"location": "https://elsewhere.example/chat/completions"})

    client = httpx.Client(transport=httpx.MockTransport(answer))
    model = ChatGLM(model="m", base_url="https://gateway.example/v1", api_key="k", http_client=client, max_retries=0)
    with pytest.raises(GLMError):
        model.invoke("hi")
    assert [str(request.url) for request in seen] == ["https://gateway.example/v1/chat/completions"]
    client.close()


def test_a_second_event_loop_sends_one_request_more(glm_server: GLMServer, make_model: Callable[..., ChatGLM]) -> None:
    model = make_model()
    for _ in range(3):
        asyncio.run(model.ainvoke("hi"))
    assert len(glm_server.requests) == 3


@pytest.mark.filterwarnings("error::ResourceWarning")
def test_a_loop_takes_its_connections_along(make_model: Callable[..., ChatGLM]) -> None:
    held: list[httpx.AsyncHTTPTransport] = []

    async def ask() -> None:
        model = make_model()
        await model.ainvoke("hi")
        async with pool.alent(f"{model.base_url}/chat/completions") as transport:
            held.append(transport)
            assert len(transport._pool.connections) == 1

    asyncio.run(ask())
    assert held[0]._pool.connections == []
    gc.collect()


def test_a_connection_is_used_again(glm_server: GLMServer, make_model: Callable[..., ChatGLM]) -> None:
    for _ in range(3):
        make_model().invoke("hi")
        assert list(make_model().stream("hi"))
    transports = pool._sync.idle[f"{glm_server.base_url}/chat/completions"]
    assert [len(transport._pool.connections) for _, transport in transports] == [1]


def test_idle_connections_age_out(
    glm_server: GLMServer, make_model: Callable[..., ChatGLM], monkeypatch: pytest.MonkeyPatch
) -> None:
    streams = [make_model().stream("hi") for _ in range(5)]
    for stream in streams:
        next(stream)
    for stream in streams:
        list(stream)
    idle = pool._sync.idle[f"{glm_server.base_url}/chat/completions"]
    assert len(idle) == 5
    later = time.monotonic() + 31
    monkeypatch.setattr("langchain_glm.transport.pool.time.monotonic", lambda: later)
    make_model().invoke("hi")
    assert len(idle) == 1


@pytest.mark.parametrize("way", WAYS)
def test_the_environments_proxy_is_used(
    way: str, glm_server: GLMServer, make_model: Callable[..., ChatGLM], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", glm_server.base_url.partition("/api")[0])
    monkeypatch.setenv("no_proxy", "")
    elsewhere = glm_server.base_url.replace("127.0.0.1", "127.0.0.2").replace("/paas/", "/elsewhere/")
    with pytest.raises(GLMNotFoundError):  # the proxy answers for a host where nobody listens
        read(make_model(base_url=elsewhere), way)
    assert [request.status for request in glm_server.requests] == [404]


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
    assert len(pool._sync.idle[f"{glm_server.base_url}/chat/completions"]) == 8
    assert (pool.in_use(), len(glm_server.requests)) == (0, 8)
    pool.close()
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


@pytest.mark.usefixtures("key_in_environment")
def test_a_pickle_holds_no_client(make_model: Callable[..., ChatGLM]) -> None:
    client = httpx.Client()
    model = make_model(http_client=client)
    model.invoke("hi")
    copy = pickle.loads(pickle.dumps(model))
    assert (copy.http_client, model.http_client) == (None, client)
    assert copy.invoke("hi").text
    client.close()


def test_an_injected_client_is_used_and_left_open(glm_server: GLMServer, make_model: Callable[..., ChatGLM]) -> None:
    with httpx.Client(headers={"x-mine": "yes"}) as client:
        make_model(http_client=client).invoke("hi")
        list(make_model(http_client=client).stream("hi"))
        assert not client.is_closed
    assert [request.headers["x-mine"] for request in glm_server.requests] == ["yes", "yes"]


def test_an_injected_client_may_have_read_the_reply(make_model: Callable[..., ChatGLM]) -> None:
    with httpx.Client(event_hooks={"response": [lambda response: response.read()]}) as client:
        model = make_model(http_client=client)
        assert model.invoke("hi").text
        assert "".join(chunk.text for chunk in model.stream("hi"))


async def test_an_injected_async_client_is_used(glm_server: GLMServer, make_model: Callable[..., ChatGLM]) -> None:
    async with httpx.AsyncClient(headers={"x-mine": "yes"}) as client:
        await make_model(http_async_client=client).ainvoke("hi")
    assert glm_server.requests[0].headers["x-mine"] == "yes"


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
    assert pool.in_use() == 0
