"""The reader, OCR and knowledge bases against real endpoints. Each host runs if its key is in the environment.

ZAI_API_KEY=… python -m pytest integration_tests/test_documents.py

The knowledge base also needs its id in GLM_KNOWLEDGE_ID, and at least three passages.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.documents.base import Blob
from langchain_tests.integration_tests import RetrieversIntegrationTests, ToolsIntegrationTests

from langchain_glm import (
    HOSTS,
    GLMInvalidRequestError,
    GLMKnowledgeRetriever,
    GLMOCRLoader,
    GLMOCRParser,
    GLMWebLoader,
    GLMWebReader,
)
from langchain_glm.testing.pdf import make_pdf
from langchain_glm.testing.suites.loaders import BlobParserIntegrationTests, LoaderIntegrationTests

if TYPE_CHECKING:
    from langchain_core.document_loaders import BaseBlobParser, BaseLoader
    from langchain_core.retrievers import BaseRetriever
    from langchain_core.tools import BaseTool

PDF = make_pdf(["# Report\n\nSales grew by four percent.", "Costs fell in May."])


@pytest.fixture(params=["zai", "bigmodel"], autouse=True)
def host(request: pytest.FixtureRequest) -> str:
    """A host whose key is there."""
    name: str = request.param
    if not HOSTS[name].key_from(os.environ):
        pytest.skip(f"{HOSTS[name].key_variable} is not set")
    return name


class OnHost:
    """A suite that runs on each host."""

    host = ""

    @pytest.fixture(autouse=True)
    def _host(self, host: str) -> None:
        self.host = host


class TestWebReader(OnHost, ToolsIntegrationTests):
    @property
    def tool_constructor(self) -> type[BaseTool]:
        return GLMWebReader

    @property
    def tool_constructor_params(self) -> dict[str, Any]:
        return {"host": self.host}

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"url": "https://example.com/"}


class TestWebLoader(OnHost, LoaderIntegrationTests):
    @property
    def loader_constructor(self) -> type[BaseLoader]:
        return GLMWebLoader

    @property
    def loader_constructor_params(self) -> dict[str, Any]:
        return {"host": self.host, "urls": ["https://example.com/"]}


class TestOCRParser(OnHost, BlobParserIntegrationTests):
    @property
    def parser_constructor(self) -> type[BaseBlobParser]:
        return GLMOCRParser

    @property
    def parser_constructor_params(self) -> dict[str, Any]:
        return {"host": self.host}

    @property
    def blob_example(self) -> Blob:
        return Blob.from_data(PDF, metadata={"source": "report.pdf"})

    @property
    def unreadable_blob(self) -> Blob:
        return Blob.from_data(b"Not a PDF.")


def test_elements_have_boxes(host: str) -> None:
    """What the endpoint calls relative is between 0 and 1."""
    for element in GLMOCRLoader(PDF, host=host, mode="element").load():
        left, top, right, bottom = element.metadata["bbox"]
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1


def test_documents_are_read_in_ranges(host: str) -> None:
    """What `num_pages` counts, and whether ranges are cut, is only assumed by the test server."""
    long = make_pdf([f"This is page {number}." for number in range(1, 5)])
    pages = GLMOCRLoader(long, host=host, pages_per_request=3).load()
    assert [page.metadata["page"] for page in pages] == [0, 1, 2, 3]
    assert [str(number) in page.page_content for number, page in enumerate(pages, start=1)] == [True] * 4


class TestKnowledge(OnHost, RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _needs_id(self, host: str) -> None:
        if host != "bigmodel" or not os.environ.get("GLM_KNOWLEDGE_ID"):
            pytest.skip("GLM_KNOWLEDGE_ID is not set, or this host has no knowledge bases")

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return GLMKnowledgeRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"knowledge_ids": [os.environ.get("GLM_KNOWLEDGE_ID", "none")]}

    @property
    def retriever_query_example(self) -> str:
        return "What is this about?"

    def test_a_wrong_id_is_an_error(self) -> None:
        with pytest.raises(GLMInvalidRequestError):
            GLMKnowledgeRetriever(knowledge_ids=["1"]).invoke("What is this about?")
