"""Rerank and web search at real endpoints. Each host runs if its key is in the environment.

ZHIPUAI_API_KEY=… python -m pytest integration_tests/test_search_and_rerank.py
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from langchain_tests.integration_tests import RetrieversIntegrationTests, ToolsIntegrationTests

from langchain_glm import HOSTS, GLMRerank, GLMSearchResults, GLMSearchRetriever
from langchain_glm.testing.suites.rerank import RerankIntegrationTests

pytestmark = pytest.mark.filterwarnings("ignore::langchain_glm.GLMWarning")


class NeedsKey:
    """What every class below shares."""

    host = "bigmodel"

    @pytest.fixture(autouse=True)
    def _needs_key(self) -> None:
        if not HOSTS[self.host].key_from(os.environ):
            pytest.skip(f"{HOSTS[self.host].key_variable} is not set")


class TestRerank(NeedsKey, RerankIntegrationTests):
    @property
    def reranker_constructor(self) -> type[GLMRerank]:
        return GLMRerank


class SearchTool(NeedsKey, ToolsIntegrationTests):
    """The tool at one host."""

    @property
    def tool_constructor(self) -> type[GLMSearchResults]:
        return GLMSearchResults

    @property
    def tool_constructor_params(self) -> dict[str, Any]:
        return {"host": self.host, "api_key": HOSTS[self.host].key_from(os.environ) or "none"}

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"query": "智谱 GLM 最新模型", "recency": "oneYear"}


class TestSearchToolBigModel(SearchTool):
    pass


class TestSearchToolZai(SearchTool):
    host = "zai"


class SearchRetriever(NeedsKey, RetrieversIntegrationTests):
    """The retriever at one host."""

    @property
    def retriever_constructor(self) -> type[GLMSearchRetriever]:
        return GLMSearchRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"host": self.host}

    @property
    def retriever_query_example(self) -> str:
        return "智谱 GLM 最新模型"


class TestSearchRetrieverBigModel(SearchRetriever):
    pass


class TestSearchRetrieverZai(SearchRetriever):
    host = "zai"
