"""`GLMEmbeddings` on the test server: batches, order, limits, usage, settings."""

from __future__ import annotations

import asyncio
import copy
import math
import pickle
import sys
import threading
import tracemalloc
from collections import Counter
from typing import TYPE_CHECKING, Any

import cloudpickle  # type: ignore[import-untyped]
import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from langchain_glm import (
    ChatGLM,
    GLMAuthenticationError,
    GLMBalanceError,
    GLMContextOverflowError,
    GLMEmbeddings,
    GLMError,
    GLMInvalidRequestError,
    GLMNotFoundError,
    GLMServerError,
    GLMValueError,
    GLMWarning,
    Timeout,
)
from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.testing import Fault, GLMServer
from langchain_glm.transport.limits import shared_limit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from langchain_core.messages.ai import UsageMetadata

PATH = "/embeddings"


@pytest.fixture
def server() -> Iterator[GLMServer]:
    with GLMServer("bigmodel") as running:
        yield running


def make(server: GLMServer, **settings: Any) -> GLMEmbeddings:
    where: dict[str, Any] = {"host": "bigmodel", "base_url": server.base_url, "api_key": server.api_key}
    return GLMEmbeddings(**{**where, "dimensions": 16, "max_retries": 0, **settings})


def embed(embeddings: GLMEmbeddings, texts: Any, way: str) -> Any:
    async def collect(given: Any) -> list[list[float]]:
        return [vector async for vector in embeddings.alazy_embed_documents(given)]

    async def items() -> AsyncIterator[str]:
        for text in texts:
            yield text

    match way:
        case "sync":
            return embeddings.embed_documents(texts)
        case "async":
            return asyncio.run(embeddings.aembed_documents(texts))
        case "lazy":
            return list(embeddings.lazy_embed_documents(iter(texts)))
        case "async lazy":
            return asyncio.run(collect(iter(texts)))
        case _:
            return asyncio.run(collect(items()))


WAYS = ("sync", "async", "lazy", "async lazy", "async items")
every_way = pytest.mark.parametrize("way", WAYS)


def sent(server: GLMServer, since: int = 0) -> list[list[str]]:
    return [request.body["input"] for request in server.requests[since:]]


# Batches and order.


@every_way
def test_each_text_is_sent_once_and_vectors_are_in_its_order(way: str, server: GLMServer) -> None:
    texts = [f"text number {number}" for number in range(300)]
    vectors = embed(make(server), texts, way)
    alone = make(server, chunk_size=1, max_concurrency=1)
    assert vectors == [alone.embed_query(text) for text in texts[:3]] + vectors[3:]
    assert len({tuple(vector) for vector in vectors}) == len(vectors) == 300
    batches = sent(server)[:-3]
    assert sorted(map(len, batches)) == [44, 64, 64, 64, 64]
    assert Counter(text for batch in batches for text in batch) == Counter(texts)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=20)
@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=30), max_size=40), st.integers(1, 7))
def test_any_text_in_any_batch_gets_its_own_vector(server: GLMServer, texts: list[str], size: int) -> None:
    together = make(server, chunk_size=size).embed_documents(texts)
    assert together == make(server).embed_documents(texts)


def test_the_index_decides_and_not_the_position(server: GLMServer) -> None:
    data = [{"index": index, "embedding": [float(index)] * 2} for index in (2, 0, 1)]
    server.queue(Fault.json({"data": data}, status=200), path=PATH)
    assert make(server, dimensions=None).embed_documents(["a", "b", "c"]) == [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]


@every_way
def test_no_text_no_request(way: str, server: GLMServer) -> None:
    assert embed(make(server), [], way) == []
    assert server.requests == []


def test_long_texts_are_sent_in_smaller_batches(server: GLMServer) -> None:
    """64 texts of 4,000 characters were refused, and 32 were not."""
    texts = ["Here is a sentence of common words that people write. " * 75] * 64
    assert len(make(server).embed_documents(texts)) == 64
    chinese = ["这里是一句人们会写的普通中文句子。" * 120] * 40
    assert len(make(server).embed_documents(chinese)) == 40
    assert {request.status for request in server.requests} == {200}
    assert len(server.requests) < 8
    short = ["a text for a small model " * 15] * 64
    assert len(make(server, model="embedding-2", dimensions=None).embed_documents(short)) == 64
    assert {request.status for request in server.requests} == {200}


# Texts that cannot be sent.


@every_way
@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["a", "b", ""], r"texts\[2\] is empty"),
        (["a", 7], r"texts\[1\]: give a string, not int"),
        (["a", "long " * 6000], r"texts\[1\] has about [\d,]+ tokens, more than the 3,072"),
    ],
)
def test_a_wrong_text_is_named_before_a_byte_is_sent(way: str, texts: Any, message: str, server: GLMServer) -> None:
    with pytest.raises(GLMValueError, match=message):
        embed(make(server), texts, way)
    assert server.requests == []


@pytest.mark.parametrize("way", ["sync", "async"])
def test_a_list_is_checked_whole_before_a_byte_is_sent(way: str, server: GLMServer) -> None:
    with pytest.raises(GLMValueError, match=r"texts\[500\] is empty"):
        embed(make(server), [*["a"] * 500, ""], way)
    assert server.requests == []


def test_one_string_is_no_list(server: GLMServer) -> None:
    with pytest.raises(GLMValueError, match="give a list of strings, not one string"):
        make(server).embed_documents("abc")  # type: ignore[arg-type]


# Batches that are refused.


@every_way
@pytest.mark.parametrize(
    "fault", [Fault.code("1214"), Fault.http(413), Fault.code("1261"), Fault.code("1214", status=413)]
)
def test_a_refused_batch_is_halved(way: str, fault: Fault, server: GLMServer) -> None:
    texts = [f"text {number}" for number in range(10)]
    expected = make(server).embed_documents(texts)
    server.queue(fault, path=PATH)
    assert embed(make(server), texts, way) == expected
    assert [len(batch) for batch in sent(server, since=1)] == [10, 5, 5]


@every_way
def test_a_batch_that_is_too_long_is_halved_until_it_fits(way: str, server: GLMServer) -> None:
    texts = ["x" * 8000] * 60  # a single word for the estimate, 2,000 tokens for the server
    assert len(embed(make(server, max_concurrency=1), texts, way)) == 60
    assert {request.status for request in server.requests} == {200, 400}


@pytest.mark.parametrize("way", ["sync", "async"])
def test_a_text_that_is_refused_alone_is_named(way: str, server: GLMServer) -> None:
    texts = [f"text {number}" for number in range(100)]
    texts[70] = "x" * 13_000  # too long for the server, but not by the estimate
    with pytest.raises(GLMInvalidRequestError, match=r"^texts\[70\]: .*3072 tokens.*1214") as caught:
        embed(make(server, max_concurrency=1), texts, way)
    assert not isinstance(caught.value, GLMValueError)
    assert len(server.requests) < 10


@pytest.mark.parametrize("way", ["sync", "async"])
def test_truncate_cuts_what_is_too_long(way: str, server: GLMServer) -> None:
    texts = ["short", "word " * 9000, "字" * 6000, "x" * 60_000, "短"]
    vectors = embed(make(server, truncate=True), texts, way)
    assert len(vectors) == 5
    final = [text for request in server.requests if request.status == 200 for text in request.body["input"]]
    assert len(final) == 5
    for text in final:
        assert any(given.startswith(text) for given in texts)


def test_truncate_cuts_once_more_if_the_endpoint_reads_less_than_is_documented(server: GLMServer) -> None:
    server.queue(Fault.code("1214"), path=PATH)
    text = "word " * 2000
    assert make(server, truncate=True).embed_query(text)
    whole, cut = (batch[0] for batch in sent(server))
    assert whole == text
    assert text.startswith(cut)
    assert len(cut) < len(text)


def test_what_is_no_question_of_size_is_not_sent_again(server: GLMServer) -> None:
    faults = (Fault.code("1213"), Fault.code("1301"), Fault.code("1113"), Fault.http(404))
    for count, fault in enumerate(faults, start=1):
        server.queue(fault, path=PATH)
        with pytest.raises(GLMError):
            make(server).embed_documents(["a", "b"])
        assert len(server.requests) == count


def test_a_gateways_word_for_too_long_is_understood(server: GLMServer) -> None:
    overflow = Fault.json({"error": {"message": "This model's maximum context length is 8192 tokens", "code": 400}})
    server.queue(overflow, overflow, path=PATH)
    with pytest.raises(GLMContextOverflowError, match=r"^texts\[0\]: "):
        make(server).embed_documents(["a", "b"])


# Requests beside each other.


def test_the_default_is_four_requests_beside_each_other(server: GLMServer) -> None:
    assert make(server).max_concurrency == 4
    pause = [Fault.silence(0.2)] * 6
    for way in ("sync", "async"):
        server.queue(*pause, path=PATH)
        embed(make(server, chunk_size=1), list("abcdef"), way)
    assert server.peak_in_flight == 4


@every_way
@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_than_max_concurrency(way: str, limit: int, server: GLMServer) -> None:
    server.queue(*[Fault.silence(0.02)] * 20, path=PATH)
    embed(make(server, chunk_size=1, max_concurrency=limit), [str(number) for number in range(20)], way)
    assert server.peak_in_flight == limit
    assert shared_limit(server.base_url, server.api_key, limit).in_flight == 0


def test_the_limit_is_shared_with_other_models(server: GLMServer) -> None:
    """Several objects and threads keep to one limit together, as chat models do."""
    server.queue(*[Fault.silence(0.02)] * 30, path=PATH)
    texts = [str(number) for number in range(10)]
    threads = [
        threading.Thread(target=make(server, chunk_size=1, max_concurrency=2).embed_documents, args=(texts,))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    chat = ChatGLM(
        model="glm-4.7", host="bigmodel", base_url=server.base_url, api_key=server.api_key, max_concurrency=2
    )
    chat.invoke("hi")
    for thread in threads:
        thread.join()
    assert server.peak_in_flight == 2


@pytest.mark.parametrize("limit", [None, "own"])
@pytest.mark.parametrize("way", ["sync", "async"])
def test_without_a_number_one_call_has_sixteen_in_flight(way: str, limit: str | None, server: GLMServer) -> None:
    class Counting:
        taken = 0

        def acquire(self, timeout: float | None) -> object:
            self.taken += 1
            return None

        async def aacquire(self, timeout: float | None) -> object:
            return self.acquire(timeout)

        def release(self, ticket: object, *, overloaded: bool) -> None:
            self.taken -= 1

    own = Counting()
    server.queue(*[Fault.silence(0.3)] * 40, path=PATH)
    texts = [str(number) for number in range(40)]
    embed(make(server, chunk_size=1, max_concurrency=own if limit else None), texts, way)
    assert server.peak_in_flight == 16
    assert own.taken == 0


@every_way
def test_an_error_ends_the_call_at_once(way: str, server: GLMServer) -> None:
    server.queue(Fault.code("1113"), path=PATH)
    with pytest.raises(GLMBalanceError):
        embed(make(server, chunk_size=1), [str(number) for number in range(100)], way)
    assert len(server.requests) <= 8


# Many texts.


@pytest.mark.parametrize("way", ["lazy", "async"])
def test_texts_are_read_as_they_are_sent(way: str, server: GLMServer) -> None:
    read = 0

    def texts() -> Iterator[str]:
        nonlocal read
        for read in range(1, 1_000_001):  # noqa: B007 - counts
            yield "a"

    async def some() -> None:
        vectors: Any = make(server, max_concurrency=2).alazy_embed_documents(texts())
        for _ in range(200):
            await anext(vectors)
        await vectors.aclose()

    if way == "async":
        asyncio.run(some())
    else:
        vectors: Any = make(server, max_concurrency=2).lazy_embed_documents(texts())
        for _ in range(200):
            next(vectors)
        vectors.close()
    assert read < 200 + 4 * 64 + 2


def test_memory_does_not_grow_with_the_number_of_texts() -> None:
    """With a client that answers by itself, since the server's records would be counted too."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        count = request.content.count(b'"a"')
        return httpx2.Response(200, json={"data": [{"index": i, "embedding": [0.6, 0.8]} for i in range(count)]})

    with httpx2.Client(transport=httpx2.MockTransport(answer)) as client:
        embeddings = GLMEmbeddings(api_key="k", http_client=client)

        def peak(count: int) -> int:
            tracemalloc.reset_peak()
            assert sum(1 for _ in embeddings.lazy_embed_documents("a" for _ in range(count))) == count
            return tracemalloc.get_traced_memory()[1]

        tracemalloc.start()
        try:
            peak(1_000)
            few, many = peak(1_000), peak(15_000)
        finally:
            tracemalloc.stop()
    assert many < few + 500_000  # 15,000 vectors would be 1.8 MB


# Usage and progress.


@pytest.mark.parametrize("way", ["sync", "async"])
def test_usage_of_all_requests(way: str, server: GLMServer) -> None:
    texts = ["four"] * 150
    reported: list[UsageMetadata] = []
    threads = set()

    def report(usage: UsageMetadata) -> None:
        reported.append(usage)
        threads.add(threading.get_ident())

    embeddings = make(server, on_usage=report)
    if way == "sync":
        vectors, usage = embeddings.embed_documents_with_usage(texts)
    else:
        vectors, usage = asyncio.run(embeddings.aembed_documents_with_usage(texts))
    assert len(vectors) == 150
    assert usage == {"input_tokens": 150, "output_tokens": 0, "total_tokens": 150}
    assert [one["total_tokens"] for one in reported] == [64, 64, 22]
    assert threads == {threading.get_ident()}
    embeddings.embed_query("four")
    assert reported[-1]["total_tokens"] == 1


def test_usage_of_a_halved_batch_and_of_no_text(server: GLMServer) -> None:
    server.queue(Fault.code("1214"), path=PATH)
    assert make(server).embed_documents_with_usage(["four"] * 10)[1]["total_tokens"] == 10
    assert make(server).embed_documents_with_usage([]) == (
        [],
        {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0},
    )


class Bar:
    """Stands in for tqdm."""

    made: list[Bar]

    def __init__(self, *, total: int | None, unit: str) -> None:
        self.total, self.unit, self.steps, self.closed = total, unit, [], False  # type: ignore[var-annotated]
        self.made.append(self)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True

    def update(self, count: int) -> None:
        self.steps.append(count)


@every_way
def test_progress(way: str, server: GLMServer, monkeypatch: pytest.MonkeyPatch) -> None:
    Bar.made = []
    monkeypatch.setitem(sys.modules, "tqdm.auto", type(sys)("tqdm.auto"))
    monkeypatch.setattr(sys.modules["tqdm.auto"], "tqdm", Bar, raising=False)
    embed(make(server, show_progress=True), ["a"] * 100, way)
    [bar] = Bar.made
    assert (bar.total, bar.unit, bar.steps) == (100 if way in ("sync", "async") else None, "text", [64, 36])
    assert bar.closed
    embed(make(server), ["a"] * 100, way)
    assert len(Bar.made) == 1


def test_a_query_has_no_progress_bar(server: GLMServer, monkeypatch: pytest.MonkeyPatch) -> None:
    Bar.made = []
    monkeypatch.setitem(sys.modules, "tqdm.auto", type(sys)("tqdm.auto"))
    monkeypatch.setattr(sys.modules["tqdm.auto"], "tqdm", Bar, raising=False)
    assert make(server, show_progress=True).embed_query("a")
    assert Bar.made == []


def test_without_tqdm_there_is_a_notice(server: GLMServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.warns(GLMWarning, match="tqdm is not installed"):
        assert make(server, show_progress=True).embed_documents(["a", "b"])


# Dimensions and models.


@pytest.mark.parametrize("dimensions", [1, 16, 300, 2048])
def test_any_positive_number_of_dimensions_is_sent(dimensions: int, server: GLMServer) -> None:
    vector = make(server, dimensions=dimensions).embed_query("hello")
    assert len(vector) == dimensions
    assert math.hypot(*vector) == pytest.approx(1)
    assert server.requests[-1].body["dimensions"] == dimensions


def test_without_dimensions_none_are_sent(server: GLMServer) -> None:
    assert len(make(server, dimensions=None).embed_query("hello")) == 2048
    assert server.requests[-1].body == {"model": "embedding-3", "input": ["hello"]}


def test_embedding_2_has_one_length(server: GLMServer) -> None:
    assert len(make(server, model="embedding-2", dimensions=None).embed_query("hello")) == 1024
    assert len(make(server, model="embedding-2", dimensions=1024).embed_query("hello")) == 1024
    assert "dimensions" not in server.requests[-1].body
    embeddings = make(server, dimensions=512)
    with pytest.raises(GLMValueError, match="dimensions=512: embedding-2 always makes vectors of length 1024"):
        embeddings.model = "embedding-2"
    assert len(embeddings.embed_query("hello")) == 512
    with pytest.raises(GLMValueError, match="embedding-2 always makes"):
        make(server, model="embedding-2", dimensions=512)
    with pytest.raises(GLMValueError, match="embedding-2 always makes"):
        embeddings.model_copy(update={"model": "embedding-2"})


def test_reduced_vectors_are_normalised(server: GLMServer) -> None:
    server.queue(Fault.json({"data": [{"index": 0, "embedding": [3.0, 4.0]}]}, status=200), path=PATH)
    assert make(server, dimensions=2).embed_query("hello") == [0.6, 0.8]


def test_an_endpoint_that_ignores_dimensions_is_an_error(server: GLMServer) -> None:
    server.queue(Fault.json({"data": [{"index": 0, "embedding": [1.0] * 3}]}, status=200), path=PATH)
    with pytest.raises(GLMServerError, match="vectors of length 3 instead of 16"):
        make(server).embed_query("hello")


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"dimensions": 0}, "^dimensions: Input should be greater than 0"),
        ({"dimensions": "many"}, "^dimensions: "),
        ({"chunk_size": 0}, "^chunk_size: Input should be greater than 0"),
        ({"model": ""}, "^model: "),
        ({"max_concurrency": 0}, "^max_concurrency: give a whole number of at least 1, or an InFlightLimiter"),
        ({"tiktoken_enabled": False}, "^tiktoken_enabled is not a setting of GLMEmbeddings"),
        ({"temperature": 0.5}, "^temperature is not a setting of GLMEmbeddings"),
    ],
)
def test_a_wrong_setting_is_one_sentence(settings_: dict[str, Any], message: str, server: GLMServer) -> None:
    with pytest.raises(GLMValueError, match=message) as caught:
        make(server, **settings_)
    assert "\n" not in str(caught.value)


def test_a_larger_chunk_size_is_brought_down_on_glms_own_hosts(server: GLMServer) -> None:
    with pytest.warns(GLMWarning, match="chunk_size=1000: GLM accepts at most 64"):
        embeddings = make(server, chunk_size=1000)
    embeddings.embed_documents(["a"] * 100)
    assert sorted(map(len, sent(server))) == [36, 64]


def test_other_names_for_settings(server: GLMServer) -> None:
    embeddings = GLMEmbeddings(
        model_name="embedding-2", zhipuai_api_key="a.key", openai_api_base=server.base_url, request_timeout=5
    )  # type: ignore[call-arg]
    assert (embeddings.model, embeddings.base_url, embeddings.timeout) == ("embedding-2", server.base_url, 5)


def test_every_setting_has_its_description() -> None:
    schema = GLMEmbeddings.model_json_schema()["properties"]
    for name in ("model", "dimensions", "chunk_size", "truncate", "max_concurrency", "show_progress"):
        assert len(schema[name]["description"]) > 15


# Hosts and keys.


def test_the_host_is_bigmodel_whatever_chat_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAI_API_KEY", "zai.key")
    monkeypatch.setenv("ZHIPUAI_API_KEY", "zhipu.key")
    embeddings = GLMEmbeddings()
    assert embeddings.endpoint_host == HOSTS["bigmodel"]
    assert embeddings._endpoint().read_key() == "zhipu.key"


@pytest.mark.parametrize("variable", ["ZAI_API_KEY", "ZAI_CODING_API_KEY", "BIGMODEL_CODING_API_KEY"])
def test_with_a_key_of_another_host_the_way_out_is_told(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "a.key")
    message = rf"{variable} \(.*cannot be used: these hosts do not serve /embeddings.*\n.*ZHIPUAI_API_KEY"
    with pytest.raises(GLMAuthenticationError, match=message):
        GLMEmbeddings()


@pytest.mark.parametrize("host", ["zai", "zai-coding", "bigmodel-coding", "kimi"])
def test_a_host_that_does_not_serve_embeddings_is_refused(host: str) -> None:
    with pytest.raises(GLMValueError, match=rf"'{host}' does not serve /embeddings.*ZHIPUAI_API_KEY \(bigmodel\)"):
        GLMEmbeddings(host=host, api_key="a.key")
    with pytest.raises(GLMValueError, match="does not serve /embeddings"):
        GLMEmbeddings(base_url=HOSTS[host].base_url, api_key="a.key")


def test_a_url_variable_for_the_coding_plan_is_for_chat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIPUAI_API_KEY", "a.key")
    monkeypatch.setenv("ZHIPUAI_BASE_URL", HOSTS["bigmodel-coding"].base_url)
    assert GLMEmbeddings().endpoint_host == HOSTS["bigmodel"]
    assert GLMEmbeddings(host="bigmodel").endpoint_host == HOSTS["bigmodel"]
    assert ChatGLM(model="glm-5.2").endpoint_host == HOSTS["bigmodel-coding"]
    with pytest.raises(GLMValueError, match="does not serve"):
        GLMEmbeddings(base_url=HOSTS["bigmodel-coding"].base_url)


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize("fault", [Fault.code("1211"), Fault.code("1214", message="modelCode 不存在")])
def test_an_unknown_model_may_be_a_key_of_a_coding_plan(way: str, fault: Fault, server: GLMServer) -> None:
    server.queue(fault, path=PATH)
    with pytest.raises(GLMNotFoundError, match=r"embedding-3.*key of a coding plan.*ZHIPUAI_API_KEY"):
        embed(make(server), ["a", "b"], way)
    assert len(server.requests) == 1


def test_without_a_balance_no_other_plan_is_advised() -> None:
    with GLMServer("bigmodel", has_balance=False) as broke, pytest.raises(GLMBalanceError) as caught:
        make(broke).embed_query("a")
    assert "Recharge" in str(caught.value)
    assert "bigmodel-coding" not in str(caught.value)


def test_a_gateway_may_serve_embeddings(server: GLMServer) -> None:
    embeddings = GLMEmbeddings(base_url=server.base_url, api_key=server.api_key, model="embedding-3", chunk_size=100)
    assert embeddings.endpoint_host.name == "gateway"
    with pytest.raises(GLMInvalidRequestError, match="1214"):
        embeddings.embed_documents(["x" * 60_000])
    assert len(embeddings.embed_documents(["a"] * 100)) == 100
    assert [len(batch) for batch in sent(server, since=1)] == [100, 50, 50]


# The transport of the chat.


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_the_users_own_clients(library: str, server: GLMServer) -> None:
    module: Any = pytest.importorskip(library)

    async def both() -> None:
        async with module.AsyncClient() as async_client:
            with module.Client() as client:
                embeddings = make(server, http_client=client, http_async_client=async_client)
                assert embeddings.embed_documents(["a"] * 70) == await embeddings.aembed_documents(["a"] * 70)

    asyncio.run(both())


def test_headers_and_key_functions(server: GLMServer) -> None:
    keys: list[str] = []

    def key() -> str:
        keys.append(server.api_key)
        return server.api_key

    make(server, api_key=key, default_headers={"x-team": "blue"}, chunk_size=1).embed_documents(["a", "b", "c"])
    assert len(keys) == 3
    assert {request.headers["x-team"] for request in server.requests} == {"blue"}
    assert {request.headers["user-agent"].partition("/")[0] for request in server.requests} == {"langchain-zai-glm"}


def test_the_total_limit_holds_for_each_request(server: GLMServer) -> None:
    server.queue(*[Fault.silence(0.1)] * 4, path=PATH)
    timeout = Timeout(total=0.3)
    assert make(server, chunk_size=1, max_concurrency=1, timeout=timeout).embed_documents(["a"] * 4)


# Copies.


def reporter(_: UsageMetadata) -> None:
    """A function of a module, which a pickle holds by its name."""


COPIES: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "cloudpickle": lambda model: pickle.loads(cloudpickle.dumps(model)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "model_copy": lambda model: model.model_copy(),
    "model_copy deep": lambda model: model.model_copy(deep=True),
}


@pytest.mark.filterwarnings("ignore::langchain_glm.GLMWarning")
@pytest.mark.parametrize("way", COPIES)
def test_copies_embed(way: str, server: GLMServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIPUAI_API_KEY", server.api_key)
    model = make(server, on_usage=reporter)
    copied = COPIES[way](model)
    assert copied.embed_query("a") == model.embed_query("a")
    assert (copied.dimensions, copied.on_usage) == (16, reporter)


def test_the_key_never_shows(server: GLMServer) -> None:
    model = make(server, api_key="very.secret.key", default_headers={"x-secret": "hidden"})
    with pytest.raises(GLMAuthenticationError) as caught:
        model.embed_query("a")
    shown = [repr(model), str(model), str(model.model_dump()), repr(caught.value), str(caught.value)]
    with pytest.warns(GLMWarning):
        shown.append(str(pickle.dumps(model)))
    for text in shown:
        assert "very.secret.key" not in text
        assert "hidden" not in text


def test_a_changed_copy(server: GLMServer) -> None:
    model = make(server)
    assert len(model.model_copy(update={"dimensions": 8}).embed_query("a")) == 8
    assert len(model.embed_query("a")) == 16
    model.dimensions = 4
    assert len(model.embed_query("a")) == 4
