"""Read a reply of GLM-OCR into pages, and pages into documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from langchain_core.documents import Document

from langchain_glm.errors import GLMServerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["OCRPage", "OCRReply", "element_documents", "page_documents", "read_reply", "single_document"]

_ELEMENT_FIELDS: Final = {"label": "label", "native_label": "native_label", "bbox_2d": "bbox", "index": "index"}


@dataclass(frozen=True, slots=True)
class OCRPage:
    """A page.

    Args:
        number: its number in the document, from 0.
        text: its content as Markdown.
        elements: its parts, as the endpoint sent them.
        image: the URL of a picture of the page with the parts drawn in, if that was asked for.
    """

    number: int
    text: str
    elements: Sequence[Mapping[str, Any]]
    image: str | None = None


@dataclass(frozen=True, slots=True)
class OCRReply:
    """A reply.

    Args:
        pages: the pages that were asked for.
        total: how many pages the document has, as far as the reply says.
        usage: the tokens, in the endpoint's names.
    """

    pages: Sequence[OCRPage]
    total: int | None
    usage: Mapping[str, Any]


def read_reply(reply: Mapping[str, Any], pages: tuple[int, int] | None) -> OCRReply:
    """Read a reply.

    Args:
        reply: its JSON: `layout_details` with one list for each page, `md_results`, `data_info`, `usage`.
        pages: the pages that were asked for, counted from 1; `None` if the whole document was.

    Raises:
        GLMServerError: if it has no page.
    """
    text = _text(reply.get("md_results"))
    details = _list(reply.get("layout_details")) or ([[]] if text else [])
    if not details:
        raise GLMServerError("the reply has no page", request_id=reply.get("request_id"))
    parts = [[element for element in _list(elements) if isinstance(element, dict)] for elements in details]
    images = _list(reply.get("layout_visualization"))
    first = 0 if pages is None else pages[0] - 1
    read = [
        OCRPage(
            first + position,
            text if len(parts) == 1 and text else "\n\n".join(filter(None, map(_markdown, elements))),
            elements,
            images[position] if len(images) == len(parts) else None,
        )
        for position, elements in enumerate(parts)
    ]
    count = _dict(reply.get("data_info")).get("num_pages")
    return OCRReply(read, count if pages is None and type(count) is int else None, _dict(reply.get("usage")))


def _markdown(element: Mapping[str, Any]) -> str:
    content = _text(element.get("content"))
    return f"![]({content})" if element.get("label") == "image" and content.startswith("http") else content


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def page_documents(pages: Iterable[OCRPage], metadata: Mapping[str, Any]) -> Iterator[Document]:
    """Return one document for each page."""
    for page in pages:
        found = {"layout_visualization": page.image} if page.image else {}
        yield Document(page_content=page.text, metadata={**metadata, **_place(page), **found})


def element_documents(pages: Iterable[OCRPage], metadata: Mapping[str, Any]) -> Iterator[Document]:
    """Return one document for each element of the pages that has content."""
    for page in pages:
        for element in page.elements:
            if content := _text(element.get("content")):
                found = {ours: element[theirs] for theirs, ours in _ELEMENT_FIELDS.items() if theirs in element}
                yield Document(page_content=content, metadata={**metadata, **_place(page), **found})


def single_document(pages: Iterable[OCRPage], metadata: Mapping[str, Any]) -> Document:
    """Return all pages as one document."""
    return Document(page_content="\n\n".join(page.text for page in pages if page.text), metadata=dict(metadata))


def _place(page: OCRPage) -> dict[str, Any]:
    """Return the page as LangChain's PDF loaders name it: `page` from 0, and `page_label` as people count."""
    return {"page": page.number, "page_label": str(page.number + 1)}
