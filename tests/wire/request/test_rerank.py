"""The requests of a reranking."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from langchain_glm.wire.request.rerank import batches


@given(st.lists(st.sampled_from(["a", "b" * 5000, "", " \n"]), max_size=400))
def test_every_text_is_in_one_request(documents: list[str]) -> None:
    requests = batches("rerank", "query", documents)
    places = [place for request in requests for place in request.places]
    assert places == [place for place, text in enumerate(documents) if text.strip()]
    for request in requests:
        assert 1 <= len(request.places) <= 128
        assert request.payload == {
            "model": "rerank",
            "query": "query",
            "documents": [documents[place][:4096] for place in request.places],
        }
    assert all(len(request.places) == 128 for request in requests[:-1])
