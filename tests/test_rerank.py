"""`GLMRerank`: what is sent, what comes back, and where it cannot work."""

from __future__ import annotations

import asyncio
import copy
import pickle
import time
from typing import TYPE_CHECKING, Any

import pytest
from langchain_classic.retrievers import ContextualCompressionRetriever
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.vectorstores import InMemoryVectorStore

from langchain_glm import (
    GLMAuthenticationError,
    GLMContentFilterError,
    GLMInvalidRequestError,
    GLMRerank,
    GLMServerError,
    GLMValueError,
    GLMWarning,
)
from langchain_glm.testing import Fault, GLMServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from langchain_glm.wire.reply.rerank import RankedDocument

    Rerank = Callable[[GLMRerank, str, Sequence[str]], list[RankedDocument]]

QUERY = "What is the capital of France?"
PARIS = "Paris is the capital of France."
TEXTS = ["Cats sleep for most of the day.", PARIS, "France is a country in Europe."]


@pytest.fixture
def server() -> Iterator[GLMServer]:
    with GLMServer("bigmodel") as running:
        yield running


@pytest.fixture
def make(server: GLMServer) -> Callable[..., GLMRerank]:
    """A `GLMRerank` that talks to the test server; keywords override."""

    def make(**settings: Any) -> GLMRerank:
        given = {"host": "bigmodel", "base_url": server.base_url, "api_key": server.api_key, "max_retries": 0}
        return GLMRerank(**{**given, **settings})

    return make


@pytest.fixture(params=["sync", "async"])
def rerank(request: pytest.FixtureRequest) -> Rerank:
    """Reranks in both ways."""
    if request.param == "sync":
        return GLMRerank.rerank
    return lambda model, query, documents: asyncio.run(model.arerank(query, documents))


def _wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


# What is sent and what comes back.


def test_the_best_come_first(server: GLMServer, make: Callable[..., GLMRerank], rerank: Rerank) -> None:
    ranked = rerank(make(), QUERY, TEXTS)
    assert [result["index"] for result in ranked] == [1, 2, 0]
    scores = [result["relevance_score"] for result in ranked]
    assert 1 >= scores[0] > scores[1] > scores[2] >= 0
    assert server.requests[0].path == "/api/paas/v4/rerank"
    assert server.requests[0].body == {"model": "rerank", "query": QUERY, "documents": TEXTS}


@pytest.mark.parametrize(("top_n", "count"), [(1, 1), (3, 3), (5, 5), (99, 6), (None, 6)])
def test_top_n(top_n: int | None, count: int, make: Callable[..., GLMRerank], rerank: Rerank) -> None:
    assert len(rerank(make(top_n=top_n), QUERY, TEXTS * 2)) == count


def test_the_default_keeps_three(make: Callable[..., GLMRerank]) -> None:
    assert len(make().rerank(QUERY, TEXTS * 2)) == 3


def test_equal_scores_stay_in_order(make: Callable[..., GLMRerank], rerank: Rerank) -> None:
    ranked = rerank(make(top_n=None), QUERY, ["x", PARIS, "x", PARIS] * 50)
    paris, other = list(range(1, 200, 2)), list(range(0, 200, 2))
    assert [result["index"] for result in ranked] == paris + other


def test_the_order_of_the_reply_is_not_relied_on(
    server: GLMServer, make: Callable[..., GLMRerank], rerank: Rerank
) -> None:
    results = [{"index": index, "relevance_score": score} for index, score in ((0, 0.25), (2, 0.75), (1, 0.5))]
    server.queue(Fault.json({"results": results}, status=200), path="/rerank")
    assert [result["index"] for result in rerank(make(), QUERY, TEXTS)] == [2, 1, 0]


def test_another_model(server: GLMServer, make: Callable[..., GLMRerank]) -> None:
    make(model="rerank-pro").rerank(QUERY, TEXTS)
    assert server.requests[0].body["model"] == "rerank-pro"


# Many, long, blank and missing documents.


def test_many_documents_are_sent_in_several_requests(
    server: GLMServer, make: Callable[..., GLMRerank], rerank: Rerank
) -> None:
    texts = [f"{number}: cats sleep" for number in range(300)]
    texts[299] = PARIS
    texts[5] = "Paris is a city of France."
    ranked = rerank(make(top_n=2), QUERY, texts)
    assert [result["index"] for result in ranked] == [299, 5]
    sent = sorted((request.body["documents"] for request in server.requests), key=lambda sent: texts.index(sent[0]))
    assert [len(documents) for documents in sent] == [128, 128, 44]
    assert [text for documents in sent for text in documents] == texts
    assert [result["index"] for result in rerank(make(top_n=None), QUERY, texts[:128])[:1]] == [5]


@pytest.mark.parametrize(("limit", "peak"), [(1, 1), (2, 2), (None, 4)])
def test_requests_in_flight(
    limit: int | None, peak: int, server: GLMServer, make: Callable[..., GLMRerank], rerank: Rerank
) -> None:
    server.queue(*[Fault.silence(0.3)] * 4, path="/rerank")
    rerank(make(max_concurrency=limit), QUERY, ["x"] * 500)
    assert len(server.requests) == 4
    assert server.peak_in_flight == peak


def test_one_failure_fails_the_whole(server: GLMServer, make: Callable[..., GLMRerank], rerank: Rerank) -> None:
    server.queue(Fault.code("1301"), path="/rerank")
    with pytest.raises(GLMContentFilterError, match="1301"):
        rerank(make(max_concurrency=1), QUERY, ["x"] * 1000)
    assert len(server.requests) < 8  # those that waited for a slot are not sent


async def test_a_cancelled_call_leaves_no_request_behind(server: GLMServer, make: Callable[..., GLMRerank]) -> None:
    server.queue(*[Fault.silence(30)] * 2, path="/rerank")
    model = make()
    waiting = asyncio.create_task(model.arerank(QUERY, ["x"] * 256))
    await asyncio.to_thread(_wait_for, lambda: server.in_flight == 2)
    begin = time.monotonic()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert time.monotonic() - begin < 5
    await asyncio.to_thread(_wait_for, lambda: server.in_flight == 0)


def test_of_a_long_document_the_beginning_is_scored(server: GLMServer, make: Callable[..., GLMRerank]) -> None:
    long = Document(f"{PARIS} ".ljust(5000, "."))
    [best] = make(top_n=1).compress_documents([Document("x"), long], QUERY)
    assert best.page_content == long.page_content
    assert server.requests[0].body["documents"] == ["x", long.page_content[:4096]]


def test_blank_documents_come_last(server: GLMServer, make: Callable[..., GLMRerank], rerank: Rerank) -> None:
    ranked = rerank(make(top_n=None), QUERY, ["", "Cats.", " \n", PARIS])
    assert [result["index"] for result in ranked] == [3, 1, 0, 2]
    assert [result["relevance_score"] for result in ranked[2:]] == [0, 0]
    assert server.requests[0].body["documents"] == ["Cats.", PARIS]


@pytest.mark.parametrize("texts", [[], ["", "  "]])
def test_without_text_nothing_is_sent(
    texts: list[str], server: GLMServer, make: Callable[..., GLMRerank], rerank: Rerank
) -> None:
    ranked = rerank(make(), QUERY, texts)
    assert ranked == [{"index": index, "relevance_score": 0} for index in range(len(texts))]
    assert server.requests == []


@pytest.mark.parametrize(
    ("query", "documents", "message"),
    [
        ("", TEXTS, r"^query: give a text that is not blank\.$"),
        (" \n", TEXTS, r"^query: give a text that is not blank\.$"),
        ("q" * 4097, TEXTS, r"^query has 4097 characters; the endpoint reads 4096\. Shorten it"),
        (QUERY, ["x", 5], r"^documents\[1\]: give a string, not int\.$"),
        (QUERY, [Document("x")], r"^documents\[0\]: give a string, not Document\.$"),
        (QUERY, "x", r"^documents: give a list of strings\.$"),
        (QUERY, None, r"^documents: give a list of strings\.$"),
        (QUERY, iter(TEXTS), r"^documents: give a list of strings\.$"),
        (None, TEXTS, r"^query: give a text that is not blank\.$"),
    ],
)
def test_what_cannot_be_sent(
    query: Any, documents: Any, message: str, server: GLMServer, make: Callable[..., GLMRerank], rerank: Rerank
) -> None:
    with pytest.raises(GLMValueError, match=message):
        rerank(make(), query, documents)
    assert server.requests == []


# LangChain's interface.


def test_copies_carry_the_score(make: Callable[..., GLMRerank]) -> None:
    class Page(Document):
        """A class of the user's own."""

    given = [Page(page_content=text, id=str(number), metadata={"page": number}) for number, text in enumerate(TEXTS)]
    before = copy.deepcopy(given)
    results = make().compress_documents(given, QUERY)
    assert given == before
    assert [type(result) for result in results] == [Page] * 3
    assert (results[0].id, results[0].metadata["page"]) == ("1", 1)
    assert 0 < results[0].metadata["relevance_score"] <= 1
    again = asyncio.run(make().acompress_documents(results, QUERY))
    assert again == results


@pytest.mark.parametrize("way", ["sync", "async"])
def test_in_a_compression_retriever(way: str, server: GLMServer, make: Callable[..., GLMRerank]) -> None:
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=8))
    store.add_texts([*TEXTS, *(f"Text number {number}." for number in range(20))])
    retriever = ContextualCompressionRetriever(
        base_compressor=make(top_n=2), base_retriever=store.as_retriever(search_kwargs={"k": 23})
    )
    found = retriever.invoke(QUERY) if way == "sync" else asyncio.run(retriever.ainvoke(QUERY))
    assert [document.page_content for document in found] == [PARIS, TEXTS[2]]
    assert len(server.requests) == 1


# Hosts and keys.


def test_bigmodel_is_the_default_whatever_key_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAI_API_KEY", "zai.key")
    monkeypatch.setenv("ZHIPUAI_API_KEY", "bigmodel.key")
    model = GLMRerank()
    assert model.endpoint_host.name == "bigmodel"
    assert model._endpoint().read_key() == "bigmodel.key"


@pytest.mark.parametrize(
    ("variable", "host"), [("ZAI_API_KEY", "zai"), ("ZAI_CODING_API_KEY", "zai-coding"), ("MOONSHOT_API_KEY", "kimi")]
)
def test_a_key_of_another_host_is_not_enough(variable: str, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "other.key")
    with pytest.raises(GLMAuthenticationError) as caught:
        GLMRerank()
    text = str(caught.value)
    assert f"{variable} ({host})" in text
    assert "do not serve /rerank" in text
    assert "ZHIPUAI_API_KEY" in text
    assert "other.key" not in text


@pytest.mark.parametrize("host", ["zai", "zai-coding", "bigmodel-coding", "kimi"])
def test_a_host_that_does_not_serve_it(host: str) -> None:
    with pytest.raises(GLMValueError, match=rf"host '{host}' does not serve /rerank.*ZHIPUAI_API_KEY \(bigmodel\)"):
        GLMRerank(host=host, api_key="k")


def test_a_gateway_may_serve_it(server: GLMServer) -> None:
    assert GLMRerank(base_url=server.base_url, api_key=server.api_key).rerank(QUERY, TEXTS)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"top_n": 0}, "^top_n: Input should be greater than 0"),
        ({"model": ""}, "^model: String should have at least 1 character"),
        ({"top_k": 5}, r"^top_k is not a setting of GLMRerank\.$"),
    ],
)
def test_wrong_settings(settings: dict[str, Any], message: str, make: Callable[..., GLMRerank]) -> None:
    with pytest.raises(GLMValueError, match=message):
        make(**settings)


# Replies that are none.


@pytest.mark.parametrize(
    "results",
    [
        [{"index": 0, "relevance_score": 0.5}],
        [{"index": index, "relevance_score": 0.5} for index in (0, 1, 1)],
        [{"index": index, "relevance_score": 0.5} for index in (1, 2, 3)],
        [{"index": index, "relevance_score": None} for index in (0, 1, 2)],
        [{"index": index, "relevance_score": "high"} for index in (0, 1, 2)],
        ["a", "b", "c"],
        {"index": 0},
    ],
)
def test_a_reply_without_every_score(
    results: Any, server: GLMServer, make: Callable[..., GLMRerank], rerank: Rerank
) -> None:
    server.queue(Fault.json({"results": results}, status=200), path="/rerank")
    with pytest.raises(GLMServerError, match="does not hold one score for each of the 3 documents") as caught:
        rerank(make(), QUERY, TEXTS)
    assert caught.value.is_retryable


def test_a_refusal_of_the_endpoint(server: GLMServer, make: Callable[..., GLMRerank]) -> None:
    server.queue(Fault.code("1214", message="documents"), path="/rerank")
    with pytest.raises(GLMInvalidRequestError) as caught:
        make().rerank(QUERY, TEXTS)
    assert caught.value.code == "1214"


# Copies.


def test_copies_and_pickles(server: GLMServer, make: Callable[..., GLMRerank], monkeypatch: pytest.MonkeyPatch) -> None:
    model = make(top_n=2, max_concurrency=3)
    assert model.model_copy(update={"top_n": 1}).top_n == 1
    with pytest.raises(GLMValueError, match="top_n"):
        model.top_n = -1
    assert model.top_n == 2
    assert copy.deepcopy(model).rerank(QUERY, TEXTS) == model.rerank(QUERY, TEXTS)
    data = pickle.dumps(model)
    assert server.api_key.encode() not in data
    monkeypatch.setenv("ZHIPUAI_API_KEY", server.api_key)
    with pytest.warns(GLMWarning, match="A key was left out of a pickle"):
        assert pickle.loads(data).rerank(QUERY, TEXTS) == model.rerank(QUERY, TEXTS)


def test_no_key_is_shown(server: GLMServer, make: Callable[..., GLMRerank]) -> None:
    model = make(api_key="secret.key", default_headers={"X-Token": "secret.header"})
    shown = f"{model!r} {model} {model.model_dump()} {model.model_dump_json()} {model.model_json_schema()}"
    assert "secret.key" not in shown
    assert "secret.header" not in shown
    with pytest.raises(GLMAuthenticationError) as caught:
        model.rerank(QUERY, TEXTS)
    assert "secret" not in f"{caught.value!r} {caught.value}"
