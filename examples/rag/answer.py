"""Answers from PDFs and web pages, each statement with the page and the box that it comes from.

    OCR and reader → passages → embeddings → a vector store in a folder → rerank → an agent that cites

It runs on BigModel if `ZHIPUAI_API_KEY` is set. Without a key, it runs on the GLM server that the package contains for
tests, with three small documents of its own.

    python examples/rag/answer.py [--folder PDFs] [--url URL …] [--question "…"] [--database DIR]
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import uuid
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from documents import PAGE_URL, QUESTION, WEB, write_pdfs
from langchain.agents import create_agent
from langchain_core.documents import Document
from langchain_core.tools import tool
from langchain_qdrant import QdrantVectorStore
from qdrant_client import QdrantClient
from qdrant_client.models import Distance, VectorParams

from langchain_glm import HOSTS, ChatGLM, GLMEmbeddings, GLMError, GLMOCRLoader, GLMRerank, GLMWebLoader

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_DIMENSIONS: Final = 512
_CANDIDATES: Final = 20
"""How many passages the vector store finds; the reranker keeps the best of them."""
_COLLECTION: Final = "passages"
_PROMPT: Final = (
    "Call search_documents before you answer, and answer only from the passages that it finds. After each statement, "
    "give the number of its passage in brackets, such as [1]. If the passages do not hold the answer, say so."
)


def read_documents(pdfs: Sequence[Path], urls: Sequence[str], settings: dict[str, Any]) -> list[Document]:
    """Return the passages of PDFs and web pages: each element of a PDF page, each section of a web page."""
    passages = GLMOCRLoader(pdfs, mode="element", **settings).load() if pdfs else []
    for page in GLMWebLoader(urls, **settings).lazy_load() if urls else ():
        sections = re.split(r"\n(?=#)", page.page_content)
        passages += [Document(section.strip(), metadata=page.metadata) for section in sections if section.strip()]
    return _with_headings(passages)


def _with_headings(passages: Iterable[Document]) -> list[Document]:
    """Put each heading before the text that follows it, because together they are found more reliably."""
    joined: list[Document] = []
    heading: Document | None = None
    for passage in passages:
        if passage.page_content.startswith("#") and "\n" not in passage.page_content:
            heading = passage
            continue
        if heading is not None and _page(heading) == _page(passage):
            passage = passage.model_copy(update={"page_content": f"{heading.page_content}\n{passage.page_content}"})
        joined.append(passage)
    return joined


def _page(passage: Document) -> tuple[Any, Any]:
    return passage.metadata.get("source"), passage.metadata.get("page")


def open_store(database: str, embeddings: GLMEmbeddings) -> QdrantVectorStore:
    """Open a vector store, which Qdrant's client keeps in a folder or in memory; no server is needed."""
    client = QdrantClient(":memory:") if database == ":memory:" else QdrantClient(path=database)
    if not client.collection_exists(_COLLECTION):
        client.create_collection(_COLLECTION, VectorParams(size=_DIMENSIONS, distance=Distance.COSINE))
    return QdrantVectorStore(client, _COLLECTION, embedding=embeddings)


def fill_store(store: QdrantVectorStore, passages: Sequence[Document]) -> None:
    """Add the passages; those that already exist are replaced."""
    store.add_documents(list(passages), ids=[_id(passage) for passage in passages])


def _id(passage: Document) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{_page(passage)}{passage.page_content}"))


def make_search(store: QdrantVectorStore, reranker: GLMRerank) -> tuple[Any, dict[int, Document]]:
    """Make the agent's tool: it returns the passages that the store finds, the best first.

    Returns:
        The tool, and the passages that it has found, by number. A second search continues the numbers of the first.
    """
    found: dict[int, Document] = {}
    numbers = count(1)

    @tool
    def search_documents(query: str) -> str:
        """Search the documents for passages about a question."""
        best = reranker.compress_documents(store.similarity_search(query, k=_CANDIDATES), query)
        numbered = {next(numbers): passage for passage in best}
        found.update(numbered)
        texts = (f"[{number}] {passage.page_content}" for number, passage in numbered.items())
        return "\n\n".join(texts) or "No passage was found."

    return search_documents, found


def place_of(passage: Document) -> str:
    """Return where a passage stands: the file, the page and the box on it, or the URL."""
    metadata = passage.metadata
    if "bbox" not in metadata:
        return str(metadata["source"])
    left, top, right, bottom = (round(100 * edge) for edge in metadata["bbox"])
    page = f"{Path(metadata['source']).name}, page {metadata['page'] + 1}"
    return f"{page}, {left} to {right} % from the left and {top} to {bottom} % from the top"


def answer(question: str, store: QdrantVectorStore, settings: dict[str, Any], model: str) -> None:
    """Let an agent answer the question; print the answer and the places that it cites."""
    search, found = make_search(store, GLMRerank(top_n=4, **settings))
    agent: Any = create_agent(ChatGLM(model=model, **settings), [search], system_prompt=_PROMPT)
    messages = agent.invoke({"messages": [("user", question)]})["messages"]
    print(f"\n{question}\n\n{messages[-1].text}\n\nSources")
    cited = {int(number) for number in re.findall(r"\[(\d+)\]", messages[-1].text)}
    for number in sorted(cited & found.keys()):
        passage = found[number]
        print(f"  [{number}] {place_of(passage)} (relevance {passage.metadata['relevance_score']:.2f})")


def main() -> int:
    """Read the documents, fill the store, answer the question."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="a folder of PDFs (default: two PDFs that the example makes)")
    parser.add_argument("--url", action="append", default=[], help="a web page; may be given several times")
    parser.add_argument("--question", default=QUESTION)
    parser.add_argument("--database", default=":memory:", help="the folder of the vectors (default: in memory)")
    parser.add_argument("--model", default="glm-5.2", help="the chat model (default: glm-5.2)")
    options = parser.parse_args()
    if options.folder and not options.folder.is_dir():
        parser.error(f"--folder: {options.folder} is not a folder.")
    with ExitStack() as stack:
        settings: dict[str, Any] = {"host": "bigmodel"}
        if HOSTS["bigmodel"].key_from() is None:
            from langchain_glm.testing import GLMServer

            print(
                "ZHIPUAI_API_KEY is not set, so this runs on the embedded GLM server, which reads, compares and "
                "answers by rules and not by models."
            )
            server = stack.enter_context(GLMServer("bigmodel", web=WEB))
            settings |= {"base_url": server.base_url, "api_key": server.api_key}
            options.url = options.url or [PAGE_URL]
        folder = options.folder
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            write_pdfs(folder)
        try:
            pdfs = sorted(folder.glob("*.pdf"))
            passages = read_documents(pdfs, options.url, settings)
            print(f"PDFs: {len(pdfs)}, web pages: {len(options.url)}, passages: {len(passages)}")
            store = open_store(options.database, GLMEmbeddings(dimensions=_DIMENSIONS, **settings))
            stack.callback(store.client.close)
            fill_store(store, passages)
            answer(options.question, store, settings, options.model)
        except (GLMError, ValueError) as error:
            print(f"\n{error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
