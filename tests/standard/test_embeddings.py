"""LangChain's own suites for embeddings, against the test server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain_tests.integration_tests import EmbeddingsIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests

from langchain_glm import GLMEmbeddings
from langchain_glm.testing import GLMServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_core.embeddings import Embeddings


class TestUnit(EmbeddingsUnitTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return GLMEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"api_key": "a.key"}

    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        variables = {"ZHIPUAI_BASE_URL": "https://proxy.example/v4", "ZHIPUAI_API_KEY": "a.key"}
        return variables, {"model": "embedding-2"}, {"model": "embedding-2"}


class Suite(EmbeddingsIntegrationTests):
    settings: dict[str, Any]

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with GLMServer("bigmodel") as server:
            self.server = server
            yield

    @property
    def embeddings_class(self) -> type[Embeddings]:
        return GLMEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {
            "host": "bigmodel",
            "base_url": self.server.base_url,
            "api_key": self.server.api_key,
            **self.settings,
        }


class TestEmbedding3(Suite):
    settings = {"max_concurrency": 2}  # noqa: RUF012


class TestReduced(Suite):
    settings = {"dimensions": 256, "chunk_size": 1}  # noqa: RUF012


class TestEmbedding2(Suite):
    settings = {"model": "embedding-2"}  # noqa: RUF012
