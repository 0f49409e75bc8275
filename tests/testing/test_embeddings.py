"""`/embeddings` on the test server: what BigModel accepts and refuses, and vectors that find similar texts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from openai import BadRequestError, OpenAI

from langchain_glm.testing import GLMServer
from tests.testing.asking import post

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/embeddings"


@pytest.fixture(scope="module")
def server() -> Iterator[GLMServer]:
    with GLMServer("bigmodel") as running:
        yield running


def vectors(server: GLMServer, *texts: str, **rest: Any) -> list[list[float]]:
    answer = post(server, {"model": "embedding-3", "input": list(texts), **rest}, path=PATH).json()
    assert [item["index"] for item in answer["data"]] == list(range(len(texts)))
    return [item["embedding"] for item in answer["data"]]


def test_an_answer_has_the_form_of_the_reference(server: GLMServer) -> None:
    answer = post(server, {"model": "embedding-3", "input": "hello", "dimensions": 4}, path=PATH).json()
    assert {key: value for key, value in answer.items() if key != "data"} == {
        "model": "embedding-3",
        "object": "list",
        "usage": {"completion_tokens": 0, "prompt_tokens": 2, "total_tokens": 2},
    }
    [item] = answer["data"]
    assert (item["index"], item["object"], len(item["embedding"])) == (0, "embedding", 4)


@pytest.mark.parametrize("dimensions", [1, 2, 16, 300, 1024, 2048])
@pytest.mark.parametrize("text", ["hello world", "你好，世界", "!?", " ", "🙂", "a" * 5000])
def test_every_vector_has_the_length_asked_for_and_norm_one(server: GLMServer, dimensions: int, text: str) -> None:
    [vector] = vectors(server, text, dimensions=dimensions)
    assert len(vector) == dimensions
    assert math.hypot(*vector) == pytest.approx(1)


def test_the_models_own_dimensions(server: GLMServer) -> None:
    assert len(vectors(server, "x")[0]) == 2048
    assert len(vectors(server, "x", dimensions=None)[0]) == 2048
    assert len(vectors(server, "x", model="embedding-2")[0]) == 1024
    assert len(vectors(server, "x", model="embedding-2", dimensions=256)[0]) == 1024


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"input": ["x"] * 65}, "input 数组不得超过 64 条"),
        ({"input": []}, "input"),
        ({"input": ""}, "input"),
        ({"input": ["a", ""]}, "input"),
        ({"input": None}, "input"),
        ({"input": 7}, "input"),
        ({"input": [1, 2, 3]}, "input"),  # token ids, which OpenAI's client sends
        ({"input": [[1, 2], [3]]}, "input"),
        ({"dimensions": 0}, "dimensions"),
        ({"dimensions": -1}, "dimensions"),
        ({"dimensions": 2049}, "dimensions"),
        ({"dimensions": "256"}, "dimensions"),
        ({"dimensions": True}, "dimensions"),
        ({"input": "word " * 3000}, "3072 tokens"),
        ({"input": "字" * 7000}, "3072 tokens"),
        ({"input": "word " * 500, "model": "embedding-2"}, "512 tokens"),
        ({"input": ["four " * 800] * 64}, "总长度"),  # 4,000 characters each
        ({"input": ["word " * 300] * 64, "model": "embedding-2"}, "总长度"),
    ],
)
def test_what_is_refused_with_1214(server: GLMServer, body: dict[str, Any], words: str) -> None:
    answer = post(server, {"model": "embedding-3", "input": "x", **body}, path=PATH)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "1214")
    assert words in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "body", [{"input": ["x"] * 64}, {"input": ["four " * 800] * 32}, {"input": "字" * 3500}, {"input": "x" * 12_000}]
)
def test_what_was_accepted_is_accepted(server: GLMServer, body: dict[str, Any]) -> None:
    assert post(server, {"model": "embedding-3", "dimensions": 2, **body}, path=PATH).status_code == 200


@pytest.mark.parametrize("model", ["embedding-4", "glm-4.7", None])
def test_an_unknown_model(server: GLMServer, model: Any) -> None:
    answer = post(server, {"model": model, "input": "x"}, path=PATH)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "1211")


@pytest.mark.parametrize("host", ["zai", "zai-coding", "bigmodel-coding"])
def test_other_hosts_of_the_companies_answer_1211(host: str) -> None:
    with GLMServer(host) as other:
        answer = post(other, {"model": "embedding-3", "input": "x"}, path=PATH)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "1211")


# Retrieval.

ENGLISH = (
    "Invoices are sent by e-mail at the end of each month.",
    "To return a product, print the label and take the parcel to the post office.",
    "Our office in Berlin is open from nine to five.",
    "The battery lasts ten hours and charges in one.",
)
CHINESE = (
    "发票在每月月底通过邮件发送。",
    "退货时请打印标签并将包裹送到邮局。",
    "柏林办公室的营业时间是九点到五点。",
    "电池可以使用十个小时。",
)


@pytest.mark.parametrize(
    ("documents", "question", "expected"),
    [
        (ENGLISH, "When do I get my invoice?", 0),
        (ENGLISH, "How can I return products?", 1),
        (ENGLISH, "What are the opening hours of the office?", 2),
        (ENGLISH, "How long does the battery last?", 3),
        (CHINESE, "什么时候能收到发票？", 0),
        (CHINESE, "我想退货，包裹送到哪里？", 1),
        (CHINESE, "柏林的办公室几点开门？", 2),
        (CHINESE, "电池能用多久？", 3),
    ],
)
@pytest.mark.parametrize("dimensions", [256, 2048])
def test_near_texts_have_near_vectors(
    server: GLMServer, documents: tuple[str, ...], question: str, expected: int, dimensions: int
) -> None:
    asked, *known = vectors(server, question, *documents, dimensions=dimensions)
    nearness = [sum(one * other for one, other in zip(asked, vector, strict=True)) for vector in known]
    assert nearness.index(max(nearness)) == expected


# A client that others wrote.


def test_openais_client(server: GLMServer) -> None:
    with OpenAI(base_url=server.base_url, api_key=server.api_key, max_retries=0) as client:
        answer = client.embeddings.create(model="embedding-3", input=["a", "b"], dimensions=8, encoding_format="float")
        assert [len(item.embedding) for item in answer.data] == [8, 8]
        assert client.embeddings.create(model="embedding-3", input="a", dimensions=8).data[0].embedding
        with pytest.raises(BadRequestError, match="64 条"):
            client.embeddings.create(model="embedding-3", input=["a"] * 65)
        with pytest.raises(BadRequestError, match="非空字符串"):
            client.embeddings.create(model="embedding-3", input=[[1, 2, 3]])
