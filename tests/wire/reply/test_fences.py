"""JSON out of its wrapping: in pieces of any size as in one."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_glm.wire.reply.fences import Unwrapped, unwrapped


def fed(text: str, cuts: list[int]) -> str:
    reader = Unwrapped()
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
    ("", ""),
]


@pytest.mark.parametrize(("text", "expected"), TABLE)
def test_a_text_is_unwrapped(text: str, expected: str) -> None:
    assert unwrapped(text) == expected
    assert {fed(text, [cut]) for cut in range(len(text) + 1)} == {expected}
    assert fed(text, list(range(len(text)))) == expected


tokens = st.sampled_from(
    [
        "```",
        "`",
        "json",
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
    assert fed(text, cuts) == unwrapped(text)
