"""Scores are read in the order of the request, or not at all."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_glm import GLMServerError
from langchain_glm.wire.reply.rerank import rank, to_scores


@given(st.permutations(range(6)), st.lists(st.floats(0, 1), min_size=6, max_size=6))
def test_scores_in_the_order_of_the_request(order: list[int], scores: list[float]) -> None:
    results = [{"index": index, "relevance_score": scores[index], "document": "x"} for index in order]
    assert to_scores({"results": results}, 6) == scores
    ranked = rank(enumerate(scores), 6, None)
    assert [result["relevance_score"] for result in ranked] == sorted(scores, reverse=True)
    for first, second in pairwise(ranked):
        assert first["relevance_score"] > second["relevance_score"] or first["index"] < second["index"]
    assert rank(enumerate(scores), 6, 2) == ranked[:2]


def test_texts_without_a_score_come_last() -> None:
    assert rank([(1, 0.0), (3, 0.5)], 4, None) == [
        {"index": 3, "relevance_score": 0.5},
        {"index": 1, "relevance_score": 0.0},
        {"index": 0, "relevance_score": 0.0},
        {"index": 2, "relevance_score": 0.0},
    ]


_VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-2, 4)
    | st.just(10**400)
    | st.floats()
    | st.text(max_size=2)
    | st.lists(st.none())
)


@given(st.lists(st.fixed_dictionaries({"index": _VALUES, "relevance_score": _VALUES}) | _VALUES, max_size=4))
def test_anything_else_is_refused(results: Any) -> None:
    try:
        scores = to_scores({"results": results}, 2)
    except GLMServerError:
        return
    assert sorted(result["index"] for result in results) == [0, 1]
    assert all(isinstance(score, float) for score in scores)


@pytest.mark.parametrize("results", [5, "ab", {"0": 1}, True])
def test_results_that_are_no_list(results: Any) -> None:
    with pytest.raises(GLMServerError):
        to_scores({"results": results}, 2)
