"""`POST /layout_parsing`: the text of PDFs and images, with its place on the page.

Sources: the guide on docs.bigmodel.cn, Z.ai's API description, the official SDK 0.2.3 and a report of a reply, 2026-06
to 2026-10. These are assumptions, because no recording shows them:

- refusals have the code 1214: for another kind of file, for a file that is too large or cannot be fetched, for more
  pages than the host reads in one request, and for a range that begins after the last page; a range that ends after the
  last page is cut,
- `num_pages` counts the pages of the document, and `pages` describes those that were asked for,
- a page has about 4,500 tokens of prompt, because nine pages had 44,000 tokens.
"""

from __future__ import annotations

import time
from base64 import b64decode
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.testing.endpoints.reader import fetched
from langchain_glm.testing.pdf import PDFPage, PDFText, read_pdf
from langchain_glm.testing.refusals import Problem, json_answer, not_found, refuse
from langchain_glm.testing.tokens import tokens
from langchain_glm.testing.turn import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.testing.library import Library
    from langchain_glm.testing.steps import Answer

__all__ = ["layout_parsing"]

_PATH: Final = "/layout_parsing"
_MB: Final = 1024 * 1024
_PROMPT_OF_A_PAGE: Final = 4500
_FLAGS: Final = ("return_crop_images", "need_layout_visualization")


def layout_parsing(body: Mapping[str, Any], host: Host, library: Library) -> Answer:
    """Answer `POST /layout_parsing` with one list of elements for each page that was asked for."""
    if not host.may_serve(_PATH):
        return not_found(_PATH, host)
    if str(body.get("model")).lower() != "glm-ocr":
        return refuse(Problem("1211", str(body.get("model"))), host)
    data = _file(body.get("file"), library) or b""
    pages = _pages(data)
    if not pages:
        return refuse(Problem("1214", "file"), host)
    if wrong := next((flag for flag in _FLAGS if not isinstance(body.get(flag, False), bool)), None):
        return refuse(Problem("1214", wrong), host)
    first, last = body.get("start_page_id", 1), body.get("end_page_id", len(pages))
    if type(first) is not int or type(last) is not int or not 1 <= first <= min(last, len(pages)):
        return refuse(Problem("1214", "start_page_id, end_page_id"), host)
    asked = pages[first - 1 : last]
    if len(asked) > host.ocr_pages:
        return refuse(Problem("1214", f"file: {len(asked)} pages, at most {host.ocr_pages}"), host)
    now = int(time.time())
    answer_id = new_id(host, now)
    details = [_elements(page) for page in asked]
    if not _is_pdf(data):
        crop = f"https://example.com/{answer_id}/crop.png" if body.get("return_crop_images") is True else ""
        details[0].append(_element(pages[0], 2, ("image", "image"), (0.0, 0.2, 1.0, 1.0), crop))
    text = "\n\n".join(element["content"] for elements in details for element in elements if element["content"])
    prompt, completion = _PROMPT_OF_A_PAGE * len(asked), tokens(text)
    answer = {
        "id": answer_id,
        "created": now,
        "model": "GLM-OCR",
        "md_results": text,
        "layout_details": details,
        "data_info": {
            "num_pages": len(pages),
            "pages": [{"width": page.width, "height": page.height} for page in asked],
        },
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "prompt_tokens_details": {"cached_tokens": 0},
            "total_tokens": prompt + completion,
        },
        "request_id": body.get("request_id") or answer_id,
    }
    if body.get("need_layout_visualization") is True:
        answer["layout_visualization"] = [
            f"https://example.com/{answer_id}/{number}.png" for number in range(first, first + len(asked))
        ]
    return json_answer(answer)


def _file(given: Any, library: Library) -> bytes | None:
    """Return the file of a URL, a data URI or base64; `None` if there is none, or if it is too large."""
    if not isinstance(given, str):
        return None
    if given.startswith(("http://", "https://")):
        found = fetched(given, library)
        data = found if isinstance(found, bytes) else None
    else:
        try:
            data = b64decode(given.partition(";base64,")[2] if given.startswith("data:") else given, validate=True)
        except ValueError:
            return None
    return data if data is not None and len(data) <= (50 if _is_pdf(data) else 10) * _MB else None


def _is_pdf(data: bytes) -> bool:
    return data.startswith(b"%PDF-")


def _pages(data: bytes) -> list[PDFPage]:
    """Return the pages of a PDF, or an image as a page; none for another kind of file."""
    if _is_pdf(data):
        return read_pdf(data)
    size = _png_size(data) if data.startswith(b"\x89PNG\r\n\x1a\n") else _jpeg_size(data)
    if size is None:
        return []
    width, height = size
    text = PDFText(f"An image of {width} × {height} pixels", (0.1, 0.1, 0.9, 0.2), title=False)
    return [PDFPage(width, height, [text])]


def _png_size(data: bytes) -> tuple[int, int] | None:
    if data[12:16] != b"IHDR" or len(data) < 24:
        return None
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Return the size that the frame header states, which follows other segments."""
    position = 2 if data.startswith(b"\xff\xd8\xff") else len(data)
    while position + 9 <= len(data):
        marker, length = data[position + 1], int.from_bytes(data[position + 2 : position + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(data[position + 7 : position + 9]), int.from_bytes(data[position + 5 : position + 7])
        position += 2 + length
    return None


def _elements(page: PDFPage) -> list[dict[str, Any]]:
    return [
        _element(page, index, ("text", "doc_title"), block.box, f"# {block.text}")
        if block.title
        else _element(page, index, ("text", "text"), block.box, block.text)
        for index, block in enumerate(page.blocks, start=1)
    ]


def _element(
    page: PDFPage, index: int, labels: tuple[str, str], box: tuple[float, ...], content: str
) -> dict[str, Any]:
    return {
        "index": index,
        "label": labels[0],
        "native_label": labels[1],
        "bbox_2d": list(box),
        "content": content,
        "height": page.height,
        "width": page.width,
    }
