"""Every fault of the test server on `/embeddings`: what is raised, what is sent, what is let go."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from langchain_glm import GLMEmbeddings, GLMError
from langchain_glm.testing import Fault, GLMServer
from langchain_glm.transport.clients import requests_in_flight
from langchain_glm.transport.limits import shared_limit

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/embeddings"

# fault, exception, code, how many requests with max_retries=1
ROWS: list[tuple[Fault, str | None, str | None, int]] = [
    (Fault.code("1302"), "GLMRateLimitError", "1302", 2),
    (Fault.code("1302", retry_after=1), "GLMRateLimitError", "1302", 2),
    (Fault.code("1303"), "GLMRateLimitError", "1303", 2),
    (Fault.code("1305"), "GLMOverloadedError", "1305", 2),
    (Fault.code("1312"), "GLMOverloadedError", "1312", 2),
    (Fault.code("500"), "GLMServerError", "500", 2),
    (Fault.code("1234"), "GLMServerError", "1234", 2),
    (Fault.code("1000"), "GLMAuthenticationError", "1000", 1),
    (Fault.code("1113"), "GLMBalanceError", "1113", 1),
    (Fault.code("1304"), "GLMQuotaError", "1304", 1),
    (Fault.code("1308"), "GLMQuotaError", "1308", 1),
    (Fault.code("1220"), "GLMPermissionError", "1220", 1),
    (Fault.code("1211"), "GLMNotFoundError", "1211", 1),
    (Fault.code("1210"), "GLMInvalidRequestError", "1210", 1),
    (Fault.code("1301"), "GLMContentFilterError", "1301", 1),
    (Fault.http(502), "GLMServerError", None, 2),
    (Fault.http(529), "GLMOverloadedError", None, 2),
    (Fault.http(404), "GLMNotFoundError", None, 1),
    (Fault.http(200), "GLMServerError", None, 2),
    (Fault.bare_string(), "GLMRateLimitError", None, 2),
    (Fault.error_in_200("1305"), "GLMOverloadedError", "1305", 2),
    (Fault.error_in_200("1113"), "GLMBalanceError", "1113", 1),
    (Fault.json({"code": 1000, "msg": "no", "success": False}, status=200), "GLMAuthenticationError", "1000", 1),
    (Fault.json({"object": "list", "data": []}, status=200), "GLMServerError", None, 2),
    (Fault.json({"data": [{"index": 0, "embedding": [1.0] * 8}]}, status=200), "GLMServerError", None, 2),
    (Fault.redirect("https://elsewhere.example/"), "GLMInvalidRequestError", None, 1),
    (Fault.empty(), "GLMServerError", None, 2),
    (Fault.cut(), "GLMConnectionError", None, 2),
    (Fault.half_reply(), "GLMConnectionError", None, 2),
    (Fault.reset(), "GLMConnectionError", None, 2),
    (Fault.truncated_frame(), "GLMStreamError", None, 2),
    (Fault.silence(60), "GLMTimeoutError", None, 1),
    (Fault.extra_bytes(), None, None, 1),
    (Fault.left_open(), None, None, 1),
]


@pytest.fixture
def server() -> Iterator[GLMServer]:
    with GLMServer("bigmodel") as running:
        yield running


def make(server: GLMServer, **settings: Any) -> GLMEmbeddings:
    where: dict[str, Any] = {"host": "bigmodel", "base_url": server.base_url, "api_key": server.api_key}
    return GLMEmbeddings(**{**where, "dimensions": 8, **settings})


def embed(embeddings: GLMEmbeddings, texts: list[str], way: str) -> list[list[float]]:
    if way == "sync":
        return embeddings.embed_documents(texts)
    if way == "lazy":
        return list(embeddings.lazy_embed_documents(texts))

    async def collect() -> list[list[float]]:
        if way == "async":
            return await embeddings.aembed_documents(texts)
        return [vector async for vector in embeddings.alazy_embed_documents(texts)]

    return asyncio.run(collect())


every_way = pytest.mark.parametrize("way", ["sync", "async", "lazy", "async lazy"])


def let_go(server: GLMServer) -> bool:
    """Whether no socket and no slot is held any more; another thread may need a moment."""
    until = time.monotonic() + 1
    while requests_in_flight() and time.monotonic() < until:
        time.sleep(0.001)
    return requests_in_flight() == 0 == shared_limit(server.base_url, server.api_key, 1).in_flight


@pytest.mark.usefixtures("waits")
@every_way
@pytest.mark.parametrize(("fault", "error", "code", "requests"), ROWS, ids=lambda value: getattr(value, "kind", None))
def test_fault(way: str, fault: Fault, error: str | None, code: str | None, requests: int, server: GLMServer) -> None:
    """Two texts in one request; the fault is queued twice, so two requests mean that it was tried again."""
    server.queue(fault, fault, path=PATH)
    idle = {"idle": 0.3} if fault.kind == "silence" else None
    embeddings = make(server, max_retries=1, timeout=idle)
    seen: tuple[str | None, str | None] = (None, None)
    try:
        assert len(embed(embeddings, ["a", "b"], way)) == 2
    except GLMError as caught:
        seen = (type(caught).__name__, caught.code)
    assert seen == (error, code)
    assert len(server.requests) == requests
    assert len(server.clear_queue()) == 2 - requests
    assert let_go(server)


@pytest.mark.usefixtures("waits")
@every_way
@pytest.mark.parametrize(
    "fault",
    [Fault.code("1302"), Fault.http(502), Fault.cut(), Fault.reset(), Fault.half_reply(), Fault.truncated_frame()],
    ids=lambda fault: fault.kind,
)
def test_a_fault_that_passes_costs_no_vector(way: str, fault: Fault, server: GLMServer) -> None:
    texts = [f"text {number}" for number in range(40)]
    expected = make(server, chunk_size=1).embed_documents(texts)
    server.queue(*[fault] * 5, path=PATH)
    assert embed(make(server, chunk_size=3, max_retries=5), texts, way) == expected
    assert let_go(server)


@every_way
def test_a_silence_in_one_batch_ends_the_call(way: str, server: GLMServer) -> None:
    server.queue(Fault.silence(60), path=PATH)
    began = time.monotonic()
    with pytest.raises(GLMError, match=r"0\.3 s"):
        embed(make(server, chunk_size=1, timeout={"idle": 0.3}), list("abcdefgh"), way)
    assert time.monotonic() - began < 10
    assert let_go(server)


@pytest.mark.usefixtures("waits")
@every_way
def test_more_requests_than_the_endpoint_allows(way: str) -> None:
    """1302 is tried again; with max_concurrency at the endpoint's limit, it does not come at all."""
    texts = [str(number) for number in range(60)]
    with GLMServer("bigmodel", max_in_flight=2) as narrow:
        assert len(embed(make(narrow, chunk_size=1, max_concurrency=2), texts, way)) == 60
        assert {request.status for request in narrow.requests} == {200}
        assert len(embed(make(narrow, chunk_size=1, max_concurrency=4, max_retries=1000), texts, way)) == 60


async def test_cancelling_lets_everything_go(server: GLMServer) -> None:
    server.queue(*[Fault.silence(60)] * 4, path=PATH)
    task = asyncio.create_task(make(server, chunk_size=1).aembed_documents(list("abcdefgh")))
    while server.in_flight < 4:  # noqa: ASYNC110 - the server runs in another thread
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert let_go(server)


def test_threads_are_used_again(server: GLMServer) -> None:
    embeddings = make(server, chunk_size=1)
    for _ in range(3):
        embeddings.embed_documents(list("abcdefgh"))
    before = threading.active_count()
    for _ in range(20):
        embeddings.embed_documents(list("abcdefgh"))
    assert threading.active_count() <= before + 4
