"""Text that was asked to be JSON and nothing else, read in every way; beside a tool call it comes as it is."""

from __future__ import annotations

from typing import Any

import pytest

from langchain_glm.wire.reply.chunks import ChunkReader
from tests.wire.reply.reading import DONE, WAYS, body, chunks_of, delta, end, part, whole

CALL = {"name": "find", "args": {"a": 2}, "id": "c", "type": "tool_call"}
CALLED = [part('{"a": ', id="c", index=0, name="find"), part("2}", index=0)]
SENT = [{"id": "c", "type": "function", "function": {"name": "find", "arguments": '{"a": 2}'}}]

WRAPPED = {
    "prose": ["Let me", " look."],
    "prose around an object": ["Here it is: ", '{"a": 1}', " That is all."],
    "prose around two objects": ['First {"a": 1}, ', 'then {"b": 2}.'],
    "an object": ['{"a"', ": 1}"],
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("pieces", WRAPPED.values(), ids=WRAPPED)
def test_text_before_a_call_comes_whole_and_before_it(pieces: list[str], way: Any) -> None:
    events = [*(delta(content=piece) for piece in pieces), *CALLED, end("tool_calls"), DONE]
    message = way(chunks_of(events, json_only=True))
    assert (message.text, message.tool_calls) == ("".join(pieces), [CALL])
    assert [block["type"] for block in message.content_blocks] == ["text", "tool_call"]
    sent = body("tool_calls", content="".join(pieces), tool_calls=SENT)
    assert whole(sent, json_only=True).content_blocks == whole(sent).content_blocks


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_text_after_a_call_comes_whole(way: Any) -> None:
    events = [*CALLED, delta(content="Here: "), delta(content='{"a": 1} is it.'), end("tool_calls"), DONE]
    message = way(chunks_of(events, json_only=True))
    assert (message.text, message.tool_calls) == ('Here: {"a": 1} is it.', [CALL])


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_without_a_call_the_object_is_taken_out(way: Any) -> None:
    pieces = WRAPPED["prose around an object"]
    events = [*(delta(content=piece) for piece in pieces), end(), DONE]
    assert way(chunks_of(events, json_only=True)).text == '{"a": 1}'
    assert whole(body(content="".join(pieces)), json_only=True).text == '{"a": 1}'


def test_a_stream_that_breaks_off_leaves_what_was_held_back() -> None:
    reader = ChunkReader({}, json_only=True)
    assert [reader.read(delta(content=piece)) for piece in WRAPPED["prose"]] == [None, None]
    assert reader.partial().content == "Let me look."
    reader = ChunkReader({}, json_only=True)
    given = reader.read(delta(content='{"a": 1} That is'))
    assert given is not None
    assert given.text == '{"a": 1}'
    assert reader.partial().content == '{"a": 1} That is'
