"""The models that turn texts into vectors, one entry each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["MAX_TEXTS", "EmbeddingModel", "find_embedding_model"]

MAX_TEXTS: Final = 64
"""How many texts one request may have: 64 are accepted, 65 refused with 1214 (measured by four users, to
2026-09-30)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingModel:
    """What a model accepts.

    Args:
        dimensions: the default length of its vectors; `None` if that is not known.
        resizable: whether it makes vectors of another length on request.
        max_tokens: the maximum number of tokens of one text, by the highest limit that a document states; `None` if
            unknown.
        cut_tokens: the maximum number of tokens of one text, by the lowest limit that a document states.
        batch_tokens: the maximum number of tokens of all texts of a request together.
    """

    dimensions: int | None = None
    resizable: bool = True
    max_tokens: int | None = None
    cut_tokens: int | None = None
    batch_tokens: int = 32_000


_MODELS: Final = {
    # docs.bigmodel.cn, guide and API description of 2026-04: 3,072 tokens a text; its older reference: 2,048. Users
    # sent 32 texts of about 4,000 characters, and were refused with 64: 32,000 tokens, if a token is four characters.
    "embedding-3": EmbeddingModel(dimensions=2048, max_tokens=3072, cut_tokens=2048),
    # docs.bigmodel.cn, API description of 2026-04: 512 tokens a text, 8K in all, always 1,024 dimensions.
    "embedding-2": EmbeddingModel(
        dimensions=1024, resizable=False, max_tokens=512, cut_tokens=512, batch_tokens=8_000
    ),
}  # fmt: skip


def find_embedding_model(model: str) -> EmbeddingModel:
    """Return the entry of a model; for an unknown one, an entry without limits for a text.

    Args:
        model: the id of the model, with or without a gateway's prefix.

    Example:
        ```python
        find_embedding_model("embedding-2").dimensions  # 1024
        ```
    """
    return _MODELS.get(model.rsplit("/", 1)[-1].lower(), EmbeddingModel())
