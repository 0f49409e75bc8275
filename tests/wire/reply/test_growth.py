"""The time that hostile streams take grows with their length, not with its square.

Each test reads a stream and one of six times its length: linear work takes six times as long, quadratic work
thirty-six times. The bound lies between the two.
"""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Any

import pytest

from langchain_glm.wire.reply.chunks import ChunkReader
from tests.wire.reply.reading import body, delta, end, part, summed, whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_core.outputs import ChatGenerationChunk

TIMES = 6
BOUND = 15


def read(events: list[dict[str, Any]]) -> list[ChatGenerationChunk]:
    reader = ChunkReader({})
    chunks = [chunk for event in events if (chunk := reader.read(event)) is not None]
    return chunks + reader.finish(marked_end=True)


def seconds(work: Callable[[], Any], runs: int) -> float:
    """The least of some runs, in this thread's own CPU time, without collections of garbage."""
    times = []
    gc.disable()
    try:
        for _ in range(runs):
            begin = time.thread_time()
            work()
            times.append(time.thread_time() - begin)
    finally:
        gc.enable()
    return min(times)


def check_linear(work: Callable[[int], Callable[[], Any]], size: int) -> None:
    """Compare two sizes; `work` prepares one and returns what is timed."""
    small, large = seconds(work(size), runs=2), seconds(work(TIMES * size), runs=1)
    assert large < BOUND * small, f"{large:.3f} s for {TIMES} times what takes {small:.3f} s"


def whole_calls(count: int) -> list[dict[str, Any]]:
    return [part('{"q":1}', index=n, id=f"c{n}", name="find") for n in range(count)]


STREAMS: dict[str, tuple[Callable[[int], list[dict[str, Any]]], int]] = {
    "calls, one an event": (whole_calls, 1_000),
    "calls, all in one event": (
        lambda n: [delta(tool_calls=[c["choices"][0]["delta"]["tool_calls"][0] for c in whole_calls(n)])],
        1_000,
    ),
    "calls without an id, of index -1": (lambda n: [part("{}", index=-1, name="find") for _ in range(n)], 1_000),
    "calls of one id and of index -1": (
        lambda n: [part('{"q":1}', index=-1, id="c", name="find") for _ in range(n)],
        1_000,
    ),
    "fragments of many calls in turn": (
        lambda n: whole_calls(n) + [part(" ", index=k) for k in range(n)],
        1_000,
    ),
    "fragments that stay invalid": (
        lambda n: [part("nonsense", index=0, id="c", name="find")] + [part("nonsense", index=0)] * n,
        2_000,
    ),
    "fragments after an object": (
        lambda n: [part('{"q":1}', index=0, id="c", name="find")] + [part(" and more", index=0)] * n,
        2_000,
    ),
    "fragments of a string without an end": (
        lambda n: [part('{"q":"', index=0, id="c", name="find")] + [part('x\\"', index=0)] * n,
        2_000,
    ),
    "fragments that repeat id and name after a long one": (
        lambda n: [part("x" * 50 * n, index=-1, id="c", name="find")] + [part("{}", index=-1, id="c", name="find")] * n,
        2_000,
    ),
    "fragments that repeat id and name": (
        lambda n: [part('{"q":"', index=-1, id="c", name="find")] + [part("{}", index=-1, id="c", name="find")] * n,
        2_000,
    ),
    "fragments of one call, all in one event": (
        lambda n: [delta(tool_calls=[{"index": 0, "id": "c", "function": {"name": "f", "arguments": "1, "}}] * n)],
        4_000,
    ),
    "white space without text": (lambda n: [delta(content="\n ")] * n, 4_000),
    "text": (lambda n: [delta(content="a")] * n, 2_000),
    "a field that nobody knows": (lambda n: [delta(content="a", note="n" * 20)] * n, 2_000),
    "sound": (lambda n: [delta(audio={"id": "a", "data": "QUJD" * 8})] * n, 4_000),
}


@pytest.mark.parametrize(("events", "size"), STREAMS.values(), ids=STREAMS)
def test_a_stream_takes_time_by_its_length(events: Callable[[int], list[dict[str, Any]]], size: int) -> None:
    def work(count: int) -> Callable[[], Any]:
        prepared = events(count)
        return lambda: read([*prepared, end()])

    check_linear(work, size)


@pytest.mark.parametrize("args", ["nonsense", '{"q":1} and more', "[1] ", '{"q":"x\\"', "{'q':1}"])
def test_invalid_arguments_in_one_piece_take_time_by_their_length(args: str) -> None:
    check_linear(lambda n: lambda: read([part(args * n, index=0, id="c", name="find"), end()]), 5_000)


@pytest.mark.parametrize("args", ["nonsense", '{"q":1} and more', '{"q":"x\\"'])
def test_merging_invalid_arguments_takes_time_by_their_length(args: str) -> None:
    def work(count: int) -> Callable[[], Any]:
        chunks = read([part(args, index=0, id="c", name="find")] + [part(args, index=0)] * count + [end()])
        first, *others = [chunk.message for chunk in chunks]
        return lambda: first.model_copy().__add__(others)

    check_linear(work, 1_000)


@pytest.mark.parametrize("text", ["[ref_1", "[ref_1, ", "[ref_1] ", "[ ", "[Source: ", "ref_1, ", "[ref_" + "1" * 9])
def test_citations_take_time_by_the_length_of_the_text(text: str) -> None:
    top = {"web_search": [{"refer": "ref_1", "link": "https://a.example"}]}
    check_linear(lambda n: lambda: whole(body(content=text * n, top=top)), 5_000)


def test_what_is_measured_is_read() -> None:
    message = summed(read([*whole_calls(30), end()]))
    assert [call["args"] for call in message.tool_calls] == [{"q": 1}] * 30
