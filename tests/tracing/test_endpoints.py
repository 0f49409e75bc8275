"""What traces of tools and retrievers say: what was asked and found, and no key."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.runnables import RunnableLambda
from langchain_core.tracers import LangChainTracer
from langsmith import Client

from langchain_glm import GLMAuthenticationError, GLMRerank, GLMSearchResults, GLMSearchRetriever
from langchain_glm.testing import GLMServer
from tests.tracing.test_langsmith import Session

if TYPE_CHECKING:
    from langchain_glm.connection import Connection


def traced(call: Any) -> str:
    """Everything that is posted to LangSmith when `call` gets a config with a tracer."""
    session = Session()
    client = Client(api_url="http://localhost:1", api_key="ls", session=session, auto_batch_tracing=False)
    tracer = LangChainTracer(client=client)
    try:
        call({"callbacks": [tracer]})
    finally:
        tracer.wait_for_futures()
        posted = "".join(session.posted)
    return posted


def settings(server: GLMServer, **others: Any) -> dict[str, Any]:
    return {
        "host": server.host,
        "base_url": server.base_url,
        "api_key": server.api_key,
        "default_headers": {"X-Token": "secret.header"},
        **others,
    }


@pytest.mark.parametrize("kind", [GLMSearchResults, GLMSearchRetriever])
@pytest.mark.parametrize("way", ["sync", "async"])
def test_searches(way: str, kind: type[Connection]) -> None:
    with GLMServer("bigmodel", api_key="secret.key") as server:
        search: Any = kind(**settings(server))
        call = search.invoke if way == "sync" else lambda *args: asyncio.run(search.ainvoke(*args))
        posted = traced(lambda config: call("latest GLM model", config))
    assert "latest GLM model" in posted
    assert "Page 1 about" in posted
    assert "secret." not in posted


@pytest.mark.parametrize("kind", [GLMSearchResults, GLMSearchRetriever])
def test_a_refused_key_is_not_traced(kind: type[Connection]) -> None:
    with GLMServer("bigmodel") as server:
        search: Any = kind(**settings(server, api_key="secret.key"))

        def fail(config: Any) -> None:
            with pytest.raises(GLMAuthenticationError):
                search.invoke("latest GLM model", config)

        posted = traced(fail)
    assert "GLMAuthenticationError" in posted
    assert "secret." not in posted


def test_a_rerank_within_a_chain() -> None:
    with GLMServer("bigmodel", api_key="secret.key") as server:
        rerank = GLMRerank(**settings(server))

        def best(texts: list[str]) -> Any:
            return rerank.rerank("capital", texts)

        chain = RunnableLambda(best)
        posted = traced(lambda config: chain.invoke(["a", "b"], config))
    assert "relevance_score" in posted
    assert "secret." not in posted
