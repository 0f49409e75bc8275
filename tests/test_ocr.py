"""`GLMOCRParser` and `GLMOCRLoader`: files, ranges of pages, documents, and what fails before a byte is sent."""

from __future__ import annotations

import asyncio
import copy
import pickle
import struct
import zlib
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.document_loaders import BaseBlobParser, BaseLoader
from langchain_core.documents.base import Blob

from langchain_glm import (
    GLMAuthenticationError,
    GLMInvalidRequestError,
    GLMOCRLoader,
    GLMOCRParser,
    GLMServerError,
    GLMValueError,
)
from langchain_glm.testing import Fault, GLMServer
from langchain_glm.testing.pdf import make_pdf

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PDF = make_pdf(["# Report\n\nThe first page.", "第二页有中文。"])
URL = "https://files.example.com/report.pdf"
PATH = "/layout_parsing"


def png(width: int = 3, height: int = 2) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = zlib.compress(b"".join(b"\0" + b"\xff" * 3 * width for _ in range(height)))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


JPEG = b"\xff\xd8\xff\xe0\x00\x04JF" + b"\xff\xc0\x00\x0b\x08\x00\x02\x00\x03\x01\x01\x11\x00" + b"\xff\xd9"


def pages(count: int) -> bytes:
    return make_pdf([f"This is page {number}." for number in range(1, count + 1)])


@pytest.fixture
def connection(glm_server: GLMServer) -> dict[str, Any]:
    return {"host": glm_server.host, "base_url": glm_server.base_url, "api_key": glm_server.api_key, "max_retries": 0}


def ranges(server: GLMServer) -> list[tuple[int | None, int | None]]:
    return [(request.body.get("start_page_id"), request.body.get("end_page_id")) for request in server.requests]


# What becomes a document.


def test_a_document_for_each_page(glm_server: GLMServer, connection: dict[str, Any]) -> None:
    first, second = GLMOCRLoader(PDF, **connection).load()
    assert first.page_content == "# Report\n\nThe first page."
    assert first.metadata == {"total_pages": 2, "page": 0, "page_label": "1"}
    assert second.page_content == "第二页有中文。"
    assert second.metadata == {"total_pages": 2, "page": 1, "page_label": "2"}
    [request] = glm_server.requests
    assert request.path == "/api/paas/v4/layout_parsing"
    assert request.body == {"model": "glm-ocr", "file": f"data:application/pdf;base64,{b64encode(PDF).decode()}"}


def test_a_document_for_each_element(connection: dict[str, Any]) -> None:
    title, text, chinese = GLMOCRLoader(PDF, **connection, mode="element").load()
    assert (title.page_content, text.page_content, chinese.page_content) == (
        "# Report",
        "The first page.",
        "第二页有中文。",
    )
    assert title.metadata["native_label"] == "doc_title"
    assert [element.metadata["label"] for element in (title, text, chinese)] == ["text"] * 3
    assert [element.metadata["page"] for element in (title, text, chinese)] == [0, 0, 1]
    for element in (title, text, chinese):
        left, top, right, bottom = element.metadata["bbox"]
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
    assert title.metadata["bbox"][3] < text.metadata["bbox"][1]  # the title is above the text


def test_one_document_for_the_file(connection: dict[str, Any]) -> None:
    for source, total in ((PDF, 2), (pages(35), 35)):
        [document] = GLMOCRLoader(source, **connection, mode="single").load()
        assert document.metadata == {"total_pages": total}
    assert document.page_content == "\n\n".join(f"This is page {number}." for number in range(1, 36))


def test_images_have_one_page(glm_server: GLMServer, connection: dict[str, Any]) -> None:
    for data, kind in ((png(), "png"), (JPEG, "jpeg")):
        [document] = GLMOCRLoader(data, **connection, pages_per_request=1).load()
        assert document.page_content == "An image of 3 × 2 pixels"
        assert document.metadata == {"total_pages": 1, "page": 0, "page_label": "1"}
        assert glm_server.requests[-1].body["file"].startswith(f"data:image/{kind};base64,")
    assert ranges(glm_server) == [(None, None)] * 2


def test_elements_without_content_are_left_out(connection: dict[str, Any]) -> None:
    [text] = GLMOCRLoader(png(), **connection, mode="element").load()
    assert text.metadata["label"] == "text"
    _, image = GLMOCRLoader(png(), **connection, mode="element", return_crop_images=True).load()
    assert image.metadata["label"] == "image"
    assert image.page_content.startswith("https://")


def test_pictures_of_the_elements(connection: dict[str, Any]) -> None:
    found = GLMOCRLoader(PDF, **connection, need_layout_visualization=True).load()
    assert [document.metadata["layout_visualization"][-6:] for document in found] == ["/1.png", "/2.png"]


def test_an_image_on_a_page_of_several(glm_server: GLMServer, connection: dict[str, Any]) -> None:
    crop = {"index": 1, "label": "image", "content": "https://files.example.com/crop.png", "bbox_2d": [0, 0, 1, 1]}
    reply = {"layout_details": [[crop], []], "md_results": "x", "data_info": {"num_pages": 2}}
    glm_server.queue(Fault.json(reply, status=200), path=PATH)
    first, blank = GLMOCRLoader(PDF, **connection).load()
    assert first.page_content == "![](https://files.example.com/crop.png)"
    assert blank.page_content == ""
    assert blank.metadata["page"] == 1


# Where files come from.


def test_path_bytes_blob_and_url(tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(PDF)
    with GLMServer(web={URL: PDF}) as server:
        connection: dict[str, Any] = {"host": "zai", "base_url": server.base_url, "api_key": server.api_key}
        blob = Blob.from_data(PDF, metadata={"source": "the mail", "owner": "me"})
        loader = GLMOCRLoader([path, str(path), PDF, blob, URL], **connection)
        documents = loader.load()
        assert [document.page_content for document in documents[::2]] == ["# Report\n\nThe first page."] * 5
        assert {document.metadata["total_pages"] for document in documents} == {2}
        sources = [document.metadata.get("source") for document in documents[::2]]
        assert sources == [str(path), str(path), None, "the mail", URL]
        assert documents[6].metadata["owner"] == "me"
        assert server.requests[4].body["file"] == URL
        parser = GLMOCRParser(**connection)
        assert parser.parse(Blob(path=URL)) == documents[8:]
        assert asyncio.run(loader.aload()) == documents


def test_files_and_pages_are_read_when_they_are_asked_for(glm_server: GLMServer, connection: dict[str, Any]) -> None:
    documents = GLMOCRLoader([pages(40), PDF], **connection).lazy_load()
    assert glm_server.requests == []
    for expected in (*[1] * 30, *[2] * 10, 3, 3):
        next(documents)
        assert len(glm_server.requests) == expected


# Documents that are longer than one request may be.


@pytest.mark.parametrize(
    ("host", "count", "expected"),
    [
        ("zai", 30, [(None, None)]),
        ("zai", 31, [(1, 30), (31, 31)]),
        ("zai", 75, [(1, 30), (31, 60), (61, 75)]),
        ("bigmodel", 100, [(None, None)]),
        ("bigmodel", 101, [(1, 100), (101, 101)]),
    ],
)
def test_ranges_of_the_host(host: str, count: int, expected: list[tuple[int | None, int | None]]) -> None:
    with GLMServer(host) as server:
        loader = GLMOCRLoader(pages(count), host=host, base_url=server.base_url, api_key=server.api_key)
        for documents in (loader.load(), asyncio.run(loader.aload())):
            assert [document.metadata["page"] for document in documents] == list(range(count))
            assert [document.page_content for document in documents] == [
                f"This is page {n}." for n in range(1, count + 1)
            ]
        assert ranges(server) == expected * 2


def test_the_users_own_ranges(glm_server: GLMServer, connection: dict[str, Any]) -> None:
    found = GLMOCRLoader(pages(9), **connection, pages=(3, 7), pages_per_request=2).load()
    assert [document.metadata["page_label"] for document in found] == ["3", "4", "5", "6", "7"]
    assert ranges(glm_server) == [(3, 4), (5, 6), (7, 7)]
    assert len(GLMOCRLoader(pages(9), **connection, pages=(8, 1000)).load()) == 2
    assert ranges(glm_server)[-1] == (8, 9)


def test_a_document_at_a_url_that_turns_out_to_be_longer() -> None:
    """An endpoint that reads what it can and says how many pages there are is asked for the rest."""

    def reply(*numbers: int, total: int) -> Fault:
        details = [[{"index": 1, "label": "text", "content": f"Page {number}"}] for number in numbers]
        return Fault.json({"layout_details": details, "data_info": {"num_pages": total}}, status=200)

    with GLMServer(web={URL: pages(5)}) as server:
        server.queue(reply(1, 2, total=5), reply(3, 4, total=2), reply(5, total=1), path=PATH)
        loader = GLMOCRLoader(URL, host="zai", base_url=server.base_url, api_key=server.api_key, pages_per_request=2)
        found = loader.load()
        assert [(document.page_content, document.metadata["page"]) for document in found] == [
            (f"Page {number}", number - 1) for number in range(1, 6)
        ]
        assert {document.metadata["total_pages"] for document in found} == {5}
        assert ranges(server) == [(None, None), (3, 4), (5, 5)]


def test_fewer_pages_than_asked_for_are_asked_for_again(glm_server: GLMServer, connection: dict[str, Any]) -> None:
    short = {"layout_details": [[{"content": "This is page 1."}]], "data_info": {"num_pages": 1}}
    glm_server.queue(Fault.json(short, status=200), path=PATH)
    found = GLMOCRLoader(pages(3), **connection).load()
    assert [document.page_content for document in found] == [f"This is page {number}." for number in (1, 2, 3)]
    assert ranges(glm_server) == [(None, None), (2, 3)]


def test_a_long_document_at_a_url_needs_pages(connection: dict[str, Any]) -> None:
    with GLMServer(web={URL: pages(70)}) as server:
        connection = {**connection, "base_url": server.base_url}
        with pytest.raises(GLMInvalidRequestError, match="70 pages"):
            GLMOCRLoader(URL, **connection).load()
        assert len(GLMOCRLoader(URL, **connection, pages=(1, 70)).load()) == 70
        with pytest.raises(GLMInvalidRequestError) as caught:  # what is not there is not left out in silence
            GLMOCRLoader(URL, **connection, pages=(61, 80)).load()
        assert caught.value.__notes__ == [f"files[0]: {URL}"]


def test_a_reply_without_pages_is_an_error(glm_server: GLMServer, connection: dict[str, Any]) -> None:
    glm_server.queue(Fault.json({"layout_details": [], "md_results": "", "id": "1"}, status=200), path=PATH)
    with pytest.raises(GLMServerError):
        GLMOCRLoader(PDF, **connection).load()
    glm_server.queue(Fault.json({"md_results": "# Text", "usage": None}, status=200), path=PATH)
    [document] = GLMOCRLoader(png(), **connection).load()
    assert document.page_content == "# Text"


def test_usage_of_each_request(connection: dict[str, Any]) -> None:
    seen: list[Any] = []
    loader = GLMOCRLoader(pages(31), **connection, on_usage=seen.append)
    loader.load()
    asyncio.run(loader.aload())
    assert [usage["input_tokens"] for usage in seen] == [135_000, 4500] * 2
    assert all(usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] for usage in seen)


# What fails before a byte is sent.


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: b"PK\x03\x04 a Word file", "not a PDF, JPG or PNG.*convert it"),
        (lambda: b"", "not a PDF, JPG or PNG"),
        (lambda: b"%PDF-1.7" + bytes(50 * 1024 * 1024), r"50\.0 MB.*up to 50 MB of application/pdf. Split the PDF"),
        (lambda: png() + bytes(10 * 1024 * 1024), r"10\.0 MB.*up to 10 MB of image/png. Save it with a lower"),
        (lambda: JPEG + bytes(10 * 1024 * 1024), r"up to 10 MB of image/jpeg"),
    ],
)
def test_files_that_cannot_be_read(
    make: Callable[[], bytes], message: str, glm_server: GLMServer, connection: dict[str, Any]
) -> None:
    loader = GLMOCRLoader([make()], **connection)
    for load in (loader.load, lambda: asyncio.run(loader.aload())):
        with pytest.raises(GLMValueError, match=message) as caught:
            load()
        assert caught.value.__notes__ == ["files[0]: file"]
    assert glm_server.requests == []


@pytest.mark.parametrize("given", [5, None, [5], [""], {"a": 1}])
def test_what_is_no_file(given: Any, connection: dict[str, Any]) -> None:
    with pytest.raises(GLMValueError, match=r"^files(\[0\])?: give a path, a URL, bytes or a Blob"):
        GLMOCRLoader(given, **connection)


def test_a_file_that_is_not_there(tmp_path: Path, connection: dict[str, Any]) -> None:
    loader = GLMOCRLoader([tmp_path / "missing.pdf"], **connection)
    for load in (loader.load, lambda: asyncio.run(loader.aload())):
        with pytest.raises(FileNotFoundError) as caught:
            load()
        assert caught.value.__notes__[0].startswith("files[0]: ")


@pytest.mark.parametrize("given", [3, (0, 3), (3, 2), (1,), (1, 2, 3), "1-3", (1.5, 2)])
def test_pages_that_are_no_range(given: Any, connection: dict[str, Any]) -> None:
    with pytest.raises(GLMValueError, match=r"^pages: give the first and the last page"):
        GLMOCRLoader(PDF, **connection, pages=given)


def test_pages_that_the_document_does_not_have(glm_server: GLMServer, connection: dict[str, Any]) -> None:
    with pytest.raises(GLMValueError, match=r"pages=\(3, 4\): file has only 2 pages"):
        GLMOCRLoader(PDF, **connection, pages=(3, 4)).load()
    assert glm_server.requests == []


@pytest.mark.parametrize("host", ["zai-coding", "bigmodel-coding", "kimi"])
def test_hosts_that_have_no_ocr_are_refused_at_once(host: str) -> None:
    with pytest.raises(GLMValueError, match=r"does not serve /layout_parsing.*ZHIPUAI_API_KEY \(bigmodel\)"):
        GLMOCRParser(host=host, api_key="k")


# Errors of the endpoint; `tests/reliability/test_endpoint_faults.py` has all of them.


def test_a_wrong_key(connection: dict[str, Any]) -> None:
    with pytest.raises(GLMAuthenticationError, match="ZAI_API_KEY"):
        GLMOCRLoader(PDF, **{**connection, "api_key": "wrong.key"}).load()


# Copies, and LangChain's own classes around it.


def test_the_key_is_not_shown_and_not_pickled(connection: dict[str, Any]) -> None:
    calls: list[Any] = []
    loader = GLMOCRLoader(PDF, **connection, on_usage=calls.append)
    assert "test.key" not in repr(loader) + str(loader) + str(loader.model_dump(exclude={"files"}))
    parser = GLMOCRParser(**connection, mode="element")
    pickled = pickle.dumps(parser)
    assert b"test.key" not in pickled
    unpickled = pickle.loads(pickled)
    unpickled.api_key = "test.key"
    assert unpickled.parse(Blob.from_data(PDF)) == parser.parse(Blob.from_data(PDF))
    for other in (copy.copy(loader), copy.deepcopy(loader), loader.model_copy()):
        assert other.on_usage == loader.on_usage
        assert other.load() == loader.load()
    changed = loader.model_copy(update={"mode": "single"})
    assert (loader.mode, len(changed.load())) == ("page", 1)
    with pytest.raises(GLMValueError, match="mode"):
        loader.model_copy(update={"mode": "word"})


def test_a_loader_of_others_takes_the_parser(tmp_path: Path, connection: dict[str, Any]) -> None:
    """What LangChain's `GenericLoader` does with a parser, without the package that it is in."""

    class FolderLoader(BaseLoader):
        def __init__(self, folder: Path, parser: BaseBlobParser) -> None:
            self.folder, self.parser = folder, parser

        def lazy_load(self) -> Any:
            for path in sorted(self.folder.iterdir()):
                yield from self.parser.lazy_parse(Blob.from_path(path))

    (tmp_path / "a.pdf").write_bytes(PDF)
    (tmp_path / "b.png").write_bytes(png())
    found = FolderLoader(tmp_path, GLMOCRParser(**connection)).load()
    assert [document.metadata["source"][-5:] for document in found] == ["a.pdf", "a.pdf", "b.png"]


async def test_the_async_parser(connection: dict[str, Any]) -> None:
    parser = GLMOCRParser(**connection)
    blob = Blob.from_data(PDF)
    assert [document async for document in parser.alazy_parse(blob)] == parser.parse(blob)
