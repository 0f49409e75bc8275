"""JSON out of its wrapping: in pieces of any size as in one."""

from __future__ import annotations

import time
import tracemalloc
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_glm.wire.reply.fences import JsonExtractor, extract_json

if TYPE_CHECKING:
    from collections.abc import Callable


def fed(text: str, cuts: list[int]) -> str:
    reader = JsonExtractor()
    bounds = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    return "".join(reader.feed(text[start:stop]) for start, stop in pairwise(bounds)) + reader.flush()


TABLE: list[tuple[str, str]] = [
    ('{"a": 1}', '{"a": 1}'),
    ('```json\n{"a": 1}\n```', '{"a": 1}'),
    ('```\n{"a": 1}\n```\n', '{"a": 1}'),
    ('\n```json\n{"a": "```"}\n```', '{"a": "```"}'),
    ('<|begin_of_box|>{"a": 1}<|end_of_box|>', '{"a": 1}'),
    ('<think>so</think>{"a": 1}', '{"a": 1}'),
    ("<think>unfinished", "<think>unfinished"),
    ("plain ``` text", "plain ``` text"),
    ("```\nHello\n```", "```\nHello\n```"),
    # one line, and no closing
    ('```json {"a": 1}```', '{"a": 1}'),
    ('```json\n{"a": 1', '{"a": 1'),
    ('{"setup": "Wh', '{"setup": "Wh'),
    ("```json\n[1]\n```", "[1]"),
    # prose before and after
    ('Here it is:\n```json\n{"a": 1}\n```\nGood luck!', '{"a": 1}'),
    ('{"a": "}\\"{"} Good luck!', '{"a": "}\\"{"}'),
    ('As {you} said: {"a": {"b": 1}}.', '{"a": {"b": 1}}'),
    # nobody can say which
    ('Either {"a": 1} or {"a": 2}.', 'Either {"a": 1} or {"a": 2}.'),
    ('{"a": 1}\n{"a": 2}', '{"a": 1}\n{"a": 2}'),
    # what is no answer
    ('<think>Perhaps {"a": 1}?', '<think>Perhaps {"a": 1}?'),
    ("[note] I will look it up.", "[note] I will look it up."),
    ("{thinking} Hm.", "{thinking} Hm."),
    ("<think>a</think><think>b", "<think>b"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "expected"), TABLE)
def test_a_text_is_unwrapped(text: str, expected: str) -> None:
    assert extract_json(text) == expected
    assert {fed(text, [cut]) for cut in range(len(text) + 1)} == {expected}
    assert fed(text, list(range(len(text)))) == expected


tokens = st.sampled_from(
    [
        "```",
        "`",
        "json",
        '{"a": 1}',
        '"',
        "\\",
        "[",
        "]",
        "\n",
        " ",
        "{",
        "}",
        "<think>",
        "</think>",
        "<",
        "a",
        "<|begin_of_box|>",
        "<|end_of_box|>",
        "|>",
    ]
)


@given(text=st.lists(tokens, max_size=8).map("".join), cuts=st.lists(st.integers(0, 60), max_size=6))
def test_any_cutting_reads_as_the_whole_does(text: str, cuts: list[int]) -> None:
    assert fed(text, cuts) == extract_json(text)


def test_what_is_held_back_can_be_seen() -> None:
    reader = JsonExtractor()
    assert reader.feed("Here ") == ""
    assert reader.feed("it is") == ""
    assert reader.held == "Here it is"
    reader = JsonExtractor()
    assert reader.feed('```json\n{"a": 1') == '{"a": 1'
    assert reader.held == ""


MANY: dict[str, Callable[[int], list[str]]] = {
    "an opening <think>": lambda count: ["<think>", *["word "] * count],
    "an opening fence": lambda count: ["```", *["x"] * count],
    "white space": lambda count: [" "] * count,
    "white space in a fence": lambda count: ["```json\n", *[" "] * count],
    "white space after the JSON": lambda count: ["{}", *[" "] * count],
    "prose": lambda count: ["{ "] * count,
    "thinking again and again, in one piece": lambda count: ["<think></think>" * count],
    "thinking again and again": lambda count: ["<think></think>"] * count,
    "a long string": lambda count: ['{"', *["\\"] * count],
    "brackets": lambda count: ["["] * count,
    "objects in prose": lambda count: ["Look: ", *["{} "] * count],
}


@pytest.mark.parametrize("pieces", MANY.values(), ids=MANY)
def test_the_time_and_memory_grow_with_the_length_only(pieces: Callable[[int], list[str]]) -> None:
    def cost(count: int) -> tuple[float, int]:
        seconds = []
        for _ in range(3):
            start = time.process_time()
            read(pieces(count))
            seconds.append(time.process_time() - start)
        tracemalloc.start()
        read(pieces(count))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return min(seconds), most

    def read(texts: list[str]) -> None:
        reader = JsonExtractor()
        for text in texts:
            reader.feed(text)
        reader.flush()

    (seconds, memory), (more_seconds, more_memory) = cost(2_000), cost(20_000)
    assert more_seconds < 40 * (seconds + 0.001)  # ten times as much; a hundred times, if it grew with the square
    assert more_memory < 40 * (memory + 10_000)


def test_thinking_again_and_again_before_the_json() -> None:
    assert extract_json("<think></think>" * 20_000 + '{"a": 1}') == '{"a": 1}'
