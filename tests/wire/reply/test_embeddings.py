"""Replies of `/embeddings` become vectors in the order of the texts."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_glm import GLMError
from langchain_glm.errors import GLMServerError
from langchain_glm.wire.reply.embeddings import Embedded, join_embedded, read_embeddings

# The example of BigModel's reference has this form: the second index is 2.
REFERENCE = {
    "model": "embedding-3",
    "data": [
        {"embedding": [-0.0267, 0.0190, 0.0149], "index": 0, "object": "embedding"},
        {"embedding": [0.0367, 0.0090, 0.0249], "index": 2, "object": "embedding"},
    ],
    "object": "list",
    "usage": {"completion_tokens": 0, "prompt_tokens": 100, "total_tokens": 100},
}


def reply(*items: Any, **rest: Any) -> dict[str, Any]:
    return {"data": list(items), "object": "list", **rest}


def test_the_form_of_the_reference() -> None:
    assert read_embeddings(REFERENCE, 2) == Embedded(
        [[-0.0267, 0.0190, 0.0149], [0.0367, 0.0090, 0.0249]],
        {"completion_tokens": 0, "prompt_tokens": 100, "total_tokens": 100},
    )


@given(st.permutations(range(20)))
def test_the_index_decides_the_order(order: list[int]) -> None:
    sent = reply(*({"index": index, "embedding": [float(index), 1.0]} for index in order))
    assert [vector[0] for vector in read_embeddings(sent, 20).vectors] == list(range(20))


def test_without_an_index_the_order_is_kept() -> None:
    sent = reply({"embedding": [2.0]}, {"embedding": [1.0]})
    assert read_embeddings(sent, 2) == Embedded([[2.0], [1.0]], {})


@pytest.mark.parametrize(
    "sent",
    [
        reply({"index": 0, "embedding": [1.0]}),
        reply({"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": []}),
        reply({"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": None}),
        reply({"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": "AACAPw=="}),
        reply({"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [None]}),
        reply({"index": 0, "embedding": [1.0]}, "nonsense"),
        reply({"index": 0, "embedding": [1.0]}, {"index": 1}, {"index": 2}),
        {"data": {"embedding": [1.0]}},
        {},
    ],
)
def test_a_vector_that_is_missing_is_an_error_that_may_pass(sent: Any) -> None:
    with pytest.raises(GLMServerError, match=r"^the endpoint sent \d vectors for 2 texts") as caught:
        read_embeddings(sent, 2)
    assert caught.value.is_retryable


@pytest.mark.parametrize(
    ("lengths", "asked", "message"),
    [((2, 3), None, "vectors of length 2, 3"), ((3, 3), 2, "length 3 instead of 2"), ((2, 3), 2, "2, 3 instead of 2")],
)
def test_vectors_of_a_wrong_length_are_an_error_that_stays(
    lengths: tuple[int, ...], asked: int | None, message: str
) -> None:
    sent = reply(*({"index": index, "embedding": [1.0] * length} for index, length in enumerate(lengths)))
    with pytest.raises(GLMServerError, match=message) as caught:
        read_embeddings(sent, 2, asked)
    assert not caught.value.is_retryable


@pytest.mark.parametrize("other", [None, "0.8", [0.8]])
def test_a_reduced_vector_that_holds_something_else_is_an_error(other: Any) -> None:
    with pytest.raises(GLMServerError, match="values that are not numbers"):
        read_embeddings(reply({"index": 0, "embedding": [0.6, other]}), 1, 2)


@given(st.lists(st.floats(-10, 10), min_size=3, max_size=3))
def test_reduced_vectors_have_length_one(vector: list[float]) -> None:
    [read] = read_embeddings(reply({"index": 0, "embedding": vector}), 1, 3).vectors
    if math.hypot(*vector) < 1e-100:
        return
    assert math.hypot(*read) == pytest.approx(1, abs=1e-3)
    largest = max(range(3), key=lambda place: abs(vector[place]))
    assert all(
        number * vector[largest] == pytest.approx(read[largest] * sent, abs=1e-6)
        for number, sent in zip(read, vector, strict=True)
    )


def test_a_vector_that_has_length_one_stays_as_it_was_sent() -> None:
    vector = [0.6001, 0.8]
    assert read_embeddings(reply({"index": 0, "embedding": vector}), 1, 2).vectors == [vector]
    assert read_embeddings(reply({"index": 0, "embedding": [0.0, 0.0]}), 1, 2).vectors == [[0.0, 0.0]]


def test_vectors_of_the_models_own_length_stay_as_they_were_sent() -> None:
    assert read_embeddings(reply({"index": 0, "embedding": [3.0, 4.0]}), 1).vectors == [[3.0, 4.0]]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["index", "embedding", "data", "usage"]), inner),
)


@given(st.dictionaries(st.sampled_from(["data", "usage"]), JSON), st.integers(1, 3), st.none() | st.integers(1, 3))
def test_anything_else_is_a_typed_error(sent: Any, count: int, dimensions: int | None) -> None:
    try:
        embedded = read_embeddings(sent, count, dimensions)
    except GLMError:
        return
    assert len(embedded.vectors) == count


def test_joining_adds_the_usage() -> None:
    parts = [Embedded([[1.0]], {"total_tokens": 3}), Embedded([[2.0], [3.0]], {"total_tokens": 4})]
    assert join_embedded(parts) == Embedded([[1.0], [2.0], [3.0]], {"total_tokens": 7})
    assert join_embedded([]) == Embedded([], {})
