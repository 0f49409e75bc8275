"""The suites for loaders and parsers find what they are for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.document_loaders import BaseBlobParser, BaseLoader
from langchain_core.documents import Document
from langchain_core.documents.base import Blob

from langchain_glm.testing.suites.loaders import (
    BlobParserIntegrationTests,
    LoaderIntegrationTests,
    check_documents,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class Good(BaseLoader):
    def lazy_load(self) -> Iterator[Document]:
        yield Document("text", metadata={"source": "here"})
        yield Document("more", metadata={"source": "here"})


class WithoutSource(Good):
    def lazy_load(self) -> Iterator[Document]:
        yield Document("text")


class Eager(Good):
    def lazy_load(self) -> Any:
        return [Document("text", metadata={"source": "here"})]


class OtherAsync(Good):
    async def alazy_load(self) -> AsyncIterator[Document]:
        yield Document("text", metadata={"source": "here"})


class OneIterator(Good):
    def __init__(self) -> None:
        self.documents = super().lazy_load()

    def lazy_load(self) -> Iterator[Document]:
        return self.documents


class SharedMetadata(Good):
    metadata: dict[str, Any]

    def __init__(self) -> None:
        self.metadata = {"source": "here"}

    def lazy_load(self) -> Iterator[Document]:
        document = Document("text", metadata=self.metadata)
        document.metadata = self.metadata
        yield document


class AllAtOnce(Good):
    def lazy_load(self) -> Iterator[Document]:
        documents = [*super().lazy_load(), 1 / 0]
        yield from documents  # type: ignore[misc]


class Silent(Good):
    """It leaves out what fails."""


@pytest.mark.parametrize(
    ("loader", "test"),
    [
        (WithoutSource, "test_load"),
        (Eager, "test_lazy_load_is_an_iterator_of_the_same"),
        (OtherAsync, "test_async_methods_load_the_same"),
        (OneIterator, "test_two_iterators_do_not_disturb_each_other"),
        (SharedMetadata, "test_the_documents_are_the_callers_own"),
        (AllAtOnce, "test_a_document_is_loaded_when_it_is_asked_for"),
        (Silent, "test_a_document_is_loaded_when_it_is_asked_for"),
    ],
)
def test_a_loader_that_does_not_keep_a_promise_fails(loader: type[Good], test: str) -> None:
    class Suite(LoaderIntegrationTests):
        loader_constructor: Any = loader

        @property
        def broken_loader_constructor_params(self) -> dict[str, Any]:
            return {}

    run = getattr(Suite(), test)
    with pytest.raises(BaseException):  # noqa: B017, PT011 - an assertion of the suite, or pytest's own failure
        run() if test.startswith("test_a_document") else run(loader())


@pytest.mark.parametrize("test", [name for name in vars(LoaderIntegrationTests) if name.startswith("test_")])
def test_a_good_loader_passes(test: str) -> None:
    class Suite(LoaderIntegrationTests):
        loader_constructor: Any = Good

    if test != "test_a_document_is_loaded_when_it_is_asked_for":
        getattr(Suite(), test)(Good())


class Parser(BaseBlobParser):
    def lazy_parse(self, blob: Blob) -> Iterator[Document]:
        if b"broken" in blob.as_bytes():
            raise ValueError
        yield Document("text", metadata={**blob.metadata, "source": blob.source})


class Forgetful(Parser):
    def lazy_parse(self, blob: Blob) -> Iterator[Document]:
        yield Document("text", metadata={"source": blob.source})


class OnlyPaths(Parser):
    def lazy_parse(self, blob: Blob) -> Iterator[Document]:
        yield Document(f"{blob.data is None}", metadata={"source": blob.source})


PARSER_TESTS = [name for name in vars(BlobParserIntegrationTests) if name.startswith("test_")]


@pytest.mark.parametrize("test", PARSER_TESTS)
@pytest.mark.parametrize(
    ("parser", "failing"),
    [
        (Parser, set[str]()),
        (Forgetful, {"test_metadata_of_the_blob_are_kept", "test_a_blob_that_cannot_be_read_is_an_error"}),
        (
            OnlyPaths,
            {
                "test_metadata_of_the_blob_are_kept",
                "test_a_blob_that_cannot_be_read_is_an_error",
                "test_bytes_are_parsed_like_the_file",
            },
        ),
    ],
)
def test_parsers(parser: type[Parser], failing: set[str], test: str, tmp_path: Any) -> None:
    (tmp_path / "file").write_bytes(b"text")

    class Suite(BlobParserIntegrationTests):
        parser_constructor: Any = parser
        blob_example: Any = Blob.from_path(tmp_path / "file")
        unreadable_blob: Any = Blob.from_data(b"broken")

    if test in failing:
        with pytest.raises(BaseException):  # noqa: B017, PT011
            getattr(Suite(), test)(parser())
    else:
        getattr(Suite(), test)(parser())


@pytest.mark.parametrize(
    "documents", [[], ["text"], [Document("x", metadata={"source": None})], [Document("x", metadata={"at": object()})]]
)
def test_documents_that_are_of_no_use(documents: list[Any]) -> None:
    with pytest.raises((AssertionError, TypeError)):
        check_documents(documents)
