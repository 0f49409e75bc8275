"""The count of a PDF's pages, for files of several programs and for bytes that are no PDF."""

from __future__ import annotations

import io
import time
import zlib

import pypdf
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from langchain_glm.testing.pdf import make_pdf, read_pdf
from langchain_glm.wire.request.pdf_pages import count_pages

PDF = make_pdf([f"This is page {number}." for number in range(1, 8)])


def packed(count: int, *, compressed: bool = True) -> bytes:
    """A PDF whose catalog and page tree are in an object stream, as most programs write them today."""
    kids = b" ".join(b"%d 0 R" % (10 + index) for index in range(count))
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, count),
        **{10 + index: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 10 10] >>" for index in range(count)},
    }
    head, body = b"", b""
    for number, text in objects.items():
        head += b"%d %d " % (number, len(body))
        body += text + b" "
    data = zlib.compress(head + body) if compressed else head + body
    kind = b"/Filter /FlateDecode " if compressed else b""
    return (
        b"%%PDF-1.5\n5 0 obj\n<< /Type /ObjStm /N %d /First %d %s/Length %d >>\nstream\n%s\nendstream\nendobj\n"
        b"6 0 obj\n<< /Type /XRef /Root 1 0 R /Size 9 >>\nstream\n\nendstream\nendobj\nstartxref\n0\n%%%%EOF"
        % (len(objects), len(head), kind, len(data), data)
    )


def test_a_made_pdf_is_one_for_other_readers() -> None:
    reader = pypdf.PdfReader(io.BytesIO(make_pdf(["# Title\n\nHello", "中文内容"])), strict=True)
    assert [page.extract_text() for page in reader.pages] == ["Title\nHello", "中文内容"]


def test_plain_files() -> None:
    assert count_pages(PDF) == 7
    assert count_pages(b"\n some bytes before it \n" + PDF) == 7


@pytest.mark.parametrize("compressed", [True, False])
def test_object_streams(compressed: bool) -> None:
    assert count_pages(packed(43, compressed=compressed)) == 43
    assert len(read_pdf(packed(43, compressed=compressed))) == 43


def test_files_of_another_program() -> None:
    reader = pypdf.PdfReader(io.BytesIO(PDF))
    writer = pypdf.PdfWriter()
    for page in (*reader.pages, *reader.pages):
        writer.add_page(page)
    out = io.BytesIO()
    writer.write(out)
    assert count_pages(out.getvalue()) == len(read_pdf(out.getvalue())) == 14


def test_the_last_version_counts() -> None:
    writer = pypdf.PdfWriter(io.BytesIO(PDF), incremental=True)
    writer.remove_page(0)
    writer.remove_page(0)
    out = io.BytesIO()
    writer.write(out)
    assert out.getvalue().startswith(PDF[:500])
    assert count_pages(out.getvalue()) == len(read_pdf(out.getvalue())) == 5
    assert count_pages(packed(3) + b"\n2 0 obj\n<< /Type /Pages /Kids [10 0 R] /Count 1 >>\nendobj\n") == 1


def test_a_count_in_an_object_of_its_own() -> None:
    apart = PDF.replace(b"/Count 7", b"/Count 99 0 R") + b"\n99 0 obj\n7\nendobj\n"
    assert count_pages(apart) == 7


def test_an_encrypted_file() -> None:
    writer = pypdf.PdfWriter(io.BytesIO(PDF))
    writer.encrypt("secret", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    assert count_pages(out.getvalue()) == 7  # numbers are not encrypted
    broken = packed(3).replace(b"stream\nx", b"stream\ny", 1)
    assert count_pages(broken) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.4",
        b"%PDF-1.4 /Root 1 0 R",
        b"%PDF-1.4 1 0 obj /Pages 1 0 R endobj /Root 1 0 R",
        PDF.replace(b"/Count 7", b"/Count 0"),
        PDF.replace(b"/Kids", b"/Nope"),
        PDF.replace(b"/Count 7", b"/Count 2 0 R"),
        PDF[:200],
    ],
)
def test_what_cannot_be_counted(data: bytes) -> None:
    assert count_pages(data) is None


@given(st.binary(max_size=60), st.integers(0, 3000), st.integers(0, 40))
@example(b"", 842, 1)  # half of a byte in hexadecimal
def test_damaged_files_never_raise(noise: bytes, start: int, length: int) -> None:
    for whole in (PDF, packed(5), packed(5, compressed=False)):
        damaged = whole[:start] + noise + whole[start + length :]
        count = count_pages(damaged)
        assert count is None or count > 0
        read_pdf(damaged)


def test_large_files_are_counted_in_a_moment() -> None:
    large = PDF + bytes(range(256)) * (160 * 1024)
    started = time.process_time()
    assert count_pages(large) == 7
    assert time.process_time() - started < 3
