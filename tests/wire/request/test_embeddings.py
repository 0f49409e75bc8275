"""Texts become batches: each once, in order, none above a limit."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_glm import GLMValueError
from langchain_glm.catalog.embedding_models import MAX_TEXTS, EmbeddingModel, find_embedding_model
from langchain_glm.tokens import estimate_text
from langchain_glm.wire.request.embeddings import Batch, batches, build_payload, smaller_batches

EMBEDDING_3 = find_embedding_model("embedding-3")
FREE = EmbeddingModel()

TEXTS = st.lists(st.text(min_size=1, max_size=50), max_size=150)


@given(TEXTS, st.integers(1, 70), st.integers(1, 500))
def test_every_text_is_sent_once_in_order_and_within_the_limits(texts: list[str], size: int, most: int) -> None:
    model = replace(FREE, batch_tokens=most)
    made = list(batches(iter(texts), model, size))
    assert [text for batch in made for text in batch.texts] == texts
    start = 0
    for batch in made:
        assert batch.start == start
        assert 1 <= len(batch.texts) <= size
        assert len(batch.texts) == 1 or sum(map(estimate_text, batch.texts)) <= most
        start += len(batch.texts)


@given(TEXTS, st.integers(1, 70), st.integers(1, 500))
def test_a_batch_ends_only_where_the_next_text_does_not_fit(texts: list[str], size: int, most: int) -> None:
    model = replace(FREE, batch_tokens=most)
    made = list(batches(texts, model, size))
    for batch, following in itertools.pairwise(made):
        tokens = sum(map(estimate_text, [*batch.texts, following.texts[0]]))
        assert len(batch.texts) == size or tokens > most


@given(st.lists(st.builds(str.__mul__, st.text(min_size=1, max_size=9), st.integers(1, 4000)), max_size=4))
def test_cut_texts_are_beginnings_within_the_lowest_limit(texts: list[str]) -> None:
    made = [text for batch in batches(texts, EMBEDDING_3, MAX_TEXTS, truncate=True) for text in batch.texts]
    for text, sent in zip(texts, made, strict=True):
        assert sent
        assert text.startswith(sent)
        assert sent == text or (estimate_text(text) > 3072 and estimate_text(sent) <= 2048)


@given(st.integers(0, 1000), st.lists(st.text(min_size=1, max_size=5), min_size=2, max_size=64))
def test_halves_are_the_batch(start: int, texts: list[str]) -> None:
    first, second = smaller_batches(Batch(start, texts), EMBEDDING_3)
    assert first.texts + second.texts == texts
    assert (first.start, second.start) == (start, start + len(first.texts))
    assert first.texts
    assert second.texts


def test_a_text_alone_can_only_be_cut() -> None:
    alone = Batch(7, ["word " * 4000])
    assert smaller_batches(alone, EMBEDDING_3) == []
    [cut] = smaller_batches(alone, EMBEDDING_3, truncate=True)
    assert cut.start == 7
    assert alone.texts[0].startswith(cut.texts[0])
    lengths = [len(cut.texts[0])]
    while smaller := smaller_batches(cut, EMBEDDING_3, truncate=True):  # the estimate may be far off
        [cut] = smaller
        lengths.append(len(cut.texts[0]))
    assert lengths == [8920, 4460, 2230, 2048]
    assert smaller_batches(Batch(0, ["short"]), EMBEDDING_3, truncate=True) == []
    assert smaller_batches(alone, FREE, truncate=True) == []


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["a", ""], r"^texts\[1\] is empty; leave it out"),
        (["a", "b", None], r"^texts\[2\]: give a string, not NoneType\.$"),
        ([["a"]], r"^texts\[0\]: give a string, not list\.$"),
        ("abc", r"^texts: give a list of strings, not one string\.$"),
        (None, r"^texts: give a list of strings, not NoneType\.$"),
        (5, r"^texts: give a list of strings, not int\.$"),
        (["a", "word " * 6000], r"^texts\[1\] has about [\d,]+ tokens, more than the 3,072 .* truncate=True"),
        (["a", "字" * 8000], r"^texts\[1\] has about 4,800 tokens"),
    ],
)
def test_what_cannot_be_sent_is_named_by_its_index(texts: Any, message: str) -> None:
    with pytest.raises(GLMValueError, match=message):
        list(batches(texts, EMBEDDING_3, MAX_TEXTS))


def test_the_index_counts_all_texts() -> None:
    with pytest.raises(GLMValueError, match=r"^texts\[1000\] is empty"):
        list(batches([*["a"] * 1000, ""], EMBEDDING_3, MAX_TEXTS))


def test_a_text_that_may_be_short_enough_is_sent() -> None:
    """The documents disagree, and the count is an estimate: the endpoint decides."""
    text = "word " * 3800
    assert 3072 < estimate_text(text) < 3072 * 1.25
    assert list(batches([text], EMBEDDING_3, MAX_TEXTS)) == [Batch(0, [text])]


def test_an_unknown_model_has_no_limit_for_a_text() -> None:
    text = "word " * 50_000
    assert [batch.texts for batch in batches(["a", text, "b"], FREE, MAX_TEXTS)] == [["a"], [text], ["b"]]


def test_the_body() -> None:
    assert build_payload("embedding-3", ["a"], 256) == {"model": "embedding-3", "input": ["a"], "dimensions": 256}
    assert build_payload("embedding-2", ["a"], None) == {"model": "embedding-2", "input": ["a"]}


@pytest.mark.parametrize("model", ["embedding-3", "Embedding-3", "zhipu/embedding-3"])
def test_a_gateways_name_of_a_model_is_known(model: str) -> None:
    assert find_embedding_model(model) is EMBEDDING_3
