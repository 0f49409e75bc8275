"""Read the scores of a reranking, and sort documents by them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypedDict

from langchain_glm.errors import GLMServerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["RankedDocument", "rank", "to_scores"]


class RankedDocument(TypedDict):
    """One result of a reranking: the index in the caller's list, and the score, 0 to 1."""

    index: int
    relevance_score: float


def to_scores(reply: Mapping[str, Any], count: int) -> list[float]:
    """Return the score of each document of a request, in the order of the request.

    Args:
        reply: the endpoint's reply; its order is not relied on.
        count: how many documents the request had.

    Raises:
        GLMServerError: if the reply does not hold exactly one score for each document.
    """
    results = reply["results"] if isinstance(reply["results"], list) else []
    scores: dict[int, float] = {}
    for entry in filter(lambda entry: isinstance(entry, dict), results):
        index, score = entry.get("index"), entry.get("relevance_score")
        if type(index) is int and type(score) in (int, float) and abs(score) <= sys.float_info.max:
            scores[index] = float(score)
    if len(results) != count or scores.keys() != set(range(count)):
        raise GLMServerError(f"the reply does not hold one score for each of the {count} documents", status=200)
    return [scores[index] for index in range(count)]


def rank(scores: Iterable[tuple[int, float]], count: int, top_n: int | None) -> list[RankedDocument]:
    """Return documents sorted by score, the highest first; those with equal scores stay in the caller's order.

    Args:
        scores: the index and the score of each document that has one.
        count: how many documents there are; those without a score, which are blank, come last with 0.
        top_n: how many to return; `None` returns all.
    """
    known = dict(scores)
    ranked = sorted(range(count), key=lambda index: (index not in known, -known.get(index, 0.0)))
    return [{"index": index, "relevance_score": known.get(index, 0.0)} for index in ranked[:top_n]]
