"""The request of a web search."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_glm import HOSTS, GLMValueError, Host
from langchain_glm.catalog.hosts import GATEWAY
from langchain_glm.wire.request.search import build_search, cut_query, engine_for

BIGMODEL, ZAI = HOSTS["bigmodel"], HOSTS["zai"]


def test_what_is_sent() -> None:
    settings = {"search_engine": None, "search_domain_filter": "a.example", "search_intent": False}
    assert build_search("GLM", 3, settings, ZAI) == (
        {
            "search_query": "GLM",
            "search_engine": "search-prime",
            "count": 3,
            "search_domain_filter": "a.example",
            "search_intent": False,
        },
        None,
    )


@pytest.mark.parametrize(
    ("engine", "count", "sent"),
    [
        ("search_pro_sogou", 1, 10),
        ("search_pro_sogou", 10, 10),
        ("search_pro_sogou", 11, 20),
        ("search_pro_sogou", 50, 50),
        ("search_pro", 11, 11),
        ("an-engine-of-tomorrow", 7, 7),
    ],
)
def test_counts(engine: str, count: int, sent: int) -> None:
    payload, _ = build_search("GLM", count, {"search_engine": engine}, BIGMODEL)
    assert (payload["count"], payload["search_engine"]) == (sent, engine)


def test_engines() -> None:
    assert engine_for(None, BIGMODEL) == "search_std"
    assert engine_for(None, ZAI) == "search-prime"
    assert engine_for("mine", GATEWAY) == "mine"
    with pytest.raises(GLMValueError, match=r"^search_engine: the engines of host 'gateway' are not known; give"):
        engine_for(None, GATEWAY)
    own = Host(name="mine", base_url="http://localhost", key_variables=(), search_engines=("fast", "slow"))
    assert engine_for(None, own) == "fast"


@pytest.mark.parametrize("query", ["", "  ", "\n"])
def test_a_blank_query(query: str) -> None:
    with pytest.raises(GLMValueError, match=r"^query: give a text that is not blank\.$"):
        build_search(query, 3, {}, ZAI)


def test_only_bigmodel_limits_the_query() -> None:
    long = "x" * 60 + " " + "y" * 20
    payload, notice = build_search(long, 3, {}, BIGMODEL)
    assert payload["search_query"] == "x" * 60
    assert notice == "/web_search of host 'bigmodel' reads 70 characters of a query; longer queries are cut."
    assert build_search(long, 3, {}, ZAI)[0]["search_query"] == long
    assert build_search("x" * 70, 3, {}, BIGMODEL)[1] is None


@pytest.mark.parametrize(
    ("query", "limit", "cut"),
    [
        ("large language models", 10, "large"),
        ("large language models", 14, "large language"),
        ("large language models", 15, "large language"),
        ("  large language models", 14, "large language"),
        ("Donaudampfschifffahrt", 10, "Donaudampf"),
        ("智谱清言最新模型发布时间", 6, "智谱清言最新"),
        ("智谱GLM-5.2模型", 4, "智谱"),
        ("智谱 GLM 模型", 6, "智谱 GLM"),
        ("GLM的模型", 4, "GLM的"),
        ("C++ or Rust", 3, "C++"),
        ("naïve Bäume", 7, "naïve"),
    ],
)
def test_a_query_is_cut_at_a_word(query: str, limit: int, cut: str) -> None:
    assert cut_query(query, limit) == cut


@given(st.text(alphabet=st.sampled_from("ab 智谱，。-1é\n🌦"), min_size=1).filter(str.strip), st.integers(1, 30))
def test_a_cut_query_is_a_beginning_of_it(query: str, limit: int) -> None:
    cut = cut_query(query, limit)
    assert cut
    assert len(cut) <= limit
    assert query.strip().startswith(cut)
    if len(query.strip()) <= limit:
        assert cut == query.strip()
