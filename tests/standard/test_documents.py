"""LangChain's suites for tools and retrievers, and our own for loaders and blob parsers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.documents.base import Blob
from langchain_tests.integration_tests import RetrieversIntegrationTests, ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests

from langchain_glm import (
    HOSTS,
    GLMKnowledgeRetriever,
    GLMOCRLoader,
    GLMOCRParser,
    GLMWebLoader,
    GLMWebReader,
)
from langchain_glm.testing import GLMServer
from langchain_glm.testing.pdf import make_pdf
from langchain_glm.testing.suites.loaders import BlobParserIntegrationTests, LoaderIntegrationTests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from langchain_core.document_loaders import BaseBlobParser, BaseLoader
    from langchain_core.retrievers import BaseRetriever
    from langchain_core.tools import BaseTool

PDF = make_pdf(["# Report\n\nThe first page.", "The second page."])
KNOWLEDGE = {
    "kb": {"animals.txt": "Cats sleep.\n\nDogs bark.\n\nCows eat grass.\n\nBirds fly.", "cars.txt": "Cars drive."}
}


class OnAServer:
    """A suite whose component talks to a server of its own."""

    server: GLMServer

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _serve(cls) -> Iterator[None]:
        with GLMServer("bigmodel", knowledge=KNOWLEDGE) as cls.server:
            yield

    @property
    def connection(self) -> dict[str, Any]:
        return {"host": "bigmodel", "base_url": self.server.base_url, "api_key": self.server.api_key, "max_retries": 0}


class TestGLMWebReaderUnit(ToolsUnitTests):
    @property
    def tool_constructor(self) -> type[BaseTool]:
        return GLMWebReader

    @property
    def tool_constructor_params(self) -> dict[str, Any]:
        return {"host": "zai", "api_key": "test"}

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"url": "https://docs.z.ai/"}

    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        # the field holds what was given; the key of the environment is read for each request
        return {"ZAI_API_KEY": "k"}, {}, {"api_key": None, "endpoint_host": HOSTS["zai"]}


class TestGLMWebReader(OnAServer, ToolsIntegrationTests):
    @property
    def tool_constructor(self) -> type[BaseTool]:
        return GLMWebReader

    @property
    def tool_constructor_params(self) -> dict[str, Any]:
        return self.connection

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"url": "https://docs.z.ai/guides/overview"}


class TestGLMKnowledgeRetriever(OnAServer, RetrieversIntegrationTests):
    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return GLMKnowledgeRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {**self.connection, "knowledge_ids": ["kb"]}

    @property
    def retriever_query_example(self) -> str:
        return "Do cats sleep?"


class TestGLMWebLoader(OnAServer, LoaderIntegrationTests):
    @property
    def loader_constructor(self) -> type[BaseLoader]:
        return GLMWebLoader

    @property
    def loader_constructor_params(self) -> dict[str, Any]:
        return {**self.connection, "urls": ["https://docs.z.ai/one", "https://docs.z.ai/two"]}

    @property
    def broken_loader_constructor_params(self) -> dict[str, Any]:
        return {**self.connection, "urls": ["https://docs.z.ai/one", "https://nowhere.invalid/"]}


class WithFile(OnAServer):
    """A suite that needs a file."""

    path: Path
    other: Path

    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> None:
        self.path, self.other = tmp_path / "report.pdf", tmp_path / "notes.txt"
        self.path.write_bytes(PDF)
        self.other.write_text("Not a PDF.")


@pytest.mark.parametrize("mode", ["page", "single", "element"])
class TestGLMOCRLoader(WithFile, LoaderIntegrationTests):
    @pytest.fixture(autouse=True)
    def _mode(self, mode: str) -> None:
        self.mode = mode

    @property
    def loader_constructor(self) -> type[BaseLoader]:
        return GLMOCRLoader

    @property
    def loader_constructor_params(self) -> dict[str, Any]:
        return {**self.connection, "files": [self.path, str(self.path)], "mode": self.mode}

    @property
    def broken_loader_constructor_params(self) -> dict[str, Any]:
        return {**self.connection, "files": [self.path, self.other], "mode": self.mode}


@pytest.mark.parametrize("mode", ["page", "single", "element"])
class TestGLMOCRParser(WithFile, BlobParserIntegrationTests):
    @pytest.fixture(autouse=True)
    def _mode(self, mode: str) -> None:
        self.mode = mode

    @property
    def parser_constructor(self) -> type[BaseBlobParser]:
        return GLMOCRParser

    @property
    def parser_constructor_params(self) -> dict[str, Any]:
        return {**self.connection, "mode": self.mode}

    @property
    def blob_example(self) -> Blob:
        return Blob.from_path(self.path)

    @property
    def unreadable_blob(self) -> Blob:
        return Blob.from_path(self.other)
