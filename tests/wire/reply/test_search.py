"""The reply of a web search, in every shape that it may have."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document

from langchain_glm.wire.reply.search import read_search, to_documents, to_text

# As recorded on BigModel on 2026-10-09, with a shorter content.
RECORDED: dict[str, Any] = {
    "created": 1791565200,
    "id": "2026101000595945dc1b74f0b54e0e",
    "request_id": "2026101000595945dc1b74f0b54e0e",
    "search_intent": [{"intent": "SEARCH_ALL", "keywords": "智谱ai glm 最新模型", "query": "智谱AI GLM 最新模型"}],
    "search_result": [
        {
            "content": "第一段。\n\n  第二段。",
            "icon": "",
            "link": "",
            "media": "",
            "publish_date": "2026-10-04",
            "refer": "ref_1",
            "title": "德国“主权 AI”自曝：GLM、Qwen 成主要数据生成模型",
        }
    ],
}
FULL = {
    "title": "GLM",
    "link": "https://a.example/1",
    "media": "A site",
    "publish_date": "2026-10-01",
    "content": "Text.",
}


def test_a_recorded_reply_without_links() -> None:
    reply = read_search(RECORDED, 10)
    assert reply == RECORDED
    assert to_text(reply) == ("[1] 德国“主权 AI”自曝：GLM、Qwen 成主要数据生成模型 (2026-10-04)\n第一段。\n第二段。")
    assert to_documents(reply["search_result"]) == [
        Document(
            "第一段。\n\n  第二段。",
            metadata={
                "title": "德国“主权 AI”自曝：GLM、Qwen 成主要数据生成模型",
                "link": "",
                "media": "",
                "publish_date": "2026-10-04",
                "refer": "ref_1",
            },
        )
    ]


def test_numbered_sources() -> None:
    reply = read_search({"search_result": [FULL, {"title": "Two\nlines"}, {}, {"content": "Only text."}]}, 10)
    assert to_text(reply) == (
        "[1] GLM (A site, 2026-10-01)\nhttps://a.example/1\nText.\n\n[2] Two lines\n\n[3]\n\n[4]\nOnly text."
    )


def test_no_more_results_than_wanted() -> None:
    assert len(read_search({"search_result": [FULL] * 10}, 3)["search_result"]) == 3


@pytest.mark.parametrize("result", [[], None, ..., "", "text", [None, "x"]])
def test_nothing_was_found(result: Any) -> None:
    raw = {"created": 1} if result is ... else {"created": 1, "search_result": result}
    reply = read_search(raw, 10)
    assert (reply["search_result"], reply["search_intent"]) == ([], [])
    assert to_text(reply) == "The search found nothing."
    assert to_documents(reply["search_result"]) == []


def test_nothing_was_searched() -> None:
    reply = read_search({"search_intent": [{"intent": "SEARCH_NONE"}]}, 10)
    assert to_text(reply) == "Nothing was searched: the search engine found that this query needs no search."


def test_single_objects_as_the_sdk_types_them() -> None:
    reply = read_search({"search_intent": {"intent": "SEARCH_ALL"}, "search_result": FULL}, 10)
    assert reply == {"search_intent": [{"intent": "SEARCH_ALL"}], "search_result": [FULL]}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["title", "link", "content", "intent", "x"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(_JSON, _JSON)
def test_any_json_can_be_read(result: Any, intent: Any) -> None:
    reply = read_search({"search_result": result, "search_intent": intent}, 5)
    assert isinstance(to_text(reply), str)
    assert len(to_documents(reply["search_result"])) == len(reply["search_result"]) <= 5
