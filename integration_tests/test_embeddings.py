"""LangChain's suite for embeddings against BigModel, and what only the real endpoint can answer.

ZHIPUAI_API_KEY=… python -m pytest integration_tests/test_embeddings.py
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import pytest
from langchain_tests.integration_tests import EmbeddingsIntegrationTests

from langchain_glm import HOSTS, GLMEmbeddings

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

pytestmark = pytest.mark.skipif(
    not HOSTS["bigmodel"].key_from(os.environ), reason=f"{HOSTS['bigmodel'].key_variable} is not set"
)


class TestEmbedding3(EmbeddingsIntegrationTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return GLMEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"model": "embedding-3"}


class TestEmbedding2(TestEmbedding3):
    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"model": "embedding-2"}


def test_more_texts_than_fit_in_a_request() -> None:
    texts = [f"Text number {number}" for number in range(130)]
    vectors, usage = GLMEmbeddings(dimensions=256).embed_documents_with_usage(texts)
    assert [len(vector) for vector in vectors] == [256] * 130
    assert vectors[129] == pytest.approx(GLMEmbeddings(dimensions=256).embed_query(texts[129]), abs=1e-2)
    assert usage["input_tokens"] > 130


@pytest.mark.parametrize("dimensions", [16, 256, 1024, None])
def test_vectors_have_length_one(dimensions: int | None) -> None:
    vector = GLMEmbeddings(dimensions=dimensions).embed_query("你好")
    assert math.hypot(*vector) == pytest.approx(1, abs=1e-3)


def test_a_text_that_is_too_long_is_cut() -> None:
    assert GLMEmbeddings(dimensions=256, truncate=True).embed_query("A sentence of six words. " * 2000)
