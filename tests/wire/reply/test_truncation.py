"""Arguments that were cut off must never become a call that is run."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.reply.reading import WAYS, body, chunks_of, end, part, read_all, whole

NESTED = {
    "path": '/home/"a"\\b\n',
    "城市": {"名": ["北京", {"é": '😀\\"]}{['}], "n": [1.5e3, True, None, -0]},
    "empty": [{}, [], ""],
    "last": "]",
}
TEXTS = {
    "compact": json.dumps(NESTED, ensure_ascii=False, separators=(",", ":")),
    "escaped": json.dumps(NESTED),
    "indented": json.dumps(NESTED, ensure_ascii=False, indent=1),
}
SCHEMA = {"find": {"type": "object", "properties": {"城市": {"type": "object"}, "empty": {"type": "array"}}}}


def cut_off(text: str, schemas: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return read_all([part(text, index=0, id="c0", name="find"), end("length")], schemas)


@pytest.mark.parametrize("schemas", [{}, SCHEMA], ids=["no schema", "schema"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_every_cut_ends_in_an_invalid_call(text: str, schemas: dict[str, Any]) -> None:
    for cut in range(1, len(text)):
        for name, read in cut_off(text[:cut], schemas).items():
            assert (read["tool_calls"], read["invalid"]) == ([], [("c0", "find")]), (name, text[:cut])
        message = whole(
            body("length", content="", tool_calls=[{"id": "c0", "function": {"name": "find", "arguments": text[:cut]}}])
        )
        assert message.tool_calls == []


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_whole_is_a_call(text: str) -> None:
    for read in cut_off(text, {}).values():
        assert (read["tool_calls"], read["invalid"]) == ([("c0", "find", NESTED)], [])


@pytest.mark.parametrize("way", WAYS)
def test_the_blocks_say_so_too(way: str) -> None:
    blocks: list[Any] = WAYS[way](
        chunks_of([part('{"q": "x', index=0, id="c0", name="find"), end("length")])
    ).content_blocks
    kinds = [block["type"] for block in blocks]
    assert "tool_call" not in kinds
    if way != "v1":  # there LangChain leaves the chunk as it is, beside invalid_tool_calls
        assert kinds == ["invalid_tool_call"]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(alphabet='"\\{}[],: \n深😀a', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='"\\{}深a', max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    value=st.dictionaries(st.text(max_size=3), json_values, min_size=1, max_size=3),
    ascii_only=st.booleans(),
    data=st.data(),
)
def test_any_cut_of_any_object_ends_in_an_invalid_call(
    value: dict[str, Any], ascii_only: bool, data: st.DataObject
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    text = text[: data.draw(st.integers(1, len(text) - 1))]
    for read in cut_off(text, {}).values():
        assert (read["tool_calls"], read["invalid"]) == ([], [("c0", "find")])


@given(text=st.text(alphabet='{}[]",:\\ a1\n深tfn', min_size=1, max_size=30))
def test_any_text_is_a_call_in_all_ways_or_in_none(text: str) -> None:
    expected = whole(body(content="", tool_calls=[{"id": "c0", "function": {"name": "find", "arguments": text}}]))
    for read in cut_off(text, {}).values():
        assert [args for _, _, args in read["tool_calls"]] == [call["args"] for call in expected.tool_calls]
        assert len(read["invalid"]) == len(expected.invalid_tool_calls)
