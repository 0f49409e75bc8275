"""Our suite for rerankers, against the test server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from langchain_glm import GLMRerank
from langchain_glm.testing import GLMServer
from langchain_glm.testing.suites.rerank import RerankIntegrationTests

if TYPE_CHECKING:
    from collections.abc import Iterator


class TestGLMRerank(RerankIntegrationTests):
    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with GLMServer("bigmodel") as self.server:
            yield

    @property
    def reranker_constructor(self) -> type[GLMRerank]:
        return GLMRerank

    @property
    def reranker_constructor_params(self) -> dict[str, Any]:
        return {"host": "bigmodel", "base_url": self.server.base_url, "api_key": self.server.api_key}
