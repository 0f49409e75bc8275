"""Make small PDFs, and read the text of PDFs that are as simple as these."""

from __future__ import annotations

import re
import textwrap
import zlib
from base64 import a85decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["PDFPage", "PDFText", "make_pdf", "read_pdf"]

_WIDTH: Final = 595
_HEIGHT: Final = 842
"""A4 in points."""
_MARGIN: Final = 56
_TITLE: Final = 20
_SIZE: Final = 11
_FONTS: Final = (
    b"/F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >> "
    b"/F2 << /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [ << "
    b"/Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) "
    b"/Supplement 2 >> /FontDescriptor << /Type /FontDescriptor /FontName /STSong-Light /Flags 4 /FontBBox "
    b"[-25 -254 1000 880] /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >> >> ] >>"
)
"""Fonts that PDF readers bring with them: one for Latin letters, one for Chinese."""


def make_pdf(pages: Sequence[str]) -> bytes:
    r"""Make a PDF of A4 pages.

    Args:
        pages: the text of each page, Latin or Chinese. An empty line begins another paragraph, and a paragraph that
            begins with `# ` is a title. Long lines are wrapped; text below the end of the page is cut off.

    Returns:
        The file.

    Example:
        ```python
        Path("report.pdf").write_bytes(make_pdf(["# Report\n\nThe first page.", "The second page."]))
        ```
    """
    kids = b" ".join(b"%d 0 R" % (3 + 2 * index) for index in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [ %s ] /Count %d >>" % (kids, len(pages)),
    ]
    for index, page in enumerate(pages):
        content = "\n".join(_blocks(page)).encode("ascii")
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Resources << /Font << %s >> >> /Contents %d 0 R >>"
            % (_WIDTH, _HEIGHT, _FONTS, 4 + 2 * index),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        ]
    return _file(objects)


def _file(objects: Sequence[bytes]) -> bytes:
    """Return a file with numbered objects, of which the first is the catalog."""
    data, offsets = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start, size = len(data), len(objects) + 1
    data += b"xref\n0 %d\n0000000000 65535 f \n" % size
    data += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return bytes(data) + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, start)


def _blocks(page: str) -> Iterator[str]:
    """Yield the drawing operators of each paragraph."""
    top = _HEIGHT - _MARGIN
    for paragraph in page.split("\n\n"):
        size = _TITLE if paragraph.startswith("# ") else _SIZE
        lines = _lines(paragraph.removeprefix("# "), (_WIDTH - 2 * _MARGIN) / size)
        if not lines:
            continue
        if top - len(lines) * 1.4 * size < _MARGIN:
            return
        font = "F1" if all(ord(character) < 128 for line in lines for character in line) else "F2"
        shown = " T* ".join(f"<{_hex(line, font)}> Tj" for line in lines)
        yield f"BT /{font} {size} Tf {1.4 * size:.1f} TL {_MARGIN} {top - size} Td {shown} ET"
        top -= int((len(lines) + 0.8) * 1.4 * size)


def _lines(paragraph: str, ems: float) -> list[str]:
    """Wrap a paragraph. A Chinese character is one em wide, and a Latin letter about half an em."""
    if any(ord(character) > 0x2E80 for character in paragraph):
        width = int(ems)
        text = "".join(paragraph.split("\n"))
        return [text[start : start + width] for start in range(0, len(text), width)]
    return textwrap.wrap(paragraph, int(ems / 0.55))


def _hex(line: str, font: str) -> str:
    return (line.encode("ascii") if font == "F1" else line.encode("utf-16-be")).hex()


@dataclass(frozen=True, slots=True)
class PDFText:
    """A block of text on a page.

    Args:
        text: its text.
        box: left, top, right and bottom, each from 0 to 1 of the page's width or height.
        title: whether it is larger than ordinary text.
    """

    text: str
    box: tuple[float, float, float, float]
    title: bool


@dataclass(frozen=True, slots=True)
class PDFPage:
    """A page: its size in points, and its blocks of text."""

    width: int
    height: int
    blocks: list[PDFText]


_OBJECT: Final = re.compile(rb"(?<!\d)(\d+)\s+\d+\s+obj\b(.*?)\bendobj", re.DOTALL)
_CATALOG: Final = re.compile(rb"/Type\s*/Catalog\b")
_PAGES: Final = re.compile(rb"/Pages\s+(\d+)\s+\d+\s+R")
_KIDS: Final = re.compile(rb"/Kids\s*\[([^\]]*)\]")
_REFERENCE: Final = re.compile(rb"(\d+)\s+\d+\s+R")
_PACKED: Final = re.compile(rb"/N\s+(\d+).*?/First\s+(\d+)|/First\s+(\d+).*?/N\s+(\d+)", re.DOTALL)
_BOX: Final = re.compile(rb"/MediaBox\s*\[\s*[\d.-]+\s+[\d.-]+\s+([\d.]+)\s+([\d.]+)")
_CONTENTS: Final = re.compile(rb"/Contents\s*\[?\s*(\d+)\s+\d+\s+R")
_STREAM: Final = re.compile(rb"\bstream\r?\n(.*?)\r?\n?endstream", re.DOTALL)
_BLOCK: Final = re.compile(rb"\bBT\b(.*?)\bET\b", re.DOTALL)
_FONT: Final = re.compile(rb"/(\w+)\s+([\d.]+)\s+Tf")
_PLACE: Final = re.compile(rb"([\d.-]+)\s+([\d.-]+)\s+T[dD]|([\d.-]+)\s+([\d.-]+)\s+Tm")
_SHOWN: Final = re.compile(rb"<([0-9A-Fa-f\s]+)>\s*Tj|\(((?:[^()\\]|\\.)*)\)\s*(?:Tj|'|\")", re.DOTALL)


def read_pdf(data: bytes) -> list[PDFPage]:
    """Read the pages of a PDF that is not encrypted.

    Text is found if it is drawn with the plain operators and fonts of `make_pdf`, compressed or not. Any other page has
    one block of text that says which page it is; an empty page has none.

    Args:
        data: the file.

    Returns:
        The pages; none if the file is not a PDF that can be read.
    """
    objects = _objects(data)
    catalog = next((body for body in reversed(objects.values()) if _CATALOG.search(body)), b"")
    root = _PAGES.search(catalog)
    bodies = _leaves(int(root[1]), objects, set()) if root else []
    return [_page(body, objects, number) for number, body in enumerate(bodies, start=1)]


def _objects(data: bytes) -> dict[int, bytes]:
    """Return the last version of each object by its number, including those in object streams."""
    objects: dict[int, bytes] = {}
    for found in _OBJECT.finditer(data):
        objects.pop(int(found[1]), None)
        objects[int(found[1])] = found[2]
        packed = _PACKED.search(found[2]) if b"/ObjStm" in found[2] else None
        if packed:
            count, first = (int(packed[1]), int(packed[2])) if packed[1] else (int(packed[4]), int(packed[3]))
            text = _content(found[2])
            numbers = [int(part) for part in text[:first].split() if part.isdigit()][: 2 * count]
            starts = [first + offset for offset in numbers[1::2]]
            ends = [*starts[1:], len(text)]
            objects |= {n: text[at:end] for n, at, end in zip(numbers[::2], starts, ends, strict=False)}
    return objects


def _leaves(number: int, objects: dict[int, bytes], seen: set[int]) -> list[bytes]:
    """Return the pages below a node of the page tree, in order."""
    body = objects.get(number, b"")
    kids = _KIDS.search(body)
    if number in seen or kids is None:
        return [body] if body and number not in seen else []
    seen.add(number)
    return [page for kid in _REFERENCE.findall(kids[1]) for page in _leaves(int(kid), objects, seen)]


def _page(body: bytes, objects: dict[int, bytes], number: int) -> PDFPage:
    box = _BOX.search(body)
    width, height = (round(float(box[1])), round(float(box[2]))) if box else (_WIDTH, _HEIGHT)
    contents = _CONTENTS.search(body)
    stream = _content(objects.get(int(contents[1]), b"")) if contents else b""
    blocks = [block for found in _BLOCK.finditer(stream) if (block := _block(found[1], width, height))]
    drawn = blocks or ([PDFText(f"Page {number}", (0.1, 0.1, 0.9, 0.2), title=False)] if stream.strip() else [])
    return PDFPage(width, height, drawn)


def _content(body: bytes) -> bytes:
    found = _STREAM.search(body)
    if found is None:
        return b""
    try:
        data = a85decode(b"<~" + found[1].strip(), adobe=True) if b"/ASCII85Decode" in body else found[1]
        return zlib.decompressobj().decompress(data) if b"/FlateDecode" in body else data
    except (ValueError, zlib.error):
        return found[1]


def _block(operators: bytes, width: int, height: int) -> PDFText | None:
    font, place = _FONT.search(operators), _PLACE.search(operators)
    wide = font is not None and font[1] == b"F2"
    lines = [_text(found, wide=wide) for found in _SHOWN.finditer(operators)]
    text = ("" if wide else " ").join(line.strip() for line in lines).strip()
    if not text or not text.isprintable() or place is None:
        return None
    size = float(font[2]) if font else _SIZE
    left, base = (float(value) for value in place.groups() if value is not None)
    longest = max(len(line) for line in lines) * size * (1.0 if wide else 0.55)
    edges = (left, height - base - size, left + longest, height - base + (len(lines) - 1) * 1.4 * size)
    scaled = (edge / whole for edge, whole in zip(edges, (width, height) * 2, strict=True))
    first, top, right, bottom = (round(min(max(edge, 0.0), 1.0), 4) for edge in scaled)
    return PDFText(text, (first, top, right, bottom), title=size >= _TITLE - 4)


def _text(found: re.Match[bytes], *, wide: bool) -> str:
    if found[1] is not None:
        digits = b"".join(found[1].split()).decode()
        data = bytes.fromhex(digits + "0" * (len(digits) % 2))  # as the PDF format requires for an odd number of digits
        return data.decode("utf-16-be" if wide else "latin-1", "replace")
    return re.sub(rb"\\(.)", rb"\1", found[2]).decode("latin-1")
