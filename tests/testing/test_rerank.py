"""The test server's `/rerank`: what is documented, and what is refused."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.testing import GLMServer
from langchain_glm.testing.relevance import relevance
from langchain_glm.testing.tokens import tokens
from tests.testing.asking import post

if TYPE_CHECKING:
    from collections.abc import Iterator

CARSON = "Carson City is the capital city of the American state of Nevada."
WASHINGTON = (
    "Washington, D.C. (also known as simply Washington or D.C., and officially as the District of Columbia) is the "
    "capital of the United States. It is a federal district."
)
# The request that the official page shows.
BODY: dict[str, Any] = {
    "request_id": "1111111111",
    "query": "What is the capital of the United States?",
    "top_n": 3,
    "documents": [CARSON, WASHINGTON],
    "return_documents": True,
    "return_raw_scores": True,
}


@pytest.fixture
def server() -> Iterator[GLMServer]:
    with GLMServer("bigmodel") as running:
        yield running


def ask(server: GLMServer, **changes: Any) -> Any:
    return post(server, {name: value for name, value in {**BODY, **changes}.items() if value is not ...}, "/rerank")


def test_a_host_of_the_users_own_serves_what_its_entry_lists() -> None:
    own = dataclasses.replace(HOSTS["bigmodel"], name="mine")
    with GLMServer(own) as server:
        assert ask(server).status_code == 200
    with GLMServer(dataclasses.replace(own, serves=None)) as server:
        assert ask(server).status_code == 400


def test_the_official_exchange(server: GLMServer) -> None:
    reply = ask(server).json()
    assert list(reply) == ["created", "id", "request_id", "results", "usage"]
    assert reply["request_id"] == "1111111111"
    assert [(found["index"], found["document"]) for found in reply["results"]] == [(1, WASHINGTON), (0, CARSON)]
    first, second = (found["relevance_score"] for found in reply["results"])
    assert 1 >= first > 0.9 > second >= 0
    count = 2 * tokens(BODY["query"]) + tokens(CARSON) + tokens(WASHINGTON)
    assert reply["usage"] == {"prompt_tokens": count, "total_tokens": count}


def test_documents_come_back_only_if_asked_for(server: GLMServer) -> None:
    for value in (False, None, "true", ...):
        assert [set(found) for found in ask(server, return_documents=value).json()["results"]] == [
            {"index", "relevance_score"}
        ] * 2


@pytest.mark.parametrize(("top_n", "indices"), [(..., [1, 0]), (0, [1, 0]), (1, [1]), (2, [1, 0]), (99, [1, 0])])
def test_top_n(server: GLMServer, top_n: Any, indices: list[int]) -> None:
    assert [found["index"] for found in ask(server, top_n=top_n).json()["results"]] == indices


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"documents": ["x"] * 129}, "documents [1, 128]"),
        ({"documents": []}, "documents [1, 128]"),
        ({"documents": ...}, "documents [1, 128]"),
        ({"documents": "x"}, "documents [1, 128]"),
        ({"documents": ["x", "x" * 4097]}, "documents[1]"),
        ({"documents": ["x", ""]}, "documents[1]"),
        ({"documents": [{"text": "x"}]}, "documents[0]"),
        ({"query": "x" * 4097}, "query"),
        ({"query": ""}, "query"),
        ({"query": ...}, "query"),
        ({"top_n": -1}, "top_n"),
        ({"top_n": "3"}, "top_n"),
    ],
)
def test_what_is_refused(server: GLMServer, changes: dict[str, Any], detail: str) -> None:
    answer = ask(server, **changes)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "1214"
    assert answer.json()["error"]["message"].endswith(detail)


def test_the_longest_request_that_is_answered(server: GLMServer) -> None:
    reply = ask(server, query="q" * 4096, documents=["x" * 4096] * 128, top_n=0).json()
    assert len(reply["results"]) == 128


@pytest.mark.parametrize("model", ["rerank", "rerank-pro", ...])
def test_models(server: GLMServer, model: Any) -> None:
    assert ask(server, model=model).status_code == 200


@pytest.mark.parametrize("model", ["rerank-9", "glm-5.2", None, ["rerank"]])
def test_other_models_do_not_exist(server: GLMServer, model: Any) -> None:
    assert ask(server, model=model).json()["error"]["code"] == "1211"


@pytest.mark.parametrize("host", ["zai", "zai-coding", "bigmodel-coding"])
def test_other_hosts_do_not_serve_it(host: str) -> None:
    with GLMServer(host) as server:
        assert ask(server).json()["error"]["code"] == "1211"


# Scores.


@pytest.mark.parametrize(
    ("query", "near", "far"),
    [
        ("capital of France", "Paris is the capital of France.", "Cats sleep for most of the day."),
        ("How do I cancel my order?", "Orders can be cancelled within a day.", "We ship from Berlin."),
        ("中国的首都是哪里？", "北京是中国的首都。", "上海是一座港口城市。"),
        ("猫", "我家有一只猫。", "我家有一条狗。"),
        ("GLM 模型的上下文", "GLM 的上下文长度是二十万。", "今天天气很好。"),
    ],
)
def test_near_texts_score_higher(query: str, near: str, far: str) -> None:
    assert relevance(query, near) > relevance(query, far)


@given(st.text(), st.text())
def test_scores_are_in_the_range(query: str, text: str) -> None:
    assert 0 < relevance(query, text) < 1
    assert relevance(query, text) == relevance(query, text) <= max(relevance(query, query), 0.001)
