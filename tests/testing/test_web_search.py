"""The test server's `/web_search`: the recorded shape, the engines of each host, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from langchain_glm import HOSTS
from langchain_glm.testing import GLMServer
from tests.testing.asking import ask as chat
from tests.testing.asking import post

if TYPE_CHECKING:
    from collections.abc import Iterator

# The request that was recorded on BigModel on 2026-10-09, and the shape of its reply.
RECORDED: dict[str, Any] = {
    "search_query": "智谱AI GLM 最新模型",
    "search_engine": "search_std",
    "search_intent": True,
    "count": 2,
    "content_size": "medium",
}
FIELDS = {"content", "icon", "link", "media", "publish_date", "refer", "title"}


@pytest.fixture
def server() -> Iterator[GLMServer]:
    with GLMServer("bigmodel") as running:
        yield running


def ask(server: GLMServer, **changes: Any) -> Any:
    body = {name: value for name, value in {**RECORDED, **changes}.items() if value is not ...}
    return post(server, body, "/web_search")


def test_the_recorded_exchange(server: GLMServer) -> None:
    reply = ask(server).json()
    assert set(reply) == {"created", "id", "request_id", "search_intent", "search_result"}
    assert reply["request_id"] == reply["id"]
    assert reply["search_intent"] == [
        {"intent": "SEARCH_ALL", "keywords": "智谱ai glm 最新模型", "query": "智谱AI GLM 最新模型"}
    ]
    assert [set(result) for result in reply["search_result"]] == [FIELDS] * 2
    assert [result["refer"] for result in reply["search_result"]] == ["ref_1", "ref_2"]
    for result in reply["search_result"]:
        assert (result["link"], result["icon"], result["media"]) == ("", "", "")
        assert "智谱AI GLM 最新模型" in result["content"]
        assert 1000 <= len(result["content"]) < 1100
    assert ask(server).json()["search_result"] == reply["search_result"]


@pytest.mark.parametrize(
    ("host", "engine", "linked"),
    [
        ("bigmodel", "search_std", False),
        ("bigmodel", "search_pro", False),
        ("bigmodel", "search_pro_quark", True),
        ("zai", "search-prime", True),
        ("zai", "search_std", True),
        ("zai-coding", "search-prime", True),
        ("bigmodel-coding", "search_std", False),
    ],
)
def test_links_by_engine(host: str, engine: str, linked: bool) -> None:
    with GLMServer(host) as server:
        for result in ask(server, search_engine=engine).json()["search_result"]:
            assert bool(result["link"]) == bool(result["icon"]) == bool(result["media"]) == linked


@pytest.mark.parametrize(
    ("host", "engine", "code"),
    [
        ("bigmodel", "search-prime", "1211"),
        ("bigmodel", "search_pro_jina", "1211"),
        ("zai", "search_pro", "1211"),
        ("zai", "search_pro_quark", "1211"),
        ("zai", "x", "1211"),
        ("zai", ["x"], "1211"),
        ("zai", ..., "1214"),
        ("bigmodel", ..., "1214"),
        ("zai", None, "1214"),
    ],
)
def test_engines_of_another_host(host: str, engine: Any, code: str) -> None:
    with GLMServer(host) as server:
        answer = ask(server, search_engine=engine)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


@pytest.mark.parametrize("host", ["kimi", "phanedge"])
def test_other_hosts_do_not_serve_it(host: str) -> None:
    with GLMServer(host) as server:
        assert ask(server).status_code == 404


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"search_query": "长" * 71}, "search_query [1, 70]"),
        ({"search_query": ""}, "search_query [1, 70]"),
        ({"search_query": ...}, "search_query [1, 70]"),
        ({"search_query": ["x"]}, "search_query [1, 70]"),
        ({"count": 0}, "count"),
        ({"count": 51}, "count"),
        ({"count": "5"}, "count"),
        ({"count": 15, "search_engine": "search_pro_sogou"}, "count"),
        ({"content_size": "huge"}, "content_size"),
    ],
)
def test_what_is_refused(server: GLMServer, changes: dict[str, Any], detail: str) -> None:
    answer = ask(server, **changes)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "1214"
    assert answer.json()["error"]["message"].endswith(detail)


def test_what_is_answered(server: GLMServer) -> None:
    assert len(ask(server, search_query="长" * 70).json()["search_result"]) == 2
    assert len(ask(server, count=...).json()["search_result"]) == 10
    assert len(ask(server, count=50).json()["search_result"]) == 50
    assert len(ask(server, count=20, search_engine="search_pro_sogou").json()["search_result"]) == 20
    assert ask(server, search_recency_filter="someday").status_code == 200  # the endpoint does not check it
    assert len(ask(server, content_size="high").json()["search_result"][0]["content"]) >= 2500
    with GLMServer("zai") as zai:
        assert ask(zai, search_query="long " * 100, search_engine="search-prime").status_code == 200


def test_only_the_given_domain_is_searched(server: GLMServer) -> None:
    reply = ask(server, search_domain_filter="docs.bigmodel.cn", search_engine="search_pro_quark").json()
    assert [result["link"] for result in reply["search_result"]] == [
        "https://docs.bigmodel.cn/1",
        "https://docs.bigmodel.cn/2",
    ]


def test_a_query_that_needs_no_search(server: GLMServer) -> None:
    reply = ask(server, search_query="你好！").json()
    assert [intent["intent"] for intent in reply["search_intent"]] == ["SEARCH_NONE"]
    assert "search_result" not in reply
    for intent in (False, ...):
        reply = ask(server, search_query="你好！", search_intent=intent).json()
        assert [intent["intent"] for intent in reply["search_intent"]] == ["SEARCH_ALWAYS"]
        assert len(reply["search_result"]) == 2


def test_the_chat_finds_the_same_pages() -> None:
    settings = {"enable": True, "search_engine": "search-prime", "search_result": True, "count": 2}
    with GLMServer("zai") as server:
        found = chat(server, "What is GLM?", tools=[{"type": "web_search", "web_search": settings}]).json()
        pages = ask(server, search_query="What is GLM?", search_engine="search-prime").json()["search_result"]
    assert [page["link"] for page in found["web_search"]] == [page["link"] for page in pages]


def test_every_host_that_searches_has_engines() -> None:
    for host in HOSTS.values():
        assert bool(host.search_engines) == host.native
        assert not (host.serves and "/web_search" in host.serves) or host.search_engines
