"""Test suites for document loaders and blob parsers, in the style of LangChain's own suites."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.documents import Document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.document_loaders import BaseBlobParser, BaseLoader, Blob

__all__ = ["BlobParserIntegrationTests", "LoaderIntegrationTests"]


def check_documents(documents: Sequence[Any]) -> None:
    """Check that text splitters and vector stores can use documents.

    Args:
        documents: what a loader returned.

    Raises:
        AssertionError: if there are none, if one is not a `Document` with text as its content, or if its metadata
            cannot be written as JSON or contain `None`.
    """
    assert documents
    for document in documents:
        assert isinstance(document, Document)
        assert isinstance(document.page_content, str)
        json.dumps(document.metadata)
        assert all(isinstance(name, str) for name in document.metadata)
        assert None not in document.metadata.values()


class LoaderIntegrationTests(ABC):
    """Tests of a document loader. Inherit from it in a test module and fill in the abstract properties.

    Example:
        ```python
        class TestMyLoader(LoaderIntegrationTests):
            @property
            def loader_constructor(self):
                return MyLoader

            @property
            def loader_constructor_params(self):
                return {"urls": ["https://example.com/"]}
        ```
    """

    @property
    @abstractmethod
    def loader_constructor(self) -> type[BaseLoader]:
        """The class of the loader."""

    @property
    def loader_constructor_params(self) -> dict[str, Any]:
        """The arguments of its constructor. They must lead to at least one document."""
        return {}

    @property
    def broken_loader_constructor_params(self) -> dict[str, Any] | None:
        """Arguments with which loading the second document fails; `None` skips the test that needs them."""
        return None

    @pytest.fixture
    def loader(self) -> BaseLoader:
        """A new loader."""
        return self.loader_constructor(**self.loader_constructor_params)

    def test_load(self, loader: BaseLoader) -> None:
        """Loading returns documents that say where they come from."""
        documents = loader.load()
        assert isinstance(documents, list)
        check_documents(documents)
        assert all(isinstance(document.metadata.get("source"), str) for document in documents)

    def test_lazy_load_is_an_iterator_of_the_same(self, loader: BaseLoader) -> None:
        """`lazy_load` is an iterator, not a list, and yields what `load` returns."""
        documents = loader.lazy_load()
        assert isinstance(documents, Iterator)
        assert list(documents) == loader.load()

    def test_async_methods_load_the_same(self, loader: BaseLoader) -> None:
        """`aload` and `alazy_load` load what `load` returns."""

        async def load() -> tuple[list[Document], list[Document]]:
            lazily = loader.alazy_load()
            assert isinstance(lazily, AsyncIterator)
            return [document async for document in lazily], await loader.aload()

        assert asyncio.run(load()) == (loader.load(), loader.load())

    def test_two_iterators_do_not_disturb_each_other(self, loader: BaseLoader) -> None:
        """Each call of `lazy_load` starts from the beginning."""
        first, second = loader.lazy_load(), loader.lazy_load()
        one = next(first)
        assert next(second) == one
        assert [one, *first] == [one, *second]

    def test_the_documents_are_the_callers_own(self, loader: BaseLoader) -> None:
        """A change to one document does not appear in the next ones."""
        documents = loader.load()
        for document in documents:
            document.metadata.clear()
        assert all(document.metadata for document in loader.load())

    def test_a_document_is_loaded_when_it_is_asked_for(self) -> None:
        """A later failure does not hold earlier documents back, and it is not ignored."""
        if self.broken_loader_constructor_params is None:
            pytest.skip("broken_loader_constructor_params is not given")
        loader = self.loader_constructor(**self.broken_loader_constructor_params)
        documents = loader.lazy_load()
        check_documents([next(documents)])
        with pytest.raises(Exception):  # noqa: B017, PT011 - loaders have no common exception
            list(documents)


class BlobParserIntegrationTests(ABC):
    """Tests of a blob parser. Inherit from it in a test module and fill in the abstract properties.

    Example:
        ```python
        class TestMyParser(BlobParserIntegrationTests):
            @property
            def parser_constructor(self):
                return MyParser

            @property
            def blob_example(self):
                return Blob.from_path("report.pdf")
        ```
    """

    @property
    @abstractmethod
    def parser_constructor(self) -> type[BaseBlobParser]:
        """The class of the parser."""

    @property
    def parser_constructor_params(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {}

    @property
    @abstractmethod
    def blob_example(self) -> Blob:
        """A blob that it reads, with a source."""

    @property
    @abstractmethod
    def unreadable_blob(self) -> Blob:
        """A blob that it cannot read."""

    @pytest.fixture
    def parser(self) -> BaseBlobParser:
        """A new parser."""
        return self.parser_constructor(**self.parser_constructor_params)

    def test_parse(self, parser: BaseBlobParser) -> None:
        """Parsing returns documents with the source of the blob."""
        documents = parser.parse(self.blob_example)
        check_documents(documents)
        assert {document.metadata.get("source") for document in documents} == {self.blob_example.source}

    def test_lazy_parse_is_an_iterator_of_the_same(self, parser: BaseBlobParser) -> None:
        """`lazy_parse` is an iterator, not a list, and yields what `parse` returns."""
        documents = parser.lazy_parse(self.blob_example)
        assert isinstance(documents, Iterator)
        assert list(documents) == parser.parse(self.blob_example)

    def test_bytes_are_parsed_like_the_file(self, parser: BaseBlobParser) -> None:
        """It does not matter whether a blob holds its bytes or only a path."""
        blob = self.blob_example
        held = type(blob).from_data(
            blob.as_bytes(), mime_type=blob.mimetype, metadata={**blob.metadata, "source": blob.source}
        )
        assert parser.parse(held) == parser.parse(blob)

    def test_metadata_of_the_blob_are_kept(self, parser: BaseBlobParser) -> None:
        """The blob's own metadata reach the documents, and the blob is not changed."""
        blob = self.blob_example.model_copy(update={"metadata": {"owner": "test"}})
        assert all(document.metadata["owner"] == "test" for document in parser.parse(blob))
        assert blob.metadata == {"owner": "test"}

    def test_a_blob_that_cannot_be_read_is_an_error(self, parser: BaseBlobParser) -> None:
        """A blob that cannot be read raises an error."""
        with pytest.raises(Exception):  # noqa: B017, PT011 - parsers have no common exception
            parser.parse(self.unreadable_blob)
