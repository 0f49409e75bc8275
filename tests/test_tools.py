"""GLM's own tools, checked before they are sent."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from langchain_glm.kimi_search import KimiWebSearch
from langchain_glm.tools import GLMTool, MCPServer, Retrieval, WebSearch

SENT: list[tuple[GLMTool, dict[str, Any]]] = [
    (WebSearch(), {"type": "web_search", "web_search": {"enable": True, "search_result": True}}),
    (
        WebSearch(enable=False, search_result=False),
        {"type": "web_search", "web_search": {"enable": False, "search_result": False}},
    ),
    (
        WebSearch(
            search_engine="search_pro",
            search_query="q",
            search_intent=False,
            count=50,
            search_domain_filter="www.example.com",
            search_recency_filter="oneWeek",
            content_size="high",
            result_sequence="before",
            require_search=True,
            search_prompt="p",
        ),
        {
            "type": "web_search",
            "web_search": {
                "search_engine": "search_pro",
                "enable": True,
                "search_query": "q",
                "search_intent": False,
                "count": 50,
                "search_domain_filter": "www.example.com",
                "search_recency_filter": "oneWeek",
                "content_size": "high",
                "result_sequence": "before",
                "search_result": True,
                "require_search": True,
                "search_prompt": "p",
            },
        },
    ),
    (Retrieval(knowledge_id="k"), {"type": "retrieval", "retrieval": {"knowledge_id": "k"}}),
    (
        Retrieval(knowledge_id="k", prompt_template="{{knowledge}}"),
        {"type": "retrieval", "retrieval": {"knowledge_id": "k", "prompt_template": "{{knowledge}}"}},
    ),
    (MCPServer(server_label="s"), {"type": "mcp", "mcp": {"server_label": "s"}}),
    (
        MCPServer(
            server_label="s",
            server_url="https://mcp.example",
            transport_type="sse",
            allowed_tools=["a"],
            headers={"x": "secret"},
        ),
        {
            "type": "mcp",
            "mcp": {
                "server_label": "s",
                "server_url": "https://mcp.example",
                "transport_type": "sse",
                "allowed_tools": ["a"],
                "headers": {"x": "secret"},
            },
        },
    ),
]


@pytest.mark.parametrize(("tool", "wire"), SENT)
def test_a_tool_is_sent_as(tool: GLMTool, wire: dict[str, Any]) -> None:
    assert tool == wire
    assert isinstance(tool, dict)  # which is what agents let pass


@pytest.mark.parametrize(
    ("kind", "fields", "named"),
    [
        (WebSearch, {"search_engine": 5}, "search_engine"),
        (WebSearch, {"count": 0}, "count"),
        (WebSearch, {"count": 51}, "count"),
        (WebSearch, {"search_engine": "search_pro_sogou", "count": 15}, "count=15"),
        (WebSearch, {"search_recency_filter": "today"}, "search_recency_filter"),
        (WebSearch, {"content_size": "low"}, "content_size"),
        (WebSearch, {"result_sequence": "between"}, "result_sequence"),
        (WebSearch, {"engine": "search_pro"}, "engine"),
        (Retrieval, {}, "knowledge_id"),
        (Retrieval, {"knowledge_id": ""}, "knowledge_id"),
        (MCPServer, {}, "server_label"),
        (MCPServer, {"server_label": ""}, "server_label"),
        (MCPServer, {"server_label": "s", "transport_type": "stdio"}, "transport_type"),
    ],
)
def test_a_wrong_field_is_refused_by_name(kind: type[GLMTool], fields: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=f"^{kind.__name__}: {named}: [^\\n]*$"):
        kind(**fields)


@pytest.mark.parametrize("count", [None, 10, 20, 30, 40, 50])
def test_sogous_counts(count: int | None) -> None:
    assert WebSearch(search_engine="search_pro_sogou", count=count)["web_search"].get("count") == count


def test_an_engine_may_be_newer_than_this_package() -> None:
    assert WebSearch(search_engine="search_pro_jina")["web_search"]["search_engine"] == "search_pro_jina"


@pytest.mark.parametrize("tool", [tool for tool, _ in SENT])
def test_a_tool_is_copied_and_pickled(tool: GLMTool) -> None:
    for twin in (copy.copy(tool), copy.deepcopy(tool), pickle.loads(pickle.dumps(tool))):
        assert type(twin) is type(tool)
        assert twin == tool


def test_headers_are_not_shown() -> None:
    server = MCPServer(server_label="s", headers={"authorization": "secret"})
    assert "secret" not in repr(server)
    assert "secret" not in str(server)
    assert "secret" not in f"{server} {[server]}"
    with pytest.raises(ValueError, match="headers") as caught:
        MCPServer(server_label="s", headers={"authorization": ["secret"]})  # type: ignore[dict-item]
    assert "secret" not in str(caught.value)


def test_kimis_search_answers_with_its_own_arguments() -> None:
    search = KimiWebSearch()
    assert search.name == "$web_search"
    assert (
        search.invoke({"query": "北京", "usage": {"total_tokens": 7}}) == '{"query":"北京","usage":{"total_tokens":7}}'
    )
    answer = search.invoke({"type": "tool_call", "id": "c0", "name": "$web_search", "args": {"query": "x"}})
    assert (answer.content, answer.tool_call_id, answer.name) == ('{"query":"x"}', "c0", "$web_search")
