"""`RerankIntegrationTests`: what users may expect of a `BaseDocumentCompressor` that reranks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final

import pytest
from langchain_core.documents import Document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.documents import BaseDocumentCompressor

__all__ = ["RerankIntegrationTests"]

_RELEVANT: Final = "Paris is the capital of France, and its largest city."
_OTHERS: Final = (
    "Cats sleep for most of the day.",
    "The invoice must be paid within two weeks.",
    "Whales are mammals that live in the sea.",
)


class RerankIntegrationTests(ABC):
    """Tests for a compressor that scores documents and keeps the best. Inherit from it in a class named `Test…`.

    It needs an endpoint: a real one, or a `GLMServer`. It works for compressors of other packages too.

    Example:
        ```python
        class TestGLMRerank(RerankIntegrationTests):
            @property
            def reranker_constructor(self):
                return GLMRerank
        ```
    """

    @property
    @abstractmethod
    def reranker_constructor(self) -> type[BaseDocumentCompressor]:
        """The class to test."""

    @property
    def reranker_constructor_params(self) -> dict[str, Any]:
        """The arguments of its constructor, without the number of results."""
        return {}

    @property
    def num_results_arg_name(self) -> str:
        """The name of the argument for the number of results. Default `"top_n"`."""
        return "top_n"

    @property
    def score_metadata_key(self) -> str:
        """The key of the score in a result's metadata. Default `"relevance_score"`."""
        return "relevance_score"

    @property
    def query_example(self) -> str:
        """A query that one of the documents answers."""
        return "What is the capital of France?"

    @property
    def documents_example(self) -> list[Document]:
        """At least three documents; only the last one answers the query."""
        texts = [*_OTHERS, _RELEVANT]
        return [Document(text, id=str(number), metadata={"page": number}) for number, text in enumerate(texts)]

    @property
    def num_many_documents(self) -> int:
        """How many documents must be accepted at once: more than fit into one request. Default 150."""
        return 150

    @property
    def num_long_characters(self) -> int:
        """How many characters of a document must be accepted: more than the endpoint reads. Default 5,000."""
        return 5000

    def _make(self, top_n: int) -> BaseDocumentCompressor:
        return self.reranker_constructor(**{**self.reranker_constructor_params, self.num_results_arg_name: top_n})

    def _scores(self, documents: Sequence[Document]) -> list[float]:
        return [document.metadata[self.score_metadata_key] for document in documents]

    def _check_example(self, results: Sequence[Document]) -> None:
        given = self.documents_example
        assert results[0].page_content == given[-1].page_content
        scores = self._scores(results)
        assert all(isinstance(score, float) for score in scores)
        assert scores == sorted(scores, reverse=True)
        assert scores[0] > scores[1]
        by_text = {document.page_content: document for document in given}
        assert len(results) == len({result.page_content for result in results}) == len(given)
        for result in results:
            original = by_text[result.page_content]
            assert result.id == original.id
            assert {**original.metadata, self.score_metadata_key: result.metadata[self.score_metadata_key]} == (
                result.metadata
            )

    def test_compress_documents(self) -> None:
        """The best document comes first, each with its score, its id and its own metadata."""
        documents = self.documents_example
        self._check_example(self._make(len(documents)).compress_documents(documents, self.query_example))

    async def test_acompress_documents(self) -> None:
        """The same, asynchronously."""
        documents = self.documents_example
        self._check_example(await self._make(len(documents)).acompress_documents(documents, self.query_example))

    @pytest.mark.parametrize("top_n", [1, 2])
    def test_num_results_constructor_param(self, top_n: int) -> None:
        """The constructor's argument limits the results to the best ones."""
        documents = self.documents_example
        results = self._make(top_n).compress_documents(documents, self.query_example)
        assert len(results) == top_n
        assert results[0].page_content == documents[-1].page_content

    def test_more_results_than_documents(self) -> None:
        """Asking for more results than there are documents returns all of them."""
        documents = self.documents_example
        assert len(self._make(50).compress_documents(documents, self.query_example)) == len(documents)

    def test_documents_are_not_changed(self) -> None:
        """The score is added to copies, so that other users of the same documents do not see it."""
        documents = self.documents_example
        self._make(2).compress_documents(documents, self.query_example)
        assert documents == self.documents_example

    def test_no_documents(self) -> None:
        """Without documents, the result is empty."""
        assert list(self._make(2).compress_documents([], self.query_example)) == []

    async def test_no_documents_async(self) -> None:
        """The same, asynchronously."""
        assert list(await self._make(2).acompress_documents([], self.query_example)) == []

    def test_blank_documents(self) -> None:
        """A blank document among others causes no error, and it is not ranked first."""
        documents = [Document(""), Document(" \n"), *self.documents_example]
        [best] = self._make(1).compress_documents(documents, self.query_example)
        assert best.page_content == documents[-1].page_content

    def test_long_documents(self) -> None:
        """A document that is longer than the endpoint reads comes back whole."""
        *others, relevant = self.documents_example
        text = f"{relevant.page_content} ".ljust(self.num_long_characters, ".")
        results = self._make(len(others) + 1).compress_documents([*others, Document(text)], self.query_example)
        assert text in [result.page_content for result in results]

    def _many(self) -> list[Document]:
        *others, relevant = self.documents_example
        count = self.num_many_documents
        fillers = [others[number % len(others)].page_content for number in range(count - 1)]
        return [*(Document(f"{number}: {text}") for number, text in enumerate(fillers)), relevant]

    def test_many_documents(self) -> None:
        """More documents than a request holds are ranked as one list."""
        results = self._make(self.num_many_documents).compress_documents(self._many(), self.query_example)
        self._check_many(results)

    async def test_many_documents_async(self) -> None:
        """The same, asynchronously."""
        results = await self._make(self.num_many_documents).acompress_documents(self._many(), self.query_example)
        self._check_many(results)

    def _check_many(self, results: Sequence[Document]) -> None:
        assert len({result.page_content for result in results}) == len(results) == self.num_many_documents
        assert results[0].page_content == self.documents_example[-1].page_content
        assert self._scores(results) == sorted(self._scores(results), reverse=True)
