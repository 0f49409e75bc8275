"""`GLMEmbeddings`: texts as vectors, by `POST /embeddings`."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Sized
from contextlib import aclosing, closing, contextmanager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Self

from langchain_core.embeddings import Embeddings
from langchain_core.messages.ai import UsageMetadata
from pydantic import Field, PositiveInt, WrapValidator, model_validator

from langchain_glm.catalog.embedding_models import MAX_TEXTS, find_embedding_model
from langchain_glm.connection import Connection, in_flight
from langchain_glm.errors import GLMContextOverflowError, GLMError, GLMNotFoundError, GLMValueError
from langchain_glm.notices import notify
from langchain_glm.transport import client
from langchain_glm.transport.in_order import ain_order, in_order
from langchain_glm.transport.limits import InFlightLimiter
from langchain_glm.validation import as_glm_value_error
from langchain_glm.wire.reply.embeddings import Embedded, join_embedded, read_embeddings
from langchain_glm.wire.reply.usage import to_usage_metadata
from langchain_glm.wire.request.embeddings import Batch, BatchBuilder, batches, build_payload, smaller_batches

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterable, Iterator, Mapping, Set

    from langchain_glm.catalog.embedding_models import EmbeddingModel
    from langchain_glm.catalog.hosts import Host
    from langchain_glm.transport.client import Endpoint

__all__ = ["GLMEmbeddings"]

# Refused in this way for two accounts with a coding plan, 2026-07.
_NOT_FOUND: Final = (
    "Check model=… (GLM has embedding-3 and embedding-2), and where the key is from: a key of a coding plan is refused "
    "in this way. Use a key of BigModel's ordinary API ({key_variable}), which bills the account's balance."
)


class GLMEmbeddings(Connection, Embeddings):
    """Texts as vectors, with BigModel's `embedding-3` or `embedding-2`.

    Texts are sent in batches, several batches at the same time, and the vectors come back in the order of the texts. A
    batch that the endpoint refuses as too large is sent again in halves. The host is `bigmodel`, whatever host your
    chat model uses, because neither Z.ai nor the coding plans serve embeddings; it needs a key of BigModel
    (`ZHIPUAI_API_KEY`) and bills its balance.

    The settings of embeddings are described here, field by field; those of the connection (host, key, time limits,
    retries, concurrency) are inherited from `Connection`. `timeout.total` applies to each request.

    Raises:
        GLMValueError: for a setting that is not valid, a host that does not serve embeddings, or a text that cannot
            be sent; it is a `ValueError`.
        GLMAuthenticationError: if there is no key for the host.
        GLMError: when called, if the endpoint fails; if it refuses one text, the message names its index.

    Example:
        ```python
        from langchain_glm import GLMEmbeddings

        embeddings = GLMEmbeddings(dimensions=512)
        vectors = embeddings.embed_documents(["a cat", "a dog"])
        len(vectors), len(vectors[0])  # (2, 512)
        ```
    """

    _path: ClassVar[str] = "/embeddings"
    _default_host: ClassVar[str | None] = "bigmodel"
    _shared_fields: ClassVar = (*Connection._shared_fields, "on_usage")  # noqa: SLF001 - of our base class

    model: str = Field(default="embedding-3", min_length=1, description="The model's id. Default `embedding-3`.")
    dimensions: PositiveInt | None = Field(
        default=None,
        description="The length of the vectors. `embedding-3` has 2048 by default; 256, 512 and 1024 are recommended, "
        "others are accepted too. `embedding-2` always has 1024.",
    )
    chunk_size: PositiveInt = Field(
        default=MAX_TEXTS,
        description="The maximum number of texts in one request. Default 64, which is also the most that GLM "
        "accepts. A batch also ends before its estimated tokens exceed what the model accepts in "
        "one request.",
    )
    truncate: bool = Field(
        default=False,
        description="Whether to cut a text that is longer than the model reads. Default: no; such a text "
        "raises an error.",
    )
    max_concurrency: Annotated[PositiveInt | InFlightLimiter | None, WrapValidator(in_flight)] = Field(
        default=4,
        description="The maximum number of requests that this process has in flight with this host and key, "
        "counting those of all models that set it; or your own `InFlightLimiter`. Default 4. With "
        "`None` or a limiter, one call has up to 16 in flight.",
    )
    show_progress: bool = Field(
        default=False,
        description="Whether to show a progress bar, which needs tqdm. There is none for a single text. Default: no.",
    )
    on_usage: Callable[[UsageMetadata], Any] | None = Field(
        default=None,
        exclude=True,
        repr=False,
        description="A function that is called with the token counts of each batch: `input_tokens`, `output_tokens` "
        "(always 0) and `total_tokens`. It runs in the caller's thread or event loop.",
    )

    @model_validator(mode="after")
    def _check_settings(self) -> Self:
        self._check_dimensions()
        return self

    def _apply_changes(self, changed: Set[str], before: Host) -> None:
        super()._apply_changes(changed, before)
        with as_glm_value_error():
            self._check_dimensions()

    def _check_dimensions(self) -> None:
        limits = self._limits
        if self.dimensions is not None and not limits.resizable and self.dimensions != limits.dimensions:
            raise GLMValueError(
                f"dimensions={self.dimensions}: {self.model} always makes vectors of length {limits.dimensions}. Leave "
                "dimensions out, or use embedding-3."
            )
        if self.chunk_size > MAX_TEXTS and self.endpoint_host.native:
            notify(
                f"chunk_size={self.chunk_size}: GLM accepts at most {MAX_TEXTS} texts in a request, so "
                f"{MAX_TEXTS} is used."
            )

    @property
    def _limits(self) -> EmbeddingModel:
        return find_embedding_model(self.model)

    # LangChain's methods.

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return a vector for each text, in the order of the texts.

        Args:
            texts: the texts. All of them are checked before the first is sent; an empty list sends nothing.

        Raises:
            GLMValueError: if a text is empty or too long; the message names its index.
            GLMError: if a request fails.
        """
        return self._embed_all(texts).vectors

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return a vector for each text, in the order of the texts. The async version of `embed_documents`."""
        return (await self._aembed_all(texts)).vectors

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a text. GLM treats queries and documents alike."""
        return self._embed_all([text]).vectors[0]

    async def aembed_query(self, text: str) -> list[float]:
        """Return the vector of a text. The async version of `embed_query`."""
        return (await self._aembed_all([text])).vectors[0]

    # Our own methods.

    def embed_documents_with_usage(self, texts: list[str]) -> tuple[list[list[float]], UsageMetadata]:
        """Return a vector for each text, and the token counts of all requests that succeeded.

        Args:
            texts: the texts, as for `embed_documents`.

        Returns:
            The vectors, and `input_tokens`, `output_tokens` (always 0) and `total_tokens`.

        Raises:
            GLMError: as `embed_documents`.

        Example:
            ```python
            vectors, usage = embeddings.embed_documents_with_usage(["a cat", "a dog"])
            usage["total_tokens"]
            ```
        """
        embedded = self._embed_all(texts)
        return embedded.vectors, to_usage_metadata(embedded.usage)

    async def aembed_documents_with_usage(self, texts: list[str]) -> tuple[list[list[float]], UsageMetadata]:
        """Return vectors and token counts. The async version of `embed_documents_with_usage`."""
        embedded = await self._aembed_all(texts)
        return embedded.vectors, to_usage_metadata(embedded.usage)

    def lazy_embed_documents(self, texts: Iterable[str]) -> Iterator[list[float]]:
        """Yield a vector for each text, while the texts are read: for more texts than fit in memory.

        At any time only the batches that are in flight are held: `max_concurrency` times `chunk_size` texts and
        vectors. Texts are checked as they are read, so the vectors before a wrong text have been sent and billed.

        Args:
            texts: the texts, such as a generator that reads a file.

        Raises:
            GLMValueError: at a text that is empty or too long; the message names its index.
            GLMError: if a request fails.

        Example:
            ```python
            with open("corpus.txt") as lines:
                for vector in embeddings.lazy_embed_documents(lines):
                    store(vector)
            ```
        """
        with closing(self._embed(self._batches(texts), _count(texts))) as parts:
            for part in parts:
                yield from part.vectors

    async def alazy_embed_documents(self, texts: Iterable[str] | AsyncIterable[str]) -> AsyncIterator[list[float]]:
        """Yield a vector for each text, while the texts are read. The async version of `lazy_embed_documents`.

        Args:
            texts: the texts, from an iterable or an async iterable.
        """
        async with aclosing(self._aembed(self._abatches(texts), _count(texts))) as parts:
            async for part in parts:
                for vector in part.vectors:
                    yield vector

    # From batches to vectors.

    def _batches(self, texts: Iterable[str]) -> Iterator[Batch]:
        return batches(texts, self._limits, self._batch_size, truncate=self.truncate)

    async def _abatches(self, texts: Iterable[str] | AsyncIterable[str]) -> AsyncIterator[Batch]:
        if not isinstance(texts, AsyncIterable):
            for batch in self._batches(texts):
                yield batch
            return
        builder = BatchBuilder(self._limits, self._batch_size, truncate=self.truncate)
        async for text in texts:
            if full := builder.add(text):
                yield full
        if rest := builder.rest():
            yield rest

    @property
    def _batch_size(self) -> int:
        return min(self.chunk_size, MAX_TEXTS) if self.endpoint_host.native else self.chunk_size

    def _embed_all(self, texts: list[str]) -> Embedded:
        return join_embedded(self._embed(list(self._batches(texts)), _count(texts)))

    async def _aembed_all(self, texts: list[str]) -> Embedded:
        checked = list(self._batches(texts))
        async with aclosing(self._aembed(_aiterate(checked), _count(texts))) as parts:
            return join_embedded([part async for part in parts])

    def _embed(self, batches: Iterable[Batch], count: int | None) -> Generator[Embedded]:
        endpoint = self._endpoint()
        calls = (partial(self._embed_batch, endpoint, batch) for batch in batches)
        with self._progress(count) as show, closing(in_order(calls, self.max_concurrency)) as parts:
            for part in parts:
                self._report(part)
                yield part
                show(len(part.vectors))

    async def _aembed(self, batches: AsyncIterable[Batch], count: int | None) -> AsyncGenerator[Embedded]:
        endpoint = self._endpoint()
        calls = (partial(self._aembed_batch, endpoint, batch) async for batch in batches)
        with self._progress(count) as show:
            async with aclosing(ain_order(calls, self.max_concurrency)) as parts:
                async for part in parts:
                    self._report(part)
                    yield part
                    show(len(part.vectors))

    def _embed_batch(self, endpoint: Endpoint, batch: Batch) -> Embedded:
        """Embed a batch, in several requests if it is too large for one."""
        parts, waiting = [], [batch]
        while waiting:
            batch, *waiting = waiting
            try:
                parts.append(client.send(endpoint, *self._request(batch), path=self._path, reply_fields=("data",)))
            except GLMError as error:
                waiting = [*self._smaller(batch, error), *waiting]
        return join_embedded(parts)

    async def _aembed_batch(self, endpoint: Endpoint, batch: Batch) -> Embedded:
        """Embed a batch. The async version of `_embed_batch`."""
        parts, waiting = [], [batch]
        while waiting:
            batch, *waiting = waiting
            try:
                parts.append(
                    await client.asend(endpoint, *self._request(batch), path=self._path, reply_fields=("data",))
                )
            except GLMError as error:
                waiting = [*self._smaller(batch, error), *waiting]
        return join_embedded(parts)

    def _request(self, batch: Batch) -> tuple[dict[str, Any], Callable[[Mapping[str, Any]], Embedded]]:
        """Return the request body for a batch, and the function that reads the reply."""
        dimensions = self.dimensions if self._limits.resizable else None
        read = partial(read_embeddings, count=len(batch.texts), dimensions=dimensions)
        return build_payload(self.model, batch.texts, dimensions), read

    def _smaller(self, batch: Batch, error: GLMError) -> list[Batch]:
        """Return what to send instead of a refused batch; raise its error if a smaller batch cannot help."""
        if isinstance(error, GLMNotFoundError):
            if error.code and self.endpoint_host.native:
                error.hint = _NOT_FOUND.format(key_variable=self.endpoint_host.key_variable)
        elif error.code == "1214" or error.status == 413 or isinstance(error, GLMContextOverflowError):
            if smaller := smaller_batches(batch, self._limits, truncate=self.truncate):
                return smaller
            error.message = f"texts[{batch.start}]: {error.message}"
        raise error

    def _report(self, part: Embedded) -> None:
        if self.on_usage:
            self.on_usage(to_usage_metadata(part.usage))

    @contextmanager
    def _progress(self, count: int | None) -> Iterator[Callable[[int], Any]]:
        """Show a progress bar if it is wanted; return the function that advances it."""
        if not self.show_progress or count == 1:  # a bar for each query would be in the way
            yield _ignore
            return
        try:
            tqdm = import_module("tqdm.auto").tqdm
        except ModuleNotFoundError:
            notify("show_progress: there is no progress bar, because tqdm is not installed.")
            yield _ignore
            return
        with tqdm(total=count, unit="text") as bar:
            yield bar.update


def _ignore(_: int) -> None:
    pass


def _count(texts: object) -> int | None:
    return len(texts) if isinstance(texts, Sized) else None


async def _aiterate(batches: Iterable[Batch]) -> AsyncGenerator[Batch]:
    for batch in batches:
        yield batch
