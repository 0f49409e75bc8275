"""`GLMEmbeddings` where people put it: vector stores, retrievers, caches, LangGraph's memory."""

from __future__ import annotations

import gc
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from langchain_classic.embeddings import CacheBackedEmbeddings
from langchain_core.documents import Document
from langchain_core.stores import InMemoryByteStore
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_qdrant import QdrantVectorStore
from langgraph.store.memory import InMemoryStore
from langgraph.store.sqlite import SqliteStore
from langgraph.store.sqlite.aio import AsyncSqliteStore

from langchain_glm import GLMEmbeddings
from langchain_glm.testing import GLMServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXTS = (
    "发票在每月月底通过邮件发送。",
    "退货时请打印标签并将包裹送到邮局。",
    "Our office in Berlin is open from nine to five.",
    "The battery lasts ten hours and charges in one.",
    *(f"Page {number} of an unrelated book." for number in range(80)),
)
QUESTIONS = {"什么时候能收到发票？": 0, "我想退货，包裹送到哪里？": 1, "How long does the battery last?": 3}


@pytest.fixture
def server() -> Iterator[GLMServer]:
    with GLMServer("bigmodel") as running:
        yield running


@pytest.fixture
def embeddings(server: GLMServer) -> GLMEmbeddings:
    return GLMEmbeddings(host="bigmodel", base_url=server.base_url, api_key=server.api_key, dimensions=256)


def sizes(server: GLMServer) -> list[int]:
    return sorted(len(request.body["input"]) for request in server.requests)


async def test_an_in_memory_vector_store(embeddings: GLMEmbeddings, server: GLMServer) -> None:
    documents = [Document(text, id=str(number)) for number, text in enumerate(TEXTS)]
    store = InMemoryVectorStore.from_documents(documents, embeddings)
    assert sizes(server) == [20, 64]
    for question, number in QUESTIONS.items():
        [found] = store.similarity_search(question, k=1)
        assert found.page_content == TEXTS[number]
        [(found, score)] = await store.asimilarity_search_with_score(question, k=1)
        assert found.page_content == TEXTS[number]
        assert 0 < score <= 1.0001
        assert (await store.as_retriever(search_kwargs={"k": 1}).ainvoke(question))[0].page_content == TEXTS[number]
    same = await InMemoryVectorStore.afrom_documents(documents, embeddings)
    assert same.similarity_search("退货", k=1)[0].page_content == TEXTS[1]


@pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")  # Qdrant's client leaves one; Python 3.13 tells
async def test_a_store_in_files(embeddings: GLMEmbeddings, server: GLMServer, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"path": str(tmp_path), "collection_name": "texts"}
    store = QdrantVectorStore.from_texts(list(TEXTS), embeddings, **settings)
    for question, number in QUESTIONS.items():
        assert (await store.asimilarity_search(question, k=1))[0].page_content == TEXTS[number]
    store.client.close()
    again = QdrantVectorStore.from_existing_collection(embedding=embeddings, **settings)
    [(found, score)] = again.similarity_search_with_score(TEXTS[3], k=1)
    assert found.page_content == TEXTS[3]
    assert score == pytest.approx(1, abs=1e-5)
    again.client.close()
    gc.collect()


async def test_a_cache(embeddings: GLMEmbeddings, server: GLMServer) -> None:
    """What was embedded once is not sent again, sync or async; a query is kept too if that is wanted."""
    cached = CacheBackedEmbeddings.from_bytes_store(
        embeddings, InMemoryByteStore(), namespace="embedding-3-256", query_embedding_cache=True, key_encoder="sha256"
    )
    texts = list(TEXTS)
    first = cached.embed_documents(texts)
    assert first == embeddings.embed_documents(texts)
    query = cached.embed_query("question")
    before = len(server.requests)
    assert cached.embed_documents(texts) == await cached.aembed_documents(texts) == first
    assert cached.embed_query("question") == await cached.aembed_query("question") == query
    assert len(server.requests) == before


# sqlite-vec is an extension of SQLite, which some builds of Python cannot load.
with_extensions = pytest.mark.skipif(
    not hasattr(sqlite3.Connection, "enable_load_extension"), reason="this Python loads no extensions of SQLite"
)


@pytest.mark.parametrize("kind", ["memory", pytest.param("sqlite", marks=with_extensions)])
def test_langgraphs_memory(kind: str, embeddings: GLMEmbeddings, tmp_path: Path) -> None:
    index: Any = {"dims": 256, "embed": embeddings, "fields": ["text"]}

    def check(store: Any) -> None:
        for number, text in enumerate(TEXTS[:10]):
            store.put(("facts",), str(number), {"text": text})
        for question, number in QUESTIONS.items():
            assert store.search(("facts",), query=question, limit=1)[0].key == str(number)

    if kind == "memory":
        check(InMemoryStore(index=index))
        return
    with SqliteStore.from_conn_string(str(tmp_path / "store.db"), index=index) as store:  # its index is sqlite-vec
        store.setup()
        check(store)


@with_extensions
async def test_langgraphs_memory_async(embeddings: GLMEmbeddings, tmp_path: Path) -> None:
    index: Any = {"dims": 256, "embed": embeddings, "fields": ["text"]}
    async with AsyncSqliteStore.from_conn_string(str(tmp_path / "store.db"), index=index) as store:
        await store.setup()
        for number, text in enumerate(TEXTS[:10]):
            await store.aput(("facts",), str(number), {"text": text})
        for question, number in QUESTIONS.items():
            assert (await store.asearch(("facts",), query=question, limit=1))[0].key == str(number)
