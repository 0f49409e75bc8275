"""Build the requests to GLM-OCR: the file, and the pages to ask for."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.errors import GLMValueError
from langchain_glm.wire.request.pdf_pages import count_pages

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OCRFile", "Span", "ocr_payload", "read_file"]

_MB: Final = 1024 * 1024
_PDF: Final = "application/pdf"
# The limits are those of docs.bigmodel.cn, of Z.ai's API description and of the official SDK, 2026-06 to 2026-10.
_LARGEST: Final = {_PDF: 50, "image/png": 10, "image/jpeg": 10}
_SMALLER: Final = {_PDF: "Split the PDF, or save its images with a lower resolution"}


@dataclass(frozen=True, slots=True)
class OCRFile:
    """A file as it is sent.

    Args:
        content: its URL, or the file itself as a data URI.
        pages: how many pages it has; `None` if that is not known.
    """

    content: str
    pages: int | None


def read_file(data: bytes, where: str) -> OCRFile:
    """Check a file and encode it.

    Args:
        data: a PDF of up to 50 MB, or a JPG or PNG of up to 10 MB.
        where: how messages name it.

    Raises:
        GLMValueError: if it is another kind of file, or too large.
    """
    kind = _kind(data)
    if kind is None:
        raise GLMValueError(f"{where}: this is not a PDF, JPG or PNG, which are all that GLM-OCR reads; convert it.")
    if len(data) > _LARGEST[kind] * _MB:
        way_out = _SMALLER.get(kind, "Save it with a lower resolution")
        raise GLMValueError(
            f"{where}: the file has {len(data) / _MB:.1f} MB, and GLM-OCR reads up to {_LARGEST[kind]} MB of "
            f"{kind}. {way_out}."
        )
    return OCRFile(f"data:{kind};base64,{b64encode(data).decode()}", count_pages(data) if kind == _PDF else 1)


def _kind(data: bytes) -> str | None:
    if b"%PDF-" in data[:1024]:  # readers accept other bytes before the header
        return _PDF
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "image/jpeg" if data.startswith(b"\xff\xd8\xff") else None


@dataclass(frozen=True, slots=True)
class Span:
    """The pages that are still to be read, counted from 1.

    Args:
        first: the first of them.
        last: the last of them; `None` is the last of the document.
        whole: whether they are the whole document.
    """

    first: int
    last: int | None
    whole: bool

    @classmethod
    def of(cls, file: OCRFile, pages: tuple[int, int] | None, where: str) -> Span:
        """Return the pages of a file that a user asks for.

        Args:
            file: the file.
            pages: the first and the last page, counted from 1; `None` is all of them.
            where: how the message names the file.

        Raises:
            GLMValueError: if the document is known to end before the first of them.
        """
        if pages is None:
            return cls(1, file.pages, whole=True)
        first, last = pages
        if file.pages is not None and first > file.pages:
            raise GLMValueError(f"pages={pages}: {where} has only {file.pages} pages.")
        return cls(first, last if file.pages is None else min(last, file.pages), whole=False)

    def range(self, limit: int) -> tuple[int, int] | None:
        """Return the pages to ask for next; `None` asks for the document without a range."""
        if self.last is None or (self.whole and self.last <= limit):
            return None
        return self.first, min(self.last, self.first + limit - 1)

    def after(self, count: int, total: int | None) -> Span | None:
        """Return the range that is left after some pages were read; `None` if nothing is left.

        Args:
            count: how many pages were read.
            total: how many pages the document has, as far as the reply says; used if it was not known before.
        """
        first = self.first + count
        last = self.last if self.last is not None else total
        return None if last is None or first > last else Span(first, last, whole=False)


def ocr_payload(
    model: str, file: OCRFile, pages: tuple[int, int] | None, options: Mapping[str, bool | None]
) -> dict[str, Any]:
    """Return the body of a request to `/layout_parsing`.

    Args:
        model: the id of the model.
        file: the file.
        pages: the first and the last page, counted from 1; `None` is all of them.
        options: the endpoint's other fields; those that are `None` are left out.
    """
    payload: dict[str, Any] = {"model": model, "file": file.content}
    if pages is not None:
        payload["start_page_id"], payload["end_page_id"] = pages
    return payload | {name: value for name, value in options.items() if value is not None}
