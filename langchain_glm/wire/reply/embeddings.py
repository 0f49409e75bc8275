"""Read the reply of `/embeddings` into vectors and usage."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from langchain_glm.errors import GLMServerError
from langchain_glm.wire.reply.usage import sum_usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Embedded", "join_embedded", "read_embeddings"]

_TOLERANCE: Final = 1e-3
"""By how much the length of a vector may differ from 1; the endpoint rounds each number."""


class Embedded(NamedTuple):
    """The result for the texts of one or more requests.

    Args:
        vectors: one vector for each text, in the order of the texts.
        usage: the token counts as sent.
    """

    vectors: list[list[float]]
    usage: Mapping[str, Any]


def read_embeddings(reply: Mapping[str, Any], count: int, dimensions: int | None = None) -> Embedded:
    """Read a reply.

    The vectors are sorted by `index`, which need not count without gaps: an example in GLM's reference has 0 and 2.

    Args:
        reply: the reply's JSON.
        count: how many texts were sent.
        dimensions: the length of the vectors that was asked for. If the norm of such a vector is not 1, the vector is
            scaled to it, because only vectors of the model's default length are known to have a norm of 1.

    Raises:
        GLMServerError: if the reply does not hold one vector for each text, or if a vector has another length than
            `dimensions`.

    Example:
        ```python
        read_embeddings({"data": [{"index": 0, "embedding": [0.6, 0.8]}], "usage": {"total_tokens": 3}}, 1)
        ```
    """
    data = reply.get("data")
    items = [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []
    indexes = [item.get("index") for item in items]
    if all(isinstance(index, int) for index in indexes):  # a gateway that sends none keeps the order
        items.sort(key=lambda item: int(item["index"]))
    vectors: list[list[float]] = [item["embedding"] for item in items if _is_vector(item.get("embedding"))]
    if len(vectors) != count:
        raise GLMServerError(f"the endpoint sent {len(vectors)} vectors for {count} texts", status=200)
    lengths = {len(vector) for vector in vectors}
    if len(lengths) > 1 or (dimensions is not None and lengths != {dimensions}):
        sent = ", ".join(map(str, sorted(lengths)))
        raise GLMServerError(
            f"the endpoint sent vectors of length {sent}" + (f" instead of {dimensions}" if dimensions else ""),
            status=200,
            hint="Check dimensions=…: the model may not support this length.",
            is_retryable=False,
        )
    usage = reply.get("usage")
    return Embedded(
        vectors if dimensions is None else [_of_length_one(vector) for vector in vectors],
        usage if isinstance(usage, dict) else {},
    )


def join_embedded(parts: Iterable[Embedded]) -> Embedded:
    """Join the results of several requests, in their order."""
    parts = list(parts)
    if len(parts) == 1:
        return parts[0]
    vectors = [vector for part in parts for vector in part.vectors]
    return Embedded(vectors, sum_usage(part.usage for part in parts))


def _is_vector(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 0 and isinstance(value[0], float | int)


def _of_length_one(vector: list[float]) -> list[float]:
    try:
        norm = math.hypot(*vector)
    except TypeError:
        raise GLMServerError("the endpoint sent a vector with values that are not numbers", status=200) from None
    if norm == 0 or abs(norm - 1) <= _TOLERANCE:
        return vector
    return [number / norm for number in vector]
