"""Count the pages of a PDF without a PDF library, from the few objects that hold the count."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["count_pages"]

_REFERENCE: Final = rb"\s*(\d+)\s+\d+\s+R\b"
_ROOT: Final = re.compile(rb"/Root" + _REFERENCE)
_PAGES: Final = re.compile(rb"/Pages" + _REFERENCE)
_COUNT: Final = re.compile(rb"/Count\s*(\d+)(\s+\d+\s+R\b)?")
_STREAM: Final = re.compile(rb"\bstream\r?\n")
_OBJECT_STREAM: Final = re.compile(rb"/Type\s*/ObjStm\b")
_NUMBER_OF: Final = re.compile(rb"/N\s+(\d+)")
_FIRST_AT: Final = re.compile(rb"/First\s+(\d+)")


def count_pages(data: bytes) -> int | None:
    """Count the pages of a PDF.

    The trailer names the catalog, the catalog names the root of the page tree, and that holds the count. The last
    version of each object counts, because a PDF is changed by appending to it. Objects may be in compressed streams
    (ISO 32000, sections 7.5.6 and 7.5.7).

    Args:
        data: the whole file.

    Returns:
        The count, or `None` if it cannot be found, as in an encrypted or a damaged file.

    Example:
        ```python
        count_pages(Path("report.pdf").read_bytes())  # 12
        ```
    """
    try:
        catalog = _object(data, int(_ROOT.findall(data)[-1]))
        pages = _object(data, int(_found(_PAGES, catalog)[1]))
        count = _found(_COUNT, pages)
        number = int(count[1]) if count[2] is None else int(_object(data, int(count[1])))
    except (LookupError, ValueError, zlib.error):
        return None
    return number if number > 0 and b"/Kids" in pages else None


def _found(pattern: re.Pattern[bytes], text: bytes) -> re.Match[bytes]:
    if found := pattern.search(text):
        return found
    raise LookupError(pattern.pattern)


def _object(data: bytes, number: int) -> bytes:
    """Return the last version of an object, which is in the file itself or in an object stream."""
    plain = re.finditer(rb"%d\s+\d+\s+obj\b" % number, data)
    versions = [
        (found.start(), data[found.end() : _end(data, b"endobj", found.end())])
        for found in plain
        if not data[found.start() - 1 : found.start()].isdigit()
    ]
    versions += [(at, text) for at, known, text in _in_streams(data) if known == number]
    if not versions:
        raise LookupError(number)
    return max(versions)[1]


def _in_streams(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield the objects of all object streams, each with its stream's position and its number."""
    for found in _OBJECT_STREAM.finditer(data):
        begin = data.rfind(b"obj", 0, found.start())
        stream = _STREAM.search(data, found.end())
        if stream is None:
            continue
        head = data[begin : stream.start()]
        text = data[stream.end() : _end(data, b"endstream", stream.end())]
        if b"/FlateDecode" in head:
            text = zlib.decompressobj().decompress(text)
        first = int(_found(_FIRST_AT, head)[1])
        numbers = [int(part) for part in text[:first].split()][: 2 * int(_found(_NUMBER_OF, head)[1])]
        starts = [first + offset for offset in numbers[1::2]]
        for known, start, end in zip(numbers[::2], starts, [*starts[1:], len(text)], strict=True):
            yield found.start(), known, text[start:end]


def _end(data: bytes, word: bytes, start: int) -> int:
    end = data.find(word, start)
    return len(data) if end < 0 else end
