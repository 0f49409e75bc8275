"""`GLMKnowledgeRetriever`: passages of BigModel's knowledge bases."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from langchain_core.retrievers import BaseRetriever
from pydantic import BeforeValidator, Field, PositiveInt

from langchain_glm.connection import Connection
from langchain_glm.errors import GLMInvalidRequestError
from langchain_glm.transport import client
from langchain_glm.wire.reply.knowledge import is_reply, passages
from langchain_glm.wire.request.knowledge import knowledge_payload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
    from langchain_core.documents import Document

__all__ = ["GLMKnowledgeRetriever"]


def _check_ids(ids: Any) -> Any:
    if not isinstance(ids, list | tuple) or not ids or not all(isinstance(name, str) and name for name in ids):
        raise ValueError("knowledge_ids: give a list with the id of at least one knowledge base.")
    return list(ids)


@contextmanager
def _id_hint() -> Iterator[None]:
    """Let the hint of a refusal speak of the ids, because BigModel says only in Chinese that a parameter is wrong."""
    try:
        yield
    except GLMInvalidRequestError as error:
        if error.code == "400":
            error.hint = (
                "Check knowledge_ids: BigModel's console shows the ids of the account to which the key belongs. If "
                "they are right, check the fields of extra_body."
            )
        raise


class GLMKnowledgeRetriever(Connection, BaseRetriever):
    """Finds passages in the knowledge bases of a BigModel account.

    Only BigModel has knowledge bases, so BigModel is the default host, whichever host your chat model uses. You need a
    key of an ordinary BigModel account (`ZHIPUAI_API_KEY`). Every field can be given in the constructor and in the call
    (`invoke(query, k=3)`).

    An id that does not exist raises an error. (The tool `Retrieval` of the chat endpoint does not report it; it just
    finds nothing.)

    The settings of the search are described here, field by field; those of the connection (host, key, time limits,
    retries, concurrency) are inherited from `Connection`.

    Returns:
        From `invoke` and `ainvoke`, at most `k` documents, the best first. Their metadata: `score`, `source` (the URL
        of the document, or else its name), `knowledge_id`, `doc_id`, `doc_name`, `doc_url`, `doc_type`, `index`, and
        `medias` if the passage has images.

    Raises:
        GLMValueError: if a setting is not valid, or if the host is known not to serve knowledge bases.
        GLMAuthenticationError: if there is no key for the host, or if it is refused.
        GLMInvalidRequestError: from the calls, if a knowledge base does not exist.
        GLMError: from the calls, for the other failures of the endpoint.

    Example:
        ```python
        retriever = GLMKnowledgeRetriever(knowledge_ids=["1912345678901234567"], k=4)
        retriever.invoke("How long is the warranty?", recall_method="mixed")
        ```

    Source: exchanges recorded on 2026-10-09.
    """

    _path: ClassVar[str] = "/knowledge/retrieve"
    _default_host: ClassVar[str | None] = "bigmodel"

    knowledge_ids: Annotated[list[str], BeforeValidator(_check_ids)] = Field(
        description="The ids of the knowledge bases; BigModel's console shows them."
    )
    k: PositiveInt = Field(default=4, description="The most passages to return. Default 4.")
    recall_method: Literal["embedding", "keyword", "mixed"] | None = Field(
        default=None,
        description='How passages are found: by meaning ("embedding"), by words ("keyword"), or both ("mixed"). '
        "Default: the endpoint's.",
    )
    extra_body: dict[str, Any] = Field(
        default_factory=dict,
        description="Other fields of the request, such as those for reranking, under the names of BigModel's API "
        "page. They replace ours.",
    )

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **settings: Any
    ) -> list[Document]:
        retriever = self.model_copy(update=settings)
        endpoint = retriever._endpoint(run_manager.on_retry)  # noqa: SLF001 - of the same class
        payload = retriever._payload(query)  # noqa: SLF001
        with _id_hint():
            found = client.send(endpoint, payload, passages, path=self._path, reply_fields=is_reply)
        return found[: retriever.k]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, **settings: Any
    ) -> list[Document]:
        retriever = self.model_copy(update=settings)
        endpoint = retriever._endpoint(run_manager.on_retry)  # noqa: SLF001 - of the same class
        payload = retriever._payload(query)  # noqa: SLF001
        with _id_hint():
            found = await client.asend(endpoint, payload, passages, path=self._path, reply_fields=is_reply)
        return found[: retriever.k]

    def _payload(self, query: str) -> dict[str, Any]:
        return knowledge_payload(query, self.knowledge_ids, self.k, self.recall_method, self.extra_body)
