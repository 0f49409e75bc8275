"""Streamed arguments, read by the schema on the way: however they are cut, the sum is what the whole would be."""

from __future__ import annotations

import json
import time
import tracemalloc
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_glm.wire.reply.fragments import ArgumentFragments
from langchain_glm.wire.schemas.read_back import read_by_schema

if TYPE_CHECKING:
    from collections.abc import Callable

OBJECT = {"type": "object"}
SCHEMA = {
    "type": "object",
    "properties": {
        "o": OBJECT,
        "a": {"type": "array", "items": OBJECT},
        "s": {"type": "string"},
        "deep": {"type": "object", "properties": {"o": OBJECT, "s": {"type": "string"}}},
    },
}


def fed(text: str, schema: Any, cuts: list[int]) -> str:
    fragments = ArgumentFragments(schema)
    bounds = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    pieces = [text[start:stop] for start, stop in pairwise(bounds)]
    return "".join(fragments.feed(piece) for piece in pieces) + fragments.held


TABLE: list[tuple[str, str]] = [
    ("{}", "{}"),
    ('{"o": {"x": 1}}', '{"o": {"x": 1}}'),
    ('{"o": "{\\"x\\": 1}"}', '{"o": {"x":1}}'),
    ('{"o":"{}","s":"{}"}', '{"o":{},"s":"{}"}'),
    ('{"a": ["{\\"x\\": \\"城\\"}", 1], "z": "[]"}', '{"a": [{"x":"城"}, 1], "z": "[]"}'),
    ('{"a": "[{\\"x\\": 1}]"}', '{"a": [{"x":1}]}'),
    ('{"deep": {"o": "{}", "s": "{}"}, "o": "{}"}', '{"deep": {"o": {}, "s": "{}"}, "o": {}}'),
    ('{"deep": "{\\"o\\": \\"{}\\"}"}', '{"deep": {"o":{}}}'),
    ('{"o": "not JSON", "s": "a\\\\\\"b"}', '{"o": "not JSON", "s": "a\\\\\\"b"}'),
    ('{"\\u006f": "{}"}', '{"\\u006f": {}}'),
    ('{"s": "}]{[,:"}', '{"s": "}]{[,:"}'),
    ('{"o": null, "a": [], "s": ""}', '{"o": null, "a": [], "s": ""}'),
    ('"{}"', '"{}"'),
    ("nonsense", "nonsense"),
    ('{"o": "{', '{"o": "{'),
    ("}]}", "}]}"),
]


@pytest.mark.parametrize(("text", "expected"), TABLE)
def test_arguments_become(text: str, expected: str) -> None:
    assert fed(text, SCHEMA, []) == expected


@pytest.mark.parametrize(("text", "expected"), TABLE)
def test_any_one_cut_changes_nothing(text: str, expected: str) -> None:
    assert {fed(text, SCHEMA, [cut]) for cut in range(len(text) + 1)} == {expected}


@pytest.mark.parametrize(("text", "expected"), TABLE)
def test_letter_by_letter_changes_nothing(text: str, expected: str) -> None:
    assert fed(text, SCHEMA, list(range(len(text)))) == expected


def test_what_need_not_wait_does_not_wait() -> None:
    fragments = ArgumentFragments(SCHEMA)
    given_out = [fragments.feed(piece) for piece in ('{"s', '": "a', "b\\", 'n"', ', "o": "{', '}"', "}")]
    assert given_out == ["{", '"s": "a', "b", '\\n"', ', "o": ', "{}", "}"]
    assert fragments.held == ""


def test_what_is_held_can_be_seen() -> None:
    fragments = ArgumentFragments(SCHEMA)
    assert fragments.feed('{"o": "{\\') == '{"o": '
    assert fragments.held == '"{\\'
    assert fragments.feed('"x') == ""
    assert fragments.held == '"{\\"x'


def test_a_long_string_in_many_pieces_is_read() -> None:
    text = json.dumps({"o": json.dumps({"x": "y\\" * 5_000})})
    fragments = ArgumentFragments(SCHEMA)
    out = "".join([fragments.feed(text[at : at + 5]) for at in range(0, len(text), 5)])
    assert json.loads(out) == {"o": {"x": "y\\" * 5_000}}


MANY: dict[str, Callable[[int], list[str]]] = {
    "a string that is held back": lambda count: ['{"o": "', *["a"] * count],
    "a string that is held back, of escapes": lambda count: ['{"o": "', *["\\"] * count],
    "a string that is held back, of escaped quotes": lambda count: ['{"o": "', *['\\"'] * count],
    "a string that is held back, in one piece": lambda count: ['{"o": "' + "a" * count],
    "a string that is passed on": lambda count: ['{"s": "', *["\\"] * count],
    "a key": lambda count: ['{"', *["a"] * count],
    "quotes": lambda count: ['{"o": ', *['"'] * count],
    "brackets": lambda count: ['{"o": ', *["["] * count],
    "brackets that close nothing": lambda count: ["}"] * count,
    "strings that are no JSON": lambda count: ['{"a": [', *['"{",'] * count],
    "no JSON": lambda count: ["no "] * count,
    "white space": lambda count: ["{", *[" "] * count],
}


@pytest.mark.parametrize("pieces", MANY.values(), ids=MANY)
def test_the_time_and_memory_grow_with_the_length_only(pieces: Callable[[int], list[str]]) -> None:
    def read(texts: list[str]) -> None:
        fragments = ArgumentFragments(SCHEMA)
        for text in texts:
            fragments.feed(text)
        _ = fragments.held

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

    (seconds, memory), (more_seconds, more_memory) = cost(2_000), cost(20_000)
    assert more_seconds < 40 * (seconds + 0.001)  # ten times as much; a hundred times, if it grew with the square
    assert more_memory < 40 * (memory + 10_000)


scalars = st.none() | st.booleans() | st.integers(-99, 99) | st.text(alphabet='"\\{}[],: \n深é😀au', max_size=6)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["o", "a", "s", "deep", 'k"\\']), inner, max_size=3)
    ),
    max_leaves=8,
)


def stringify(value: Any, choices: list[bool]) -> Any:
    """Write some of the containers as JSON in strings, as GLM does now and then."""
    if isinstance(value, dict):
        value = {key: stringify(child, choices) for key, child in value.items()}
    elif isinstance(value, list):
        value = [stringify(child, choices) for child in value]
    else:
        return value
    return json.dumps(value, ensure_ascii=False) if choices and choices.pop() else value


schemas = st.recursive(
    st.sampled_from(
        [
            {},
            {"type": "string"},
            OBJECT,
            {"type": "array"},
            {"type": ["object", "null"]},
            {"anyOf": [OBJECT, {"type": "string"}]},
        ]
    ),
    lambda inner: (
        st.builds(
            lambda kind, properties, patterns, items, rest: {
                "type": kind,
                "properties": properties,
                "patternProperties": patterns,
                "items": items,
                "additionalProperties": rest,
            },
            st.sampled_from(["object", "array"]),
            st.dictionaries(st.sampled_from(["o", "a", "s", "deep"]), inner, max_size=3),
            st.dictionaries(st.sampled_from(["o", "^d", "("]), inner, max_size=1),
            inner,
            inner | st.booleans(),
        )
        | st.lists(inner, min_size=1, max_size=3).map(lambda options: {"anyOf": options})
    ),
    max_leaves=8,
)
objects = st.dictionaries(st.sampled_from(["o", "a", "s", "deep", 'k"\\']), values, max_size=4)
cuts = st.lists(st.integers(0, 10_000), max_size=8)


@given(
    value=objects,
    choices=st.lists(st.booleans(), max_size=8),
    schema=st.just(SCHEMA) | schemas,
    cuts=cuts,
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 1]),
)
def test_any_cutting_reads_as_the_whole_does(
    value: dict[str, Any], choices: list[bool], schema: Any, cuts: list[int], ascii_only: bool, indent: int | None
) -> None:
    sent = {key: stringify(child, choices) for key, child in value.items()}
    text = json.dumps(sent, ensure_ascii=ascii_only, indent=indent)
    assert json.loads(fed(text, schema, cuts)) == read_by_schema(sent, schema)


@given(value=objects, cuts=cuts, ascii_only=st.booleans(), indent=st.sampled_from([None, 1]))
def test_without_anything_to_read_every_byte_is_passed_on(
    value: dict[str, Any], cuts: list[int], ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    if read_by_schema(value, SCHEMA) == value:
        assert fed(text, SCHEMA, cuts) == text


@given(text=st.text(alphabet='{}[]",:\\ oas1深', max_size=40), cuts=cuts)
def test_text_that_is_no_json_is_never_lost_or_cut_apart(text: str, cuts: list[int]) -> None:
    assert fed(text, SCHEMA, cuts) == fed(text, SCHEMA, [])
    try:
        value = json.loads(text)
    except ValueError:
        return
    read = read_by_schema(value, SCHEMA) if isinstance(value, dict) else value
    assert json.loads(fed(text, SCHEMA, cuts)) == read
