"""`GLMRerank`: documents sorted by their relevance to a query."""

from __future__ import annotations

from contextlib import aclosing, closing
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from langchain_core.documents import BaseDocumentCompressor, Document
from pydantic import Field, PositiveInt

from langchain_glm.connection import Connection
from langchain_glm.transport import client
from langchain_glm.transport.in_order import ain_order, in_order
from langchain_glm.wire.reply.rerank import RankedDocument, rank, to_scores
from langchain_glm.wire.request.rerank import Batch, batches

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Sequence

    from langchain_core.callbacks import Callbacks

    from langchain_glm.transport.client import Endpoint

__all__ = ["GLMRerank"]

_PATH: Final = "/rerank"
_REPLY_FIELDS: Final = ("results",)
_Scores = list[tuple[int, float]]
"""The place and the score of each document of a request."""


class GLMRerank(Connection, BaseDocumentCompressor):
    """Sorts documents by their relevance to a query, with BigModel's rerank model, and keeps the best.

    Only BigModel serves it, so BigModel is the default host, whichever host your chat model uses. You need a key of an
    ordinary BigModel account (`ZHIPUAI_API_KEY`); keys of Z.ai and of coding plans do not work.

    BigModel bills `tokens(query) × number of documents + tokens of all documents`, so a long query with many documents
    is expensive. `top_n` does not change the bill.

    - The query may have up to 4,096 characters. Only the first 4,096 characters of a document are scored, but the whole
      document is returned.
    - A request holds up to 128 documents. More documents are sent in several requests at the same time: as many as
      `max_concurrency` allows, or up to 16 if it is not a number. The results are merged by score.
    - Blank documents are not sent; they come last, with the score 0. If all documents are blank, nothing is sent.
    - Documents with equal scores keep their order. The given documents are never changed.

    The settings of the reranking are described here, field by field; those of the connection (host, key, time limits,
    retries, concurrency) are inherited from `Connection`.

    Raises:
        GLMValueError: if a setting is not valid, or if the host is known not to serve `/rerank`.
        GLMAuthenticationError: if there is no key for the host.

    Example:
        ```python
        from langchain_glm import GLMRerank

        GLMRerank(top_n=1).rerank("capital of France", ["Cats sleep a lot.", "Paris is the capital of France."])
        # [{"index": 1, "relevance_score": 0.99…}]
        ```

    Source: the page about rerank on bigmodel.cn, 2024-11 to 2026-10.
    """

    _path: ClassVar[str] = _PATH
    _default_host: ClassVar[str | None] = "bigmodel"

    model: str = Field(default="rerank", min_length=1, description="The id of the model.")
    top_n: PositiveInt | None = Field(
        default=3, description="How many documents to keep; `None` keeps all of them. Default 3."
    )

    def rerank(self, query: str, documents: Sequence[str]) -> list[RankedDocument]:
        """Score texts by their relevance to a query.

        Args:
            query: what the texts are compared with, up to 4,096 characters.
            documents: the texts.

        Returns:
            The best `top_n` texts, the best one first: `{"index": …, "relevance_score": …}`, with the index in
            `documents` and a score from 0 to 1.

        Raises:
            GLMValueError: if the query is blank or too long, or if a document is not a string; nothing is sent.
            GLMError: if the endpoint fails.

        Example:
            ```python
            [best] = GLMRerank(top_n=1).rerank("capital of France", ["Cats sleep.", "Paris is the capital."])
            best["index"]  # 1
            ```
        """
        endpoint, requests = self._endpoint(), batches(self.model, query, documents)
        calls = (partial(_send, endpoint, request) for request in requests)
        with closing(in_order(calls, self.max_concurrency)) as replies:
            return rank([pair for reply in replies for pair in reply], len(documents), self.top_n)

    async def arerank(self, query: str, documents: Sequence[str]) -> list[RankedDocument]:
        """Score texts by their relevance to a query. The async version of `rerank`."""
        endpoint, requests = self._endpoint(), batches(self.model, query, documents)

        async def calls() -> AsyncIterator[Callable[[], Coroutine[Any, Any, _Scores]]]:
            for request in requests:
                yield partial(_asend, endpoint, request)

        async with aclosing(ain_order(calls(), self.max_concurrency)) as replies:
            return rank([pair async for reply in replies for pair in reply], len(documents), self.top_n)

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> list[Document]:
        """Return copies of the most relevant documents, the best one first.

        Args:
            documents: the documents; they are not changed.
            query: what they are compared with, up to 4,096 characters.
            callbacks: not used; LangChain has no events for this step.

        Returns:
            Copies of the best `top_n` documents, each with its score in `metadata["relevance_score"]`.

        Raises:
            GLMValueError: if the query is blank or too long; nothing is sent.
            GLMError: if the endpoint fails.

        Example:
            ```python
            documents = [Document("Cats sleep a lot."), Document("Paris is the capital of France.")]
            best, *_ = GLMRerank().compress_documents(documents, "capital of France")
            best.metadata["relevance_score"]
            ```
        """
        del callbacks
        return _with_scores(documents, self.rerank(query, [document.page_content for document in documents]))

    async def acompress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> list[Document]:
        """Return copies of the most relevant documents. The async version of `compress_documents`."""
        del callbacks
        return _with_scores(documents, await self.arerank(query, [document.page_content for document in documents]))


def _send(endpoint: Endpoint, request: Batch) -> _Scores:
    """Return the place and the score of each document of a request."""
    return list(zip(request.places, client.send(**_arguments(endpoint, request)), strict=True))


async def _asend(endpoint: Endpoint, request: Batch) -> _Scores:
    """Return the place and the score of each document of a request. The async version of `_send`."""
    return list(zip(request.places, await client.asend(**_arguments(endpoint, request)), strict=True))


def _arguments(endpoint: Endpoint, request: Batch) -> dict[str, Any]:
    """Return the arguments of `client.send` for a request."""
    return {
        "endpoint": endpoint,
        "payload": request.payload,
        "read": partial(to_scores, count=len(request.places)),
        "path": _PATH,
        "reply_fields": _REPLY_FIELDS,
    }


def _with_scores(documents: Sequence[Document], ranked: Sequence[RankedDocument]) -> list[Document]:
    """Return copies of the ranked documents with their scores."""
    chosen = ((documents[result["index"]], result["relevance_score"]) for result in ranked)
    return [
        document.model_copy(update={"metadata": {**document.metadata, "relevance_score": score}})
        for document, score in chosen
    ]
