"""Divide texts into requests to `/embeddings`, and build the request body."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from langchain_glm.errors import GLMValueError
from langchain_glm.tokens import estimate_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_glm.catalog.embedding_models import EmbeddingModel

__all__ = ["Batch", "BatchBuilder", "batches", "build_payload", "smaller_batches"]

_MARGIN: Final = 1.25
"""How far an estimate may be off: 19 % in 95 of 100 English prompts, more for short Chinese ones.

Source: `docs/en/reference/models.md`.
"""


class Batch(NamedTuple):
    """The texts of one request.

    Args:
        start: the index of the first text among all texts.
        texts: the texts.
    """

    start: int
    texts: list[str]


class BatchBuilder:
    """Collects texts into batches that are within the limits; fed one text at a time.

    Args:
        model: the limits of the model.
        size: the maximum number of texts in a batch.
        truncate: whether to cut a text that is longer than the model reads; otherwise it is an error.
    """

    def __init__(self, model: EmbeddingModel, size: int, *, truncate: bool) -> None:
        self._model = model
        self._size = size
        self._truncate = truncate
        self._batch = Batch(0, [])
        self._tokens = 0.0

    def add(self, text: str) -> Batch | None:
        """Add a text.

        Returns:
            The batch before it, if the text begins a new one.

        Raises:
            GLMValueError: if it is not a text, if it is empty, or if it is too long.
        """
        index = self._batch.start + len(self._batch.texts)
        text, tokens = self._checked(text, index)
        if len(self._batch.texts) < self._size and self._tokens + tokens <= self._model.batch_tokens:
            self._batch.texts.append(text)
            self._tokens += tokens
            return None
        full, self._batch, self._tokens = self.rest(), Batch(index, [text]), tokens
        return full

    def rest(self) -> Batch | None:
        """Return the last batch, if there is one."""
        return self._batch if self._batch.texts else None

    def _checked(self, text: str, index: int) -> tuple[str, float]:
        """Return the text, cut if it is too long, and the estimate of its tokens."""
        if not isinstance(text, str):
            raise GLMValueError(f"texts[{index}]: give a string, not {type(text).__name__}.")
        if not text:
            raise GLMValueError(f"texts[{index}] is empty; leave it out, because the endpoint refuses empty texts.")
        tokens, limit = estimate_text(text), self._model.max_tokens
        if limit is None or tokens <= (limit if self._truncate else limit * _MARGIN):
            return text, tokens
        if not self._truncate:
            raise GLMValueError(
                f"texts[{index}] has about {tokens:,.0f} tokens, more than the {limit:,} that the model reads. Split "
                "it, or give truncate=True to use only its beginning."
            )
        text = _cut(text, self._model)
        return text, estimate_text(text)


def batches(texts: Iterable[str], model: EmbeddingModel, size: int, *, truncate: bool = False) -> Iterator[Batch]:
    """Divide texts into batches; see `BatchBuilder`.

    Raises:
        GLMValueError: at a text that cannot be sent, or if `texts` is a string or cannot be iterated.

    Example:
        ```python
        [batch.texts for batch in batches(["a", "b", "c"], EmbeddingModel(), size=2)]  # [["a", "b"], ["c"]]
        ```
    """
    if isinstance(texts, str) or not isinstance(texts, Iterable):
        given = "one string" if isinstance(texts, str) else type(texts).__name__
        raise GLMValueError(f"texts: give a list of strings, not {given}.")
    builder = BatchBuilder(model, size, truncate=truncate)
    for text in texts:
        if batch := builder.add(text):
            yield batch
    if batch := builder.rest():
        yield batch


def smaller_batches(batch: Batch, model: EmbeddingModel, *, truncate: bool = False) -> list[Batch]:
    """Return what to send instead of a batch that was refused because it is too large.

    Args:
        batch: the batch.
        model: the limits of the model.
        truncate: whether a text that was refused alone may be cut.

    Returns:
        Its two halves, or its only text cut short, or nothing if it cannot become smaller.
    """
    if len(batch.texts) > 1:
        middle = len(batch.texts) // 2
        return [Batch(batch.start, batch.texts[:middle]), Batch(batch.start + middle, batch.texts[middle:])]
    cut = [_shorter(text, model) for text in batch.texts] if truncate else batch.texts
    return [] if cut == batch.texts else [Batch(batch.start, cut)]


def _shorter(text: str, model: EmbeddingModel) -> str:
    """Return less of a text that was refused alone, unless it is so short that its length cannot be the reason."""
    cut = _cut(text, model)
    if cut == text and model.cut_tokens is not None and len(text) > model.cut_tokens:
        return text[: max(len(text) // 2, model.cut_tokens)]
    return cut


def _cut(text: str, model: EmbeddingModel) -> str:
    """Return the beginning of a text, short enough for the lowest limit that is documented."""
    if model.cut_tokens is None:
        return text
    lengths = range(1, len(text) + 1)
    return text[: max(1, bisect_right(lengths, model.cut_tokens / _MARGIN, key=lambda end: estimate_text(text[:end])))]


def build_payload(model: str, texts: list[str], dimensions: int | None) -> dict[str, Any]:
    """Build the request body.

    Args:
        model: the id of the model.
        texts: the texts of one batch.
        dimensions: the length of the vectors; `None` is not sent.
    """
    payload: dict[str, Any] = {"model": model, "input": texts}
    return payload if dimensions is None else {**payload, "dimensions": dimensions}
