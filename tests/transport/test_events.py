"""Bytes → events, however they are cut."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_glm.errors import GLMStreamError
from langchain_glm.transport.events import EventReader
from tests.fuzz.stream_reader import outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

A = {"id": "a"}
B = {"id": "b"}
DONE = "the end is marked"


def read(*pieces: bytes) -> list[Mapping[str, Any] | str]:
    """The events, and `DONE` last if the end was marked."""
    reader = EventReader()
    events = [event for piece in pieces for event in reader.feed(piece)] + list(reader.end())
    return [*events, *([DONE] if reader.done else [])]


# what it shows: the bytes, and the events
TABLE: dict[str, tuple[bytes, list[Any]]] = {
    "nothing": (b"", []),
    "GLM's way": (b'data: {"id":"a"}\n\ndata: {"id":"b"}\n\ndata: [DONE]\n\n', [A, B, DONE]),
    "CRLF": (b'data: {"id":"a"}\r\n\r\ndata: [DONE]\r\n\r\n', [A, DONE]),
    "CR": (b'data: {"id":"a"}\r\rdata: [DONE]\r\r', [A, DONE]),
    "all line ends mixed": (b'data: {"id":"a"}\r\n\ndata: {"id":"b"}\r\r\ndata: [DONE]\n\r', [A, B, DONE]),
    "no empty line between": (b'data: {"id":"a"}\ndata: {"id":"b"}\n', [A, B]),
    "no end of the last line": (b'data: {"id":"a"}\n\ndata: [DONE]', [A, DONE]),
    "no [DONE]": (b'data: {"id":"a"}\n\n', [A]),
    "no space after the colon": (b'data:{"id":"a"}\n\ndata:[DONE]\n\n', [A, DONE]),
    "more space than one": (b'data:  \t{"id":"a"} \n\ndata: [DONE] \n\n', [A, DONE]),
    "a BOM": (b'\xef\xbb\xbfdata: {"id":"a"}\n\n', [A]),
    "a BOM is one at the beginning only": (b'data: {"id":"a"}\n\n\xef\xbb\xbfdata: {"id":"b"}\n\n', [A]),
    "comments": (b': OPENROUTER PROCESSING\n\n:\n\ndata: {"id":"a"}\n\n', [A]),
    "other fields": (b'id: 7\nretry: 10\nevent: message\ndata: {"id":"a"}\n\nwhatever\n', [A]),
    "empty data": (b'data:\n\ndata: \n\ndata\n\ndata: {"id":"a"}\n\n', [A]),
    "data that is no object": (
        b'data: null\n\ndata: []\n\ndata: 7\n\ndata: "x"\n\ndata: {}\n\ndata: {"id":"a"}\n\n',
        [A],
    ),
    "anything after [DONE]": (b'data: [DONE]\n\ndata: {"id":"a"}\n\ndata: {broken\n\n', [DONE]),
    "spaces in the JSON": (b'data: {"id": "a", "choices": [ ]}\n\n', [{"id": "a", "choices": []}]),
    "text that looks like a stream": (
        b'data: {"id":"data: {}\\n\\ndata: [DONE]"}\n\n',
        [{"id": "data: {}\n\ndata: [DONE]"}],
    ),
    "Chinese, and separators of other standards": (
        'data: {"id":"城\u2028\u0085\x0b\x0c"}\n\n'.replace("\x0b", "\\u000b").replace("\x0c", "\\u000c").encode(),
        [{"id": "城\u2028\u0085\x0b\x0c"}],
    ),
    "invalid UTF-8": (b'data: {"id":"\xff\xe5"}\n\n', [{"id": "\ufffd\ufffd"}]),
    "half of a pair of surrogates": (b'data: {"id":"\\ud83d"}\n\n', [{"id": "\ud83d"}]),
    "an error event": (b'event: error\ndata: {"error":{"code":"1302"}}\n\n', [{"error": {"code": "1302"}}]),
    "an error event without the key": (b'event: error\ndata: {"code":"1302"}\n\n', [{"error": {"code": "1302"}}]),
    "an error event of text": (b'event: error\ndata: "busy"\n\n', [{"error": "busy"}]),
    "an error event, then another": (
        b'event: error\ndata: {"code":"1302"}\n\ndata: {"id":"a"}\n\nevent: message\ndata: {"id":"b"}\n\n',
        [{"error": {"code": "1302"}}, A, B],
    ),
    "an event that is named an error and then something else": (
        b'event: error\nevent: message\ndata: {"id":"a"}\n\n',
        [A],
    ),
    "an error in data": (b'data: {"error":{"code":"1305"}}\n\n', [{"error": {"code": "1305"}}]),
    "a bare JSON error": (b'data: {"id":"a"}\n\n{"error":{"code":"1305"}}\n', [A, {"error": {"code": "1305"}}]),
    "a bare JSON error without a line end": (b'{"error":{"code":"1305"}}', [{"error": {"code": "1305"}}]),
    "a bare body": (b'{"choices":[]}\n', [{"choices": []}]),
    "bare JSON of something else": (b'{"id":"a"}\n{}\n[1]\n{broken\n', []),
}

BROKEN: dict[str, bytes] = {
    "a frame that was cut off": b'data: {"id":"a","choices":[{"delta":{"content":"h',
    "the next frame glued to it": b'data: {"id":"a","choices":[{"dedata: {"id":"b"}\n\n',
    "two frames in one": b'data: {"id":"a"}{"id":"b"}\n\n',
    "text": b"data: upstream failed\n\n",
    "an error event of plain text": b"event: error\ndata: upstream failed\n\n",
    "a number beyond all bounds": b"data: " + b"[" * 200_000 + b"\n\n",
    "an integer beyond all bounds": b'data: {"id": NaN, "n": ' + b"9" * 5000 + b"}\n\n",
}


@pytest.mark.parametrize(("raw", "events"), TABLE.values(), ids=TABLE)
def test_bytes_are_read_as(raw: bytes, events: list[Any]) -> None:
    assert read(raw) == events


@pytest.mark.parametrize(("raw", "events"), TABLE.values(), ids=TABLE)
def test_any_one_cut_changes_nothing(raw: bytes, events: list[Any]) -> None:
    for cut in range(len(raw) + 1):
        assert read(raw[:cut], raw[cut:]) == events


@pytest.mark.parametrize(("raw", "events"), TABLE.values(), ids=TABLE)
def test_byte_by_byte_changes_nothing(raw: bytes, events: list[Any]) -> None:
    assert read(b"", *(raw[at : at + 1] for at in range(len(raw))), b"") == events


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN)
def test_a_frame_that_is_no_json_raises(raw: bytes) -> None:
    with pytest.raises(GLMStreamError, match="an event that is not JSON") as caught:
        read(b'data: {"id":"b"}\n\n', raw)
    assert caught.value.is_retryable
    assert len(str(caught.value)) < 300


def test_what_came_before_the_broken_frame_is_given_first() -> None:
    events = outcome([b'data: {"id":"a"}\n\ndata: {"id', b'":\n\ndata: {"id":"b"}\n\n'])
    assert events[0] == A
    assert len(events) == 2


def test_an_event_is_given_out_with_its_line_not_with_the_next() -> None:
    reader = EventReader()
    assert list(reader.feed(b'data: {"id":"a"}')) == []
    assert list(reader.feed(b"\n")) == [A]


def test_an_error_is_raised_where_it_stands() -> None:
    reader = EventReader(lambda event: LookupError(event["error"]))
    events = reader.feed(b'data: {"id":"a"}\n\nevent: error\ndata: "busy"\n\ndata: {"id":"b"}\n\n')
    assert next(events) == A
    with pytest.raises(LookupError, match="busy"):
        next(events)


def test_nothing_is_read_after_the_marked_end() -> None:
    reader = EventReader()
    assert not reader.done
    assert list(reader.feed(b'data: {"id":"a"}\n\ndata: [DONE]\n\n')) == [A]
    assert reader.done
    assert list(reader.feed(b'data: {"id":"b"}\n\n')) == []
    assert list(reader.end()) == []


lines = st.one_of(
    st.builds(
        lambda value: b"data: " + orjson.dumps(value),
        st.dictionaries(st.text(max_size=4), st.text(max_size=8), max_size=2),
    ),
    st.sampled_from(
        [
            b"",
            b": ping",
            b"data:",
            b"data: [DONE]",
            b"event: error",
            b'{"error":"x"}',
            b"data: {",
            b"\xef\xbb\xbf",
            b'data:{"a":"\xff"}',
        ]
    ),
)
streams = st.lists(st.tuples(lines, st.sampled_from([b"\n", b"\r", b"\r\n", b"\n\n", b""])), max_size=8).map(
    lambda parts: b"".join(line + ending for line, ending in parts)
)


@given(raw=streams, cuts=st.lists(st.integers(0, 500), max_size=10))
def test_any_cutting_of_the_same_bytes_gives_the_same_events(raw: bytes, cuts: list[int]) -> None:
    bounds = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    pieces = [raw[start:stop] for start, stop in pairwise(bounds)]
    assert outcome(pieces) == outcome([raw])
    assert outcome(raw[at : at + 1] for at in range(len(raw))) == outcome([raw])


@given(raw=st.binary(max_size=60), cut=st.integers(0, 60))
def test_no_bytes_whatever_raise_anything_else(raw: bytes, cut: int) -> None:
    assert outcome([raw[:cut], raw[cut:]]) == outcome([raw])
