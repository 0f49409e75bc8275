"""`GLMKnowledgeRetriever`: what is sent where, what comes back, and errors that come with HTTP 200."""

from __future__ import annotations

import asyncio
import copy
import pickle
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnablePassthrough

from langchain_glm import (
    HOSTS,
    GLMAuthenticationError,
    GLMInvalidRequestError,
    GLMKnowledgeRetriever,
    GLMRateLimitError,
    GLMServerError,
    GLMValueError,
)
from langchain_glm.testing import Fault, GLMServer

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/knowledge/retrieve"
KNOWLEDGE = {
    "pets": {"cats.txt": "Cats sleep a lot.\n\nCats eat fish.", "dogs.txt": "Dogs bark.\n\nDogs eat meat."},
    "farm": {"cows.md": "Cows eat grass.", "小麦.txt": "小麦在夏天成熟。"},
}


@pytest.fixture
def server() -> Iterator[GLMServer]:
    with GLMServer("bigmodel", knowledge=KNOWLEDGE) as running:
        yield running
        assert running.clear_queue() == []


@pytest.fixture
def connection(server: GLMServer) -> dict[str, Any]:
    return {"base_url": server.base_url, "host": "bigmodel", "api_key": server.api_key, "max_retries": 0}


def test_the_passages_of_the_knowledge_bases(server: GLMServer, connection: dict[str, Any]) -> None:
    retriever = GLMKnowledgeRetriever(knowledge_ids=["pets", "farm"], **connection)
    found = retriever.invoke("What do cows eat?")
    assert found[0].page_content == "Cows eat grass."
    assert len(found) == 4
    metadata = found[0].metadata
    assert metadata["source"] == metadata["doc_url"]
    assert (metadata["doc_name"], metadata["doc_type"], metadata["knowledge_id"]) == ("cows.md", "md", "farm")
    assert "medias" not in metadata
    assert [document.metadata["score"] for document in found] == sorted(
        (document.metadata["score"] for document in found), reverse=True
    )
    assert len({document.id for document in found}) == 4
    assert asyncio.run(retriever.ainvoke("What do cows eat?")) == found
    [request, _] = server.requests
    assert request.path == "/api/llm-application/open/knowledge/retrieve"
    assert request.body == {"query": "What do cows eat?", "knowledge_ids": ["pets", "farm"], "top_k": 4}
    assert retriever.invoke("小麦何时成熟？")[0].page_content == "小麦在夏天成熟。"


def test_settings_of_a_call(server: GLMServer, connection: dict[str, Any]) -> None:
    retriever = GLMKnowledgeRetriever(
        knowledge_ids=["pets"], k=2, recall_method="mixed", extra_body={"rerank_status": 1}, **connection
    )
    assert len(retriever.invoke("dogs")) == 2
    assert server.requests[-1].body == {
        "query": "dogs", "knowledge_ids": ["pets"], "top_k": 2, "recall_method": "mixed", "rerank_status": 1,
    }  # fmt: skip
    [cows] = retriever.invoke("eat grass", k=1, knowledge_ids=["farm"], recall_method="keyword")
    assert cows.page_content == "Cows eat grass."
    assert retriever.invoke("whales", recall_method="keyword") == []
    assert len(asyncio.run(retriever.ainvoke("dogs", k=1))) == 1
    assert (retriever.k, retriever.knowledge_ids) == (2, ["pets"])
    with pytest.raises(GLMValueError, match="k: Input should be greater than 0"):
        retriever.invoke("dogs", k=0)
    with pytest.raises(GLMValueError, match="top_k is not a setting of GLMKnowledgeRetriever"):
        retriever.invoke("dogs", top_k=3)


def test_more_than_k_passages_are_cut(server: GLMServer, connection: dict[str, Any]) -> None:
    items = [{"id": str(number), "text": "x", "score": 0.5, "metadata": {"doc_name": "a.txt"}} for number in range(9)]
    server.queue(Fault.json({"data": items, "code": 200}, status=200), path=PATH)
    found = GLMKnowledgeRetriever(knowledge_ids=["pets"], k=3, **connection).invoke("x")
    assert [document.id for document in found] == ["0", "1", "2"]
    assert found[0].metadata == {"doc_name": "a.txt", "source": "a.txt", "score": 0.5}


@pytest.mark.parametrize("data", [[], None])
def test_nothing_found_is_no_error(data: Any, server: GLMServer, connection: dict[str, Any]) -> None:
    server.queue(Fault.json({"data": data, "code": 200, "message": "请求成功"}, status=200), path=PATH)
    assert GLMKnowledgeRetriever(knowledge_ids=["pets"], **connection).invoke("whales") == []


# Errors.


def test_a_knowledge_base_that_is_not_there(connection: dict[str, Any]) -> None:
    retriever = GLMKnowledgeRetriever(knowledge_ids=["pets", "zoo"], **connection)
    for ask in (retriever.invoke, lambda query: asyncio.run(retriever.ainvoke(query))):
        with pytest.raises(GLMInvalidRequestError, match="zoo") as caught:
            ask("dogs")
        assert (caught.value.status, caught.value.code) == (200, "400")
        assert not caught.value.is_retryable
        assert str(caught.value.hint).startswith("Check knowledge_ids: ")


def test_a_wrong_key_comes_with_http_200(connection: dict[str, Any]) -> None:
    with pytest.raises(GLMAuthenticationError, match="ZHIPUAI_API_KEY") as caught:
        GLMKnowledgeRetriever(knowledge_ids=["pets"], **{**connection, "api_key": "wrong.key"}).invoke("dogs")
    assert (caught.value.status, caught.value.code) == (200, "1000")
    assert "wrong.key" not in str(caught.value)


def test_the_recorded_errors(server: GLMServer, connection: dict[str, Any]) -> None:
    retriever = GLMKnowledgeRetriever(knowledge_ids=["pets"], **connection)
    recorded = [
        ({"code": 400, "message": "Required request parameter 'query' is not present"}, GLMInvalidRequestError),
        ({"code": 1000, "msg": "身份验证失败。", "success": False}, GLMAuthenticationError),
        ({"code": 500, "message": "系统异常", "data": None}, GLMServerError),
        ({"code": 429, "message": "too many"}, GLMRateLimitError),
        ({"code": 404, "message": "知识库不存在", "data": []}, Exception),
    ]
    for body, error in recorded:
        server.queue(Fault.json(body, status=200), path=PATH)
        with pytest.raises(error, match=str(body.get("message") or body.get("msg"))):
            retriever.invoke("dogs")


@pytest.mark.parametrize("ids", [[], "", "pets", [""], None, 5, [5]])
def test_ids_that_are_none(ids: Any, connection: dict[str, Any]) -> None:
    with pytest.raises(GLMValueError, match=r"^knowledge_ids: give a list"):
        GLMKnowledgeRetriever(knowledge_ids=ids, **connection)


@pytest.mark.parametrize("query", ["", "  ", None])
def test_an_empty_query_is_not_sent(query: Any, server: GLMServer, connection: dict[str, Any]) -> None:
    with pytest.raises(GLMValueError, match="query: give a text that is not blank"):
        GLMKnowledgeRetriever(knowledge_ids=["pets"], **connection).invoke(query)
    assert server.requests == []


@pytest.mark.parametrize("host", ["zai", "zai-coding", "bigmodel-coding", "kimi"])
def test_other_hosts_are_refused_at_once(host: str) -> None:
    with pytest.raises(GLMValueError, match=r"does not serve /knowledge/retrieve.*ZHIPUAI_API_KEY \(bigmodel\)"):
        GLMKnowledgeRetriever(knowledge_ids=["pets"], host=host, api_key="k")


def test_a_key_of_another_host_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAI_API_KEY", "k")
    with pytest.raises(GLMAuthenticationError, match=r"no key for host 'bigmodel'. The keys of ZAI_API_KEY \(zai\)"):
        GLMKnowledgeRetriever(knowledge_ids=["pets"])


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("https://open.bigmodel.cn/api/paas/v4", "https://open.bigmodel.cn/api/llm-application/open/knowledge/retrieve"),
        ("https://proxy.example.com/glm/api/paas/v4", "https://proxy.example.com/glm/api/llm-application/open/knowledge/retrieve"),
    ],
)  # fmt: skip
def test_the_path_is_beside_the_base_url(base_url: str, expected: str) -> None:
    retriever = GLMKnowledgeRetriever(knowledge_ids=["pets"], base_url=base_url, host="bigmodel", api_key="k")
    assert retriever.endpoint_host.url_of(PATH) == expected
    assert HOSTS["bigmodel"].url_of("/chat/completions") == "https://open.bigmodel.cn/api/paas/v4/chat/completions"


# Errors of the endpoint; `tests/reliability/test_endpoint_faults.py` has all of them.


@pytest.mark.usefixtures("waits")
def test_callbacks_see_retries_and_errors(server: GLMServer, connection: dict[str, Any]) -> None:
    class Seen(BaseCallbackHandler):
        retries = 0
        errors = 0

        def on_retry(self, *_: Any, **__: Any) -> None:
            self.retries += 1

        def on_retriever_error(self, *_: Any, **__: Any) -> None:
            self.errors += 1

    seen = Seen()
    retriever = GLMKnowledgeRetriever(knowledge_ids=["pets"], **{**connection, "max_retries": 1})
    server.queue(*[Fault.code("1302")] * 2, path=PATH)
    with pytest.raises(GLMRateLimitError):
        retriever.invoke("dogs", {"callbacks": [seen]})
    assert (seen.retries, seen.errors) == (1, 1)


# Copies and chains.


def test_in_a_chain(connection: dict[str, Any]) -> None:
    retriever = GLMKnowledgeRetriever(knowledge_ids=["pets"], k=1, **connection)
    chain: Any = {"context": retriever, "question": RunnablePassthrough()} | RunnablePassthrough()
    assert chain.invoke("Do dogs bark?")["context"][0].page_content == "Dogs bark."
    assert [len(found) for found in retriever.batch(["cats", "dogs"])] == [1, 1]


def test_the_key_is_not_shown_and_not_pickled(connection: dict[str, Any]) -> None:
    retriever = GLMKnowledgeRetriever(knowledge_ids=["pets"], **connection)
    assert "test.key" not in repr(retriever) + str(retriever) + retriever.model_dump_json()
    pickled = pickle.dumps(retriever)
    assert b"test.key" not in pickled
    unpickled = pickle.loads(pickled)
    unpickled.api_key = "test.key"
    for other in (unpickled, copy.copy(retriever), copy.deepcopy(retriever), retriever.model_copy(update={"k": 4})):
        assert other.invoke("dogs") == retriever.invoke("dogs")


# The server.


def test_the_server_refuses_what_the_endpoint_refuses(server: GLMServer) -> None:
    url = server.base_url.removesuffix("/paas/v4") + "/llm-application/open/knowledge/retrieve"
    headers = {"authorization": f"Bearer {server.api_key}"}
    good: dict[str, Any] = {"query": "dogs", "knowledge_ids": ["pets"], "top_k": 2}
    wrong: list[dict[str, Any]] = [
        {"query": ""},
        {"knowledge_ids": []},
        {"knowledge_ids": ["zoo"]},
        {"top_k": 0},
        {"recall_method": "magic"},
    ]
    for change in wrong:
        answer = httpx.post(url, json={**good, **change}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (200, 400), change
    body = httpx.post(url, json=good, headers=headers).json()
    assert (body["code"], len(body["data"]), body["message"]) == (200, 2, "请求成功")
    assert httpx.post(url, json=good).json() == {"code": 1001, "msg": "请求头缺少 Authorization", "success": False}
    with GLMServer("bigmodel", max_in_flight=0, knowledge=KNOWLEDGE) as busy:
        url = busy.base_url.removesuffix("/paas/v4") + "/llm-application/open/knowledge/retrieve"
        assert httpx.post(url, json=good, headers=headers).json()["code"] == 1302
    with GLMServer("zai", knowledge=KNOWLEDGE) as other:
        assert httpx.post(f"{other.base_url}/knowledge/retrieve", json=good, headers=headers).status_code == 404
