"""Replies of the reader, of OCR and of knowledge bases, in the documented form and in any other."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from langchain_core.documents import Document

from langchain_glm import GLMError
from langchain_glm.wire.reply.knowledge import is_reply, passages
from langchain_glm.wire.reply.ocr import element_documents, page_documents, read_reply, single_document
from langchain_glm.wire.reply.reader import page_document, read_result
from langchain_glm.wire.reply.usage import to_usage_metadata

VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def objects(*names: str) -> Any:
    """Objects that have some of the names, with values of any kind."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, VALUES))


ELEMENTS = VALUES | st.lists(objects("index", "label", "bbox_2d", "content", "native_label") | VALUES, max_size=3)


@given(objects("content", "title", "description", "links", "images", "publishedTime") | VALUES)
def test_any_result_of_the_reader(result: Any) -> None:
    try:
        document = page_document(read_result({"reader_result": result}), "https://docs.z.ai/")
    except GLMError:
        return
    assert isinstance(document, Document)
    assert document.metadata["source"] == "https://docs.z.ai/"


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "md_results": VALUES,
            "layout_details": VALUES | st.lists(ELEMENTS, max_size=3),
            "layout_visualization": VALUES,
            "data_info": VALUES | objects("num_pages"),
            "usage": VALUES | objects("prompt_tokens", "total_tokens", "prompt_tokens_details"),
        },
    ),
    st.none() | st.tuples(st.integers(1, 9), st.integers(1, 9)),
)
@example({"layout_details": [None, [None, 5, {"content": None}]]}, (3, 4))
def test_any_reply_of_ocr(reply: Any, pages: tuple[int, int] | None) -> None:
    try:
        read = read_reply(reply, pages)
    except GLMError:
        return
    found = list(page_documents(read.pages, {"source": "x"}))
    first = 0 if pages is None else pages[0] - 1
    assert [document.metadata["page"] for document in found] == list(range(first, first + len(read.pages)))
    assert all(document.page_content for document in element_documents(read.pages, {}))
    assert single_document(read.pages, {"source": "x"}).metadata == {"source": "x"}
    assert read.total is None or isinstance(read.total, int)
    assert to_usage_metadata(read.usage)["total_tokens"] >= 0 or read.usage


@given(objects("data", "code", "message") | st.fixed_dictionaries({"data": st.lists(objects("id", "text", "score", "metadata", "medias"), max_size=3)}))  # fmt: skip  # noqa: E501
def test_any_reply_of_a_knowledge_base(reply: Any) -> None:
    assert is_reply(reply) == (reply.get("code") in (200, "200"))
    for document in passages(reply):
        assert isinstance(document.page_content, str)
        assert None not in [document.metadata.get(name, 0) for name in ("source", "score", "medias")]
