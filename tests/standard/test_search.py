"""LangChain's own suites for tools and retrievers, against the test server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain_tests.integration_tests import RetrieversIntegrationTests, ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests

from langchain_glm import GLMSearchResults, GLMSearchRetriever
from langchain_glm.testing import GLMServer

if TYPE_CHECKING:
    from collections.abc import Iterator


class OnTheServer:
    """What the classes below share."""

    @pytest.fixture(autouse=True, params=["zai", "bigmodel"])
    def _server(self, request: pytest.FixtureRequest) -> Iterator[None]:
        with GLMServer(request.param) as self.server:
            yield

    def settings(self) -> dict[str, Any]:
        return {"host": self.server.host, "base_url": self.server.base_url, "api_key": self.server.api_key}


class TestToolUnit(ToolsUnitTests):
    @property
    def tool_constructor(self) -> type[GLMSearchResults]:
        return GLMSearchResults

    @property
    def tool_constructor_params(self) -> dict[str, Any]:
        return {"host": "zai", "api_key": "k"}

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"query": "latest GLM model", "recency": "oneMonth"}

    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        return {"ZHIPUAI_API_KEY": "k"}, {}, {"name": "glm_search", "api_key": None}


class TestToolIntegration(OnTheServer, ToolsIntegrationTests):
    @property
    def tool_constructor(self) -> type[GLMSearchResults]:
        return GLMSearchResults

    @property
    def tool_constructor_params(self) -> dict[str, Any]:
        return self.settings()

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"query": "latest GLM model"}


class TestRetriever(OnTheServer, RetrieversIntegrationTests):
    @property
    def retriever_constructor(self) -> type[GLMSearchRetriever]:
        return GLMSearchRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return self.settings()

    @property
    def retriever_query_example(self) -> str:
        return "latest GLM model"
