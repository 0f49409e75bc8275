"""`GLMOCRParser` and `GLMOCRLoader`: the text of PDFs and images, with its place on the page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

from langchain_core.document_loaders import BaseBlobParser, BaseLoader, Blob
from langchain_core.messages.ai import UsageMetadata
from pydantic import BeforeValidator, Field, PositiveInt

from langchain_glm.connection import Connection
from langchain_glm.errors import GLMError
from langchain_glm.transport import client
from langchain_glm.wire.reply.ocr import element_documents, page_documents, read_reply, single_document
from langchain_glm.wire.reply.usage import to_usage_metadata
from langchain_glm.wire.request.ocr import OCRFile, Span, ocr_payload, read_file
from langchain_glm.wire.request.reader import check_page_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from langchain_core.documents import Document

    from langchain_glm.wire.reply.ocr import OCRPage, OCRReply

    File = str | PurePath | bytes | Blob

__all__ = ["GLMOCRLoader", "GLMOCRParser"]

_OPTIONS: Final = ("return_crop_images", "need_layout_visualization")


def _check_pages(value: Any) -> Any:
    if value is None:
        return None
    numbers = isinstance(value, list | tuple) and all(type(number) is int for number in value)
    if not numbers or len(value) != 2 or not 1 <= value[0] <= value[1]:
        raise ValueError("pages: give the first and the last page, counted from 1, such as (1, 30).")
    return value


class _OCR(Connection):
    """The settings of `POST {base_url}/layout_parsing`, and the requests for one file."""

    _path: ClassVar[str] = "/layout_parsing"

    model: str = Field(default="glm-ocr", description="The id of the model.")
    mode: Literal["page", "single", "element"] = Field(
        default="page",
        description='What each document holds: a "page" (the default), the whole file ("single"), or one '
        '"element" of a page (a text, table, formula or image), with its `label` and `bbox` in '
        "the metadata.",
    )
    pages: Annotated[tuple[int, int] | None, BeforeValidator(_check_pages)] = Field(
        default=None, description="The first and the last page to read, counted from 1. Default: all of them."
    )
    pages_per_request: PositiveInt | None = Field(
        default=None,
        description="The most pages that a request asks for; longer documents take several requests. Default: the "
        "host's limit, 30 on Z.ai and 100 on BigModel.",
    )
    return_crop_images: bool | None = Field(
        default=None,
        description="Whether images on a page get a URL, which is valid for about a day. Default: no.",
    )
    need_layout_visualization: bool | None = Field(
        default=None,
        description="Whether each page gets the URL of a picture that shows its elements, as `layout_visualization` "
        "in the metadata of pages. Default: no.",
    )
    on_usage: Callable[[UsageMetadata], Any] | None = Field(
        default=None,
        exclude=True,
        repr=False,
        description="A function that is called with the tokens of each request. Default: none.",
    )

    _shared_fields: ClassVar[tuple[str, ...]] = (*Connection._shared_fields, "on_usage")  # noqa: SLF001 - of the base

    def _parse(self, blob: Blob) -> Iterator[Document]:
        file, metadata = self._open(blob)
        all_pages: list[OCRPage] = []
        span: Span | None = Span.of(file, self.pages, _name(blob))
        while span is not None:
            reply = client.send(self._endpoint(), **self._request(file, span))
            span = self._next(span, reply, metadata)
            if self.mode == "single":
                all_pages += reply.pages
            else:
                yield from self._documents(reply.pages, metadata)
        if self.mode == "single":
            yield single_document(all_pages, metadata)

    async def _aparse(self, blob: Blob) -> AsyncIterator[Document]:
        file, metadata = await asyncio.to_thread(self._open, blob)
        all_pages: list[OCRPage] = []
        span: Span | None = Span.of(file, self.pages, _name(blob))
        while span is not None:
            reply = await client.asend(self._endpoint(), **self._request(file, span))
            span = self._next(span, reply, metadata)
            if self.mode == "single":
                all_pages += reply.pages
            else:
                for document in self._documents(reply.pages, metadata):
                    yield document
        if self.mode == "single":
            yield single_document(all_pages, metadata)

    def _open(self, blob: Blob) -> tuple[OCRFile, dict[str, Any]]:
        """Return the file as it is sent, and the metadata of its documents."""
        found = {"source": blob.source} if blob.source else {}
        if (url := _url(blob)) is not None:
            return OCRFile(check_page_url(url, "file"), None), {**blob.metadata, **found}
        file = read_file(blob.as_bytes(), _name(blob))
        total = {} if file.pages is None else {"total_pages": file.pages}
        return file, {**blob.metadata, **found, **total}

    def _request(self, file: OCRFile, span: Span) -> dict[str, Any]:
        """Return the arguments of `client.send` for the next pages."""
        pages = span.range(self.endpoint_host.ocr_pages if self.pages_per_request is None else self.pages_per_request)
        options = {name: getattr(self, name) for name in _OPTIONS}
        return {
            "payload": ocr_payload(self.model, file, pages, options),
            "read": partial(read_reply, pages=pages),
            "path": self._path,
            "reply_fields": ("layout_details", "md_results"),
        }

    def _next(self, span: Span, reply: OCRReply, metadata: dict[str, Any]) -> Span | None:
        """Note what the reply says about the document; return the pages that are left."""
        if self.on_usage is not None:
            self.on_usage(to_usage_metadata(reply.usage))
        if reply.total is not None:
            metadata.setdefault("total_pages", reply.total)
        return span.after(len(reply.pages), reply.total)

    def _documents(self, pages: Sequence[OCRPage], metadata: dict[str, Any]) -> Iterator[Document]:
        return (element_documents if self.mode == "element" else page_documents)(pages, metadata)


def _url(blob: Blob) -> str | None:
    """Return the URL of a blob that has no data, if its path is one."""
    path = str(blob.path)
    return path if blob.data is None and path.lower().startswith(("http://", "https://")) else None


def _name(blob: Blob) -> str:
    return blob.source or "file"


class GLMOCRParser(_OCR, BaseBlobParser):
    """Reads PDFs, JPGs and PNGs with GLM-OCR: Markdown, and the place of each element on its page.

    Give it a `Blob` with a path, with bytes, or with the URL of a file as its path, which the endpoint then fetches
    itself. It works wherever LangChain accepts a blob parser, such as in `GenericLoader`. Z.ai and BigModel serve it;
    the coding plans do not.

    - A PDF may have up to 50 MB, an image up to 10 MB. If a document has more pages than one request may ask for, it is
      read in several requests, one after the other; each of them sends the whole file.
    - The pages of a file that is given as a path or as bytes are counted beforehand; those of a document at a URL
      cannot be. If it has too many pages for one request, give the `pages` to read.
    - Z.ai bills $0.03 for a million tokens (2026-06). Nine pages were about 44,000 tokens and took 40 s. `on_usage`
      gets the tokens of each request.

    The settings of the OCR are described here, field by field; those of the connection (host, key, time limits,
    retries, concurrency) are inherited from `Connection`.

    Returns:
        From `parse` and `lazy_parse`, documents. Their metadata contain the blob's own metadata, and

        - `source`: the path or URL, if the blob has one,
        - `total_pages`: how many pages the document has, if that is known,
        - `page` and `page_label` (not in the mode "single"): the page, counted as LangChain's PDF loaders count: `page`
          is a number from 0, `page_label` a text from "1",
        - `label`, `native_label`, `bbox` and `index` (only in the mode "element"): `label` is `text`, `table`,
          `formula` or `image`; `bbox` is left, top, right and bottom, each from 0 to 1 of the page's width or height.
          Elements without content, such as images without `return_crop_images`, are left out.

    Raises:
        GLMValueError: for a file of another kind or size, for `pages` that the document does not have, or if the host
            does not serve `/layout_parsing`.
        GLMAuthenticationError: if there is no key for the host.
        GLMError: for the failures of the endpoint.

    Example:
        ```python
        parser = GLMOCRParser(host="zai", mode="element")
        for element in parser.lazy_parse(Blob.from_path("report.pdf")):
            print(element.metadata["page"], element.metadata["bbox"], element.page_content)
        ```

    Source: the guides and API descriptions of both hosts, 2026-06 to 2026-10.
    """

    def lazy_parse(self, blob: Blob) -> Iterator[Document]:
        """Yield the documents of a file; pages are read when they are asked for."""
        return self._parse(blob)

    def alazy_parse(self, blob: Blob) -> AsyncIterator[Document]:
        """Yield the documents of a file. The async version of `lazy_parse`."""
        return self._aparse(blob)


def _check_files(value: Any) -> Any:
    files = [value] if isinstance(value, str | PurePath | bytes | Blob) else value
    if not isinstance(files, list | tuple):
        raise ValueError("files: give a path, a URL, bytes or a Blob, or a list of them.")
    return [_blob(file, f"files[{index}]") for index, file in enumerate(files)]


def _blob(file: Any, where: str) -> Blob:
    if isinstance(file, Blob):
        return file
    if isinstance(file, bytes):
        return Blob.from_data(file)
    if not isinstance(file, str | PurePath) or not str(file):
        raise ValueError(f"{where}: give a path, a URL, bytes or a Blob.")
    return Blob.from_path(file)


class GLMOCRLoader(_OCR, BaseLoader):
    """Loads PDFs, JPGs and PNGs with GLM-OCR. See `GLMOCRParser` for settings, documents and errors.

    Args:
        files: a path, a URL, bytes or a `Blob`, or a list of them.
        settings: the fields, as keywords.

    Raises:
        GLMValueError: if `files` is something else.
        OSError: from the methods that load, if a file cannot be read.
        GLMError: from the methods that load, as for `GLMOCRParser`. A note names the file's index.

    Example:
        ```python
        pages = GLMOCRLoader(["report.pdf", "https://example.com/scan.png"], host="zai").load()
        print(pages[0].metadata["source"], pages[0].metadata["page"], pages[0].page_content)
        ```
    """

    files: Annotated[list[Blob], BeforeValidator(_check_files)] = Field(description="The files.")

    def __init__(self, files: File | Sequence[File], **settings: Any) -> None:
        super().__init__(files=files, **settings)  # type: ignore[call-arg]  # type checkers see only Connection's fields

    def lazy_load(self) -> Iterator[Document]:
        """Yield the documents of all files in their order; a file is read when its first document is asked for."""
        for index, blob in enumerate(self.files):
            with _noted(index, blob):
                yield from self._parse(blob)

    async def alazy_load(self) -> AsyncIterator[Document]:
        """Yield the documents of all files in their order. The async version of `lazy_load`."""
        for index, blob in enumerate(self.files):
            with _noted(index, blob):
                async for document in self._aparse(blob):
                    yield document


@contextmanager
def _noted(index: int, blob: Blob) -> Iterator[None]:
    """Add to an error which file it is about."""
    try:
        yield
    except (GLMError, OSError) as error:
        error.add_note(f"files[{index}]: {_name(blob)}")
        raise
