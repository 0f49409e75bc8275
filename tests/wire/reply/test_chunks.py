"""One stream's events → chunks, read as v0 sums, v1 blocks and v3 events, against the same reply in one body."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk

from langchain_glm.errors import GLMStreamError
from langchain_glm.wire.reply.chunks import ChunkReader
from langchain_glm.wire.reply.completion import to_result
from tests.wire.reply.reading import (
    HEAD,
    USAGE,
    WAYS,
    assembled,
    body,
    chunks_of,
    delta,
    end,
    held,
    part,
    read_all,
    summed,
    whole,
)

FIND = {"id": "c0", "name": "find"}
GET = {"id": "c1", "name": "get"}


def calls(*entries: tuple[str, str, Any]) -> list[dict[str, Any]]:
    return [
        {"id": call_id, "index": index, "type": "function", "function": {"name": name, "arguments": arguments}}
        for index, (call_id, name, arguments) in enumerate(entries)
    ]


ONE = calls(("c0", "find", '{"q":"x"}'))
TWO = calls(("c0", "find", '{"q":"x"}'), ("c1", "get", '{"n":1}'))

# what it shows: the events, and the same reply in one body
SAME: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "text": ([delta(content="Hel"), delta(content="lo"), end()], body(content="Hello")),
    "role in every delta": (
        [delta(role="assistant", content="a"), delta(role="assistant", content="b"), end()],
        body(content="ab"),
    ),
    "reasoning, then text": (
        [delta(reasoning_content="I think"), delta(reasoning_content=" so"), delta(content="yes"), end()],
        body(reasoning_content="I think so", content="yes"),
    ),
    "reasoning and text in one delta": (
        [delta(reasoning_content="r", content="t"), end()],
        body(reasoning_content="r", content="t"),
    ),
    "empty content beside reasoning": (
        [
            delta(content="", reasoning_content="\n"),
            delta(content="", reasoning_content="r"),
            delta(content="t"),
            end(),
        ],
        body(reasoning_content="\nr", content="t"),
    ),
    "reasoning named reasoning": (
        [delta(reasoning="r"), delta(content="t"), end()],
        body(reasoning="r", content="t"),
    ),
    "an empty reasoning_content beside reasoning": (
        [delta(reasoning_content="", reasoning="r"), delta(content="t"), end()],
        body(reasoning_content="", reasoning="r", content="t"),
    ),
    "reasoning under both names is read once": (
        [delta(reasoning_content="r", reasoning="r"), end()],
        body(reasoning_content="r", reasoning="r", content=""),
    ),
    "white space before and after reasoning": (
        [delta(content="\n"), delta(reasoning_content="\nr"), delta(content="\n"), delta(content="t"), end()],
        body(reasoning_content="\nr", content="\n\nt"),
    ),
    "nothing but white space": ([delta(content="\n"), delta(content=" "), end()], body(content="\n ")),
    "white space before a tool call": (
        [delta(content="\n"), part('{"q":"x"}', index=0, **FIND), end("tool_calls")],
        body("tool_calls", content="\n", tool_calls=ONE),
    ),
    "reasoning only, cut by the limit": (
        [delta(reasoning_content="r"), end("length")],
        body("length", reasoning_content="r", content=""),
    ),
    "no content at all": ([end()], body(content="")),
    "content in a list": (
        [delta(content=[{"type": "text", "text": "a"}]), delta(content=[{"type": "text", "text": "b"}]), end()],
        body(content=[{"type": "text", "text": "ab"}]),
    ),
    "content that is null": ([delta(content=None), delta(content="a"), end()], body(content="a")),
    "content in the last event": (
        [delta(content="a"), {**delta("stop", content="b"), "usage": USAGE}],
        body(content="ab"),
    ),
    "null everywhere": (
        [
            {
                **HEAD,
                "usage": None,
                "web_search": None,
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": None,
                        "logprobs": None,
                        "delta": {"role": None, "content": "a", "reasoning_content": None, "tool_calls": None},
                    }
                ],
            },
            {**HEAD, "choices": None},
            {**HEAD, "choices": [None]},
            {**HEAD, "choices": [{"index": 0, "delta": None}]},
            end(),
        ],
        body(content="a"),
    ),
    "message instead of delta": (
        [{**HEAD, "choices": [{"index": 0, "message": {"role": "assistant", "content": "a"}}]}, end()],
        body(content="a"),
    ),
    "a whole body, given as the only event": (
        [body(content="a", reasoning_content="r"), {}],
        body(content="a", reasoning_content="r"),
    ),
    "a whole body with tool calls": (
        [body("tool_calls", content="", tool_calls=TWO), {}],
        body("tool_calls", content="", tool_calls=TWO),
    ),
    "indices of choices mean nothing": (
        [{**HEAD, "choices": [{"index": n, "delta": {"content": text}}]} for n, text in enumerate("abc")] + [end()],
        body(content="abc"),
    ),
    "no finish_reason, but [DONE]": (
        [delta(content="a"), {**HEAD, "choices": [], "usage": USAGE}, {}],
        {**body(content="a"), "choices": [{"message": {"content": "a"}}]},
    ),
    "a finish_reason, but no [DONE]": ([delta(content="a"), end()], body(content="a")),
    "the finish_reason three times": (
        [
            {
                **part('{"q":"x"}', index=0, **FIND),
                "choices": [{**part('{"q":"x"}', index=0, **FIND)["choices"][0], "finish_reason": "tool_calls"}],
            },
            delta("tool_calls"),
            end("tool_calls"),
        ],
        body("tool_calls", content="", tool_calls=ONE),
    ),
    "usage in an event of its own": (
        [delta(content="a"), delta("stop"), {**HEAD, "choices": [], "usage": USAGE}],
        body(content="a"),
    ),
    "usage twice": ([delta(content="a"), end(), {**HEAD, "choices": [], "usage": USAGE}], body(content="a")),
    "usage in every event, adding up": (
        [
            {**delta(content="a"), "usage": {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}},
            {**delta(content="b"), "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}},
            end(),
        ],
        body(content="ab"),
    ),
    "usage inside the choice": (
        [delta(content="a"), {**HEAD, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "usage": USAGE}]}],
        body(content="a"),
    ),
    "null and empty usage after the real one": (
        [
            {**delta(content="a"), "usage": USAGE},
            {**delta("stop"), "usage": None},
            {**HEAD, "choices": [], "usage": {}},
        ],
        body(content="a"),
    ),
    "usage that is no object after the real one": (
        [{**delta(content="a"), "usage": USAGE}, {**delta("stop"), "usage": "none"}],
        body(content="a"),
    ),
    "the same inside the choice": (
        [
            {**delta(content="a"), "usage": USAGE},
            {**HEAD, "choices": [{"delta": {}, "finish_reason": "stop", "usage": 7}]},
        ],
        body(content="a"),
    ),
    "id, model and created that change": (
        [delta(content="a"), {**delta(content="b"), "id": "other", "model": "other", "created": 8}, end()],
        body(content="ab"),
    ),
    "an empty id, then the real one": ([{**delta(content="a"), "id": ""}, end()], body(content="a")),
    "created 0": (
        [{**delta(content="a"), "created": 0}, {**end(), "created": 0}],
        body(content="a", top={"created": 0}),
    ),
    "fields that nobody knows": (
        [delta(content="a"), end(cost={"usd": 0.1}, provider="x")],
        body(content="a", top={"cost": {"usd": 0.1}, "provider": "x"}),
    ),
    "a choice's own fields": (
        [
            delta(content="a"),
            {
                **HEAD,
                "usage": USAGE,
                "choices": [{"index": 0, "finish_reason": "stop", "delta": {}, "native_finish_reason": "eos"}],
            },
        ],
        {
            **HEAD,
            "usage": USAGE,
            "choices": [
                {"index": 0, "finish_reason": "stop", "native_finish_reason": "eos", "message": {"content": "a"}}
            ],
        },
    ),
    "a choice's own fields, in a choice without an index": (
        [
            delta(content="a"),
            {
                **HEAD,
                "usage": USAGE,
                "choices": [{"finish_reason": "stop", "delta": {}, "native_finish_reason": "eos"}],
            },
        ],
        {
            **HEAD,
            "usage": USAGE,
            "choices": [{"finish_reason": "stop", "native_finish_reason": "eos", "message": {"content": "a"}}],
        },
    ),
    "names of ours that the server uses too": (
        [delta(content="a"), end(model_provider="them", model_name="theirs", token_usage=1)],
        body(content="a", top={"model_provider": "them", "model_name": "theirs", "token_usage": 1}),
    ),
    # tool calls
    "one whole call": (
        [part('{"q":"x"}', index=0, **FIND), end("tool_calls")],
        body("tool_calls", content="", tool_calls=ONE),
    ),
    "text, reasoning and a call": (
        [delta(reasoning_content="r"), delta(content="t"), part('{"q":"x"}', index=0, **FIND), end("tool_calls")],
        body("tool_calls", reasoning_content="r", content="t", tool_calls=ONE),
    ),
    "all in one event": (
        [{**delta("tool_calls", role="assistant", content="t", reasoning_content="r", tool_calls=TWO), "usage": USAGE}],
        body("tool_calls", reasoning_content="r", content="t", tool_calls=TWO),
    ),
    "two whole calls": (
        [part('{"q":"x"}', index=0, **FIND), part('{"n":1}', index=1, **GET), end("tool_calls")],
        body("tool_calls", content="", tool_calls=TWO),
    ),
    "two calls of one id, both of index -1": (
        [
            part('{"q":"x"}', index=-1, **FIND),
            part('{"q":"y"}', index=-1, **FIND),
            part("{}", index=-1, id="c0", name="get"),
            end("tool_calls"),
        ],
        body(
            "tool_calls",
            content="",
            tool_calls=calls(("c0", "find", '{"q":"x"}'), ("c0", "find", '{"q":"y"}'), ("c0", "get", "{}")),
        ),
    ),
    "fragments of index -1 that repeat id and name": (
        [
            part("", index=-1, **FIND),
            part('{"q"', index=-1, **FIND),
            part(':"x"}', index=-1, **FIND),
            end("tool_calls"),
        ],
        body("tool_calls", content="", tool_calls=ONE),
    ),
    "a whole call of index -1, repeated without arguments": (
        [part('{"q":"x"}', index=-1, **FIND), part("", index=-1, **FIND), end("tool_calls")],
        body("tool_calls", content="", tool_calls=ONE),
    ),
    "two calls, both of index -1": (
        [part('{"q":"x"}', index=-1, **FIND), part('{"n":1}', index=-1, **GET), end("tool_calls")],
        body("tool_calls", content="", tool_calls=TWO),
    ),
    "two calls without an index": (
        [part('{"q":"x"}', **FIND), part('{"n":1}', **GET), end("tool_calls")],
        body("tool_calls", content="", tool_calls=TWO),
    ),
    "two calls of one name, both of index -1": (
        [part('{"q":"x"}', index=-1, **FIND), part('{"q":"y"}', index=-1, id="c1", name="find"), end("tool_calls")],
        body("tool_calls", content="", tool_calls=calls(("c0", "find", '{"q":"x"}'), ("c1", "find", '{"q":"y"}'))),
    ),
    "two calls without ids, both of index -1": (
        [part('{"q":"x"}', index=-1, name="find"), part('{"n":1}', index=-1, name="get"), end("tool_calls")],
        body(
            "tool_calls",
            content="",
            tool_calls=[
                {"function": {"name": "find", "arguments": '{"q":"x"}'}},
                {"function": {"name": "get", "arguments": '{"n":1}'}},
            ],
        ),
    ),
    "two calls of one name without ids, both of index -1": (
        [part('{"q":"x"}', index=-1, name="find"), part('{"q":"y"}', index=-1, name="find"), end("tool_calls")],
        body(
            "tool_calls",
            content="",
            tool_calls=[
                {"function": {"name": "find", "arguments": '{"q":"x"}'}},
                {"function": {"name": "find", "arguments": '{"q":"y"}'}},
            ],
        ),
    ),
    "two calls without ids or indices": (
        [part('{"q":"x"}', name="find"), part('{"n":1}', name="get"), end("tool_calls")],
        body(
            "tool_calls",
            content="",
            tool_calls=[
                {"function": {"name": "find", "arguments": '{"q":"x"}'}},
                {"function": {"name": "get", "arguments": '{"n":1}'}},
            ],
        ),
    ),
    "fragments that lack id and name": (
        [part("", index=0, **FIND), part('{"q":', index=0), part('"x"}', index=0), end("tool_calls")],
        body("tool_calls", content="", tool_calls=ONE),
    ),
    "fragments with id and name null, as Kimi's are": (
        [part("", index=0, **FIND), part('{"q":"x"}', index=0, id=None, name=None), end("tool_calls")],
        body("tool_calls", content="", tool_calls=ONE),
    ),
    "fragments with an empty name": (
        [part('{"q"', index=0, **FIND), part(':"x"}', index=0, name=""), end("tool_calls")],
        body("tool_calls", content="", tool_calls=ONE),
    ),
    "fragments that repeat id and name": (
        [part('{"q"', index=0, **FIND), part(':"x"}', index=0, **FIND), end("tool_calls")],
        body("tool_calls", content="", tool_calls=ONE),
    ),
    "fragments that repeat the name": (
        [part('{"q"', index=0, **FIND), part(':"x"}', index=0, name="find"), end("tool_calls")],
        body("tool_calls", content="", tool_calls=ONE),
    ),
    "fragments with an id of their own": (
        [part('{"q"', index=0, **FIND), part(':"x"}', index=0, id="other"), end("tool_calls")],
        body("tool_calls", content="", tool_calls=ONE),
    ),
    "fragments of two calls in turn": (
        [
            part('{"q"', index=0, **FIND),
            part('{"n"', index=1, **GET),
            part(':"x"}', index=0),
            part(":1}", index=1),
            end("tool_calls"),
        ],
        body("tool_calls", content="", tool_calls=TWO),
    ),
    "the same with ids of their own": (
        [
            part('{"q"', index=0, **FIND),
            part('{"n"', index=1, **GET),
            part(':"x"}', index=0, id="other0"),
            part(":1}", index=1, id="other1"),
            end("tool_calls"),
        ],
        body("tool_calls", content="", tool_calls=TWO),
    ),
    "fragments without an index": (
        [part('{"q"', index=0, **FIND), part(':"x"}'), end("tool_calls")],
        body("tool_calls", content="", tool_calls=ONE),
    ),
    "two fragments in one delta": (
        [
            delta(
                tool_calls=[
                    {"index": 0, "id": "c0", "function": {"name": "find", "arguments": '{"q"'}},
                    {"index": 0, "function": {"arguments": ':"x"}'}},
                ]
            ),
            end("tool_calls"),
        ],
        body("tool_calls", content="", tool_calls=ONE),
    ),
    "a name that comes after the id": (
        [part(None, index=0, id="c0"), part("", index=0, name="find"), part('{"q":"x"}', index=0), end("tool_calls")],
        body("tool_calls", content="", tool_calls=ONE),
    ),
    "arguments in an object": (
        [part({"q": "x"}, index=0, **FIND), end("tool_calls")],
        body("tool_calls", content="", tool_calls=calls(("c0", "find", {"q": "x"}))),
    ),
    "no arguments": (
        [part(None, index=0, **FIND), end("tool_calls")],
        body("tool_calls", content="", tool_calls=calls(("c0", "find", None))),
    ),
    "empty arguments": (
        [part("", index=0, **FIND), end("tool_calls")],
        body("tool_calls", content="", tool_calls=calls(("c0", "find", ""))),
    ),
    "a call without an id": (
        [part('{"q":"x"}', index=0, name="find"), end("tool_calls")],
        body("tool_calls", content="", tool_calls=[{"function": {"name": "find", "arguments": '{"q":"x"}'}}]),
    ),
    "a call without an id, in an event whose id comes last": (
        [dict(reversed(part('{"q":"x"}', index=0, name="find").items())), end("tool_calls")],
        body("tool_calls", content="", tool_calls=[{"function": {"name": "find", "arguments": '{"q":"x"}'}}]),
    ),
    "entries that are no calls": (
        [delta(tool_calls=[None, 7, {"function": None}, {}]), delta(content="a"), end()],
        body(content="a", tool_calls=[None, 7, {"function": None}, {}]),
    ),
    "an MCP call, which is not to be run": (
        [
            delta(tool_calls=[{"id": "m", "type": "mcp", "mcp": {"id": "m", "type": "mcp_call", "name": "look"}}]),
            delta(content="a"),
            end(),
        ],
        body(
            content="a", tool_calls=[{"id": "m", "type": "mcp", "mcp": {"id": "m", "type": "mcp_call", "name": "look"}}]
        ),
    ),
    "calls in two choices of one event": (
        [
            {
                **HEAD,
                "choices": [
                    {"index": 0, "delta": {"tool_calls": [{"id": "c0", "index": 0, "function": {"name": "find"}}]}},
                    {"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": '{"q":"x"}'}}]}},
                ],
            },
            end("tool_calls"),
        ],
        body("tool_calls", content="", tool_calls=ONE),
    ),
    # fields of a message that are not read by name
    "a field of the message that nobody knows": (
        [delta(content="a", note={"x": 1}), delta(content="b", note=None), end()],
        body(content="ab", note={"x": 1}),
    ),
    "a text in pieces that nobody knows": (
        [delta(note="a", details=[1]), delta(content="t", note="b", details=[2, 3]), delta(note="", details=[]), end()],
        body(content="t", note="ab", details=[1, 2, 3]),
    ),
    "a field of several types, of which the last value counts": (
        [delta(content="a", note="x"), delta(note=[1]), delta(note=7), end()],
        body(content="a", note=7),
    ),
    "a field of the message that the reply has too": (
        [delta(content="a", request_id="inner"), end(request_id="q7")],
        body(content="a", request_id="inner", top={"request_id": "q7"}),
    ),
    "counts in floats": (
        [delta(content="a"), {**end(), "usage": {"prompt_tokens": 10.0, "completion_tokens": 5.0}}],
        body(content="a", top={"usage": {"prompt_tokens": 10.0, "completion_tokens": 5.0}}),
    ),
    # what safety and search add
    "the flagged side, with role user": (
        [
            delta(content="a"),
            {
                **HEAD,
                "usage": USAGE,
                "content_filter": [{"role": "user", "level": 0}],
                "choices": [{"index": 0, "finish_reason": "sensitive", "delta": {"role": "user", "content": ""}}],
            },
        ],
        body("sensitive", content="a", top={"content_filter": [{"role": "user", "level": 0}]}),
    ),
    "search results on the last event": (
        [delta(content="so [ref_1]."), end(web_search=[{"refer": "ref_1", "link": "https://a.example", "title": "A"}])],
        body(
            content="so [ref_1].", top={"web_search": [{"refer": "ref_1", "link": "https://a.example", "title": "A"}]}
        ),
    ),
    "search results on the first event": (
        [
            {**delta(content="so [re"), "web_search": [{"refer": "ref_1", "link": "https://a.example"}]},
            delta(content="f_1]."),
            end(),
        ],
        body(content="so [ref_1].", top={"web_search": [{"refer": "ref_1", "link": "https://a.example"}]}),
    ),
    "a refusal in pieces": (
        [delta(refusal="I can"), delta(refusal="not."), end()],
        body(content=None, refusal="I cannot."),
    ),
}


@pytest.mark.parametrize(("events", "reply"), SAME.values(), ids=SAME)
def test_every_way_of_streaming_holds_what_the_whole_reply_holds(
    events: list[dict[str, Any]], reply: dict[str, Any]
) -> None:
    expected = held(whole(reply))
    assert read_all(events) == dict.fromkeys(WAYS, expected)


@pytest.mark.parametrize(("events", "reply"), SAME.values(), ids=SAME)
def test_what_belongs_to_the_whole_reply_comes_once_on_a_last_chunk_without_content(
    events: list[dict[str, Any]], reply: dict[str, Any]
) -> None:
    *before, last = chunks_of(events)
    message = last.message
    assert isinstance(message, AIMessageChunk)
    assert (message.content, message.tool_call_chunks, message.chunk_position) == ("", [], "last")
    assert message.usage_metadata is not None
    for chunk in before:
        assert isinstance(chunk.message, AIMessageChunk)
        assert chunk.message.response_metadata == {"model_provider": "glm"}
        assert chunk.message.usage_metadata is None
        assert chunk.message.chunk_position is None
        assert chunk.generation_info is None
        assert chunk.message.content or chunk.message.tool_call_chunks or chunk.message.additional_kwargs


def test_a_plain_stream_as_literals() -> None:
    events = [
        delta(reasoning_content="r"),
        delta(content="t"),
        part('{"q":"x"}', index=0, **FIND),
        end("tool_calls", request_id="q7"),
    ]
    expected = {
        "text": "t",
        "reasoning": "r",
        "tool_calls": [("c0", "find", {"q": "x"})],
        "invalid": [],
        "usage": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15},
        "metadata": {
            "model_provider": "glm",
            "host": "gateway",
            "model_name": "glm-5.2",
            "finish_reason": "tool_calls",
            "id": "20261001120000abcd",
            "request_id": "q7",
            "created": 7,
            "token_usage": USAGE,
            "reasoning_content": "r",
        },
    }
    assert read_all(events) == dict.fromkeys(WAYS, expected)


def test_text_is_given_out_as_it_comes() -> None:
    texts = [chunk.text for chunk in chunks_of([delta(content="a"), delta(content=" "), delta(content="b"), end()])]
    assert texts == ["a", " ", "b", ""]


def test_white_space_waits_for_the_text_that_it_precedes() -> None:
    chunks = chunks_of([delta(content="\n"), delta(reasoning_content="r"), delta(content="t"), end()])
    assert [chunk.text for chunk in chunks] == ["", "\nt", ""]


def test_events_without_anything_give_no_chunk() -> None:
    reader = ChunkReader({})
    quiet = [delta(), delta(role="assistant", content=""), {**HEAD, "choices": []}, {"id": "x"}, {}]
    assert [reader.read(event) for event in quiet] == [None] * len(quiet)


def test_each_call_gets_an_index_of_ours() -> None:
    chunks = chunks_of([part('{"q":"x"}', index=-1, **FIND), part('{"n":1}', index=-1, **GET), end("tool_calls")])
    parts = [part for chunk in chunks for part in getattr(chunk.message, "tool_call_chunks", [])]
    assert [(part["index"], part["id"], part["name"]) for part in parts] == [(0, "c0", "find"), (1, "c1", "get")]


@pytest.mark.parametrize(
    "raw", ["null", "[1]", '"x"', "1", "true", "nonsense", "   ", '{"q":"x"}}', '{"q":"x"} {"q":"y"}', "{'q': 1}"]
)
@pytest.mark.parametrize("pieces", [1, 2])
def test_arguments_that_are_no_object_are_an_invalid_call_in_every_way(raw: str, pieces: int) -> None:
    half = len(raw) // pieces
    events = [part(raw[:half], index=0, **FIND), part(raw[half:], index=0), end("tool_calls")]
    reply = body("tool_calls", content="", tool_calls=calls(("c0", "find", raw)))
    expected = held(whole(reply))
    assert (expected["tool_calls"], expected["invalid"]) == ([], [("c0", "find")])
    assert read_all(events) == dict.fromkeys(WAYS, expected)


def test_an_invalid_call_does_not_hurt_the_call_beside_it() -> None:
    events = [part('{"q":', index=0, **FIND), part('{"n":1}', index=1, **GET), end("length")]
    for read in read_all(events).values():
        assert (read["tool_calls"], read["invalid"]) == ([("c1", "get", {"n": 1})], [("c0", "find")])


SCHEMAS = {"find": {"type": "object", "properties": {"where": {"type": "object"}, "q": {"type": "string"}}}}
STRINGIFIED = '{"where":"{\\"city\\": \\"北京\\"}","q":"{}"}'


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_json_in_a_string_is_read_where_the_schema_wants_an_object(size: int) -> None:
    pieces = [STRINGIFIED[i : i + size] for i in range(0, len(STRINGIFIED), size)]
    events = [part(pieces[0], index=0, **FIND), *(part(piece, index=0) for piece in pieces[1:]), end("tool_calls")]
    expected = held(whole(body("tool_calls", content="", tool_calls=calls(("c0", "find", STRINGIFIED))), SCHEMAS))
    assert expected["tool_calls"] == [("c0", "find", {"where": {"city": "北京"}, "q": "{}"})]
    assert read_all(events, SCHEMAS) == dict.fromkeys(WAYS, expected)


def test_arguments_that_are_json_in_a_string_as_a_whole_are_invalid_in_every_way() -> None:
    raw = '"{\\"q\\": \\"x\\"}"'
    expected = held(whole(body("tool_calls", content="", tool_calls=calls(("c0", "find", raw))), SCHEMAS))
    assert expected["invalid"] == [("c0", "find")]
    assert read_all([part(raw, index=0, **FIND), end("tool_calls")], SCHEMAS) == dict.fromkeys(WAYS, expected)


@pytest.mark.parametrize("properties", [[], "x", 1, None])
def test_a_schema_whose_properties_are_none_changes_nothing(properties: Any) -> None:
    schemas = {"find": {"type": "object", "properties": properties}}
    read = read_all([part('{"q":"x"}', index=0, **FIND), end("tool_calls")], schemas)
    assert read["v0"]["tool_calls"] == [("c0", "find", {"q": "x"})]


# a reply that breaks off

HALF = [delta(reasoning_content="r"), delta(content="t"), part('{"where":"{\\"ci', index=0, **FIND)]


def test_a_stream_that_just_ends_raises() -> None:
    with pytest.raises(GLMStreamError, match="the stream ended before the reply did") as caught:
        chunks_of(HALF)
    assert caught.value.is_retryable


def test_a_stream_of_nothing_raises() -> None:
    with pytest.raises(GLMStreamError):
        chunks_of([])


@pytest.mark.parametrize("schemas", [{}, SCHEMAS], ids=["passed on", "held back"])
def test_partial_holds_all_that_came(schemas: dict[str, Any]) -> None:
    reader = ChunkReader(schemas)
    for event in HALF:
        reader.read(event)
    with pytest.raises(GLMStreamError):
        reader.finish(marked_end=False)
    for _ in range(2):
        message = reader.partial()
        assert message.content == "t"
        assert message.additional_kwargs == {"reasoning_content": "r"}
        assert message.tool_calls == []
        assert [(call["id"], call["name"], call["args"]) for call in message.invalid_tool_calls] == [
            ("c0", "find", '{"where":"{\\"ci')
        ]
        assert message.response_metadata["model_name"] == "glm-5.2"
        assert "finish_reason" not in message.response_metadata


def test_partial_holds_white_space_that_still_waits() -> None:
    reader = ChunkReader({})
    reader.read(delta(content="\n"))
    assert reader.partial().content == "\n"


def test_partial_of_nothing_is_an_empty_message() -> None:
    message = ChunkReader({}).partial()
    assert (message.content, message.invalid_tool_calls) == ("", [])


@pytest.mark.parametrize("reason", ["stop", "length", "sensitive", "model_context_window_exceeded", "content_filter"])
def test_every_finish_reason_is_said_once_and_as_sent(reason: str) -> None:
    for read in read_all([delta(content="a"), end(reason)]).values():
        assert read["metadata"]["finish_reason"] == reason


def test_log_probabilities_are_collected() -> None:
    first = {**HEAD, "choices": [{"index": 0, "delta": {"content": "a"}, "logprobs": {"content": [{"token": "a"}]}}]}
    second = {**HEAD, "choices": [{"index": 0, "delta": {"content": "b"}, "logprobs": {"content": [{"token": "b"}]}}]}
    for read in read_all([first, second, end()]).values():
        assert read["metadata"]["logprobs"] == {"content": [{"token": "a"}, {"token": "b"}]}


def test_the_text_block_of_v3_carries_the_citations() -> None:
    results = [{"refer": "ref_1", "link": "https://a.example", "title": "A"}]
    message = assembled(chunks_of([delta(content="so [ref_1]."), end(web_search=results)]))
    blocks: list[Any] = message.content_blocks
    text = next(block for block in blocks if block["type"] == "text")
    assert text["annotations"][0]["url"] == "https://a.example"


@pytest.mark.parametrize("way", WAYS)
def test_a_refusal_in_pieces_is_put_together(way: str) -> None:
    message = WAYS[way](chunks_of([delta(refusal="I can"), delta(refusal="not."), end()]))
    assert message.additional_kwargs == {"refusal": "I cannot."}


REASONING_FIELDS = [("reasoning_content", None), ("reasoning", "reasoning")]


@pytest.mark.parametrize(("field", "noted"), REASONING_FIELDS)
def test_the_name_under_which_reasoning_came_is_noted_if_it_is_not_the_usual(field: str, noted: str | None) -> None:
    read = read_all([delta(**{field: "r"}), delta(**{field: "s"}), delta(content="t"), end()])
    message: dict[str, Any] = {"content": "t", field: "rs"}
    for found in (*read.values(), held(whole(body(**message)))):
        assert found["reasoning"] == "rs"
        assert found["metadata"].get("reasoning_field") == noted


NAMES = {"find_b52c": "find.things/寻找"}


@pytest.mark.parametrize("schemas", [{}, {"find_b52c": SCHEMAS["find"]}], ids=["no schema", "schema"])
def test_calls_have_the_tools_own_names(schemas: dict[str, Any]) -> None:
    sent = calls(("c0", "find_b52c", STRINGIFIED if schemas else '{"q": "x"}'), ("c1", "get", "{}"))
    events = [delta(tool_calls=sent[:1]), delta(tool_calls=sent[1:]), end("tool_calls")]
    message = to_result(body("tool_calls", content="", tool_calls=sent), schemas, names=NAMES).generations[0].message
    assert isinstance(message, AIMessage)
    assert [call["name"] for call in message.tool_calls] == ["find.things/寻找", "get"]
    assert message.tool_calls[0]["args"] == ({"where": {"city": "北京"}, "q": "{}"} if schemas else {"q": "x"})
    for way in WAYS.values():
        reader = ChunkReader(schemas, names=NAMES)
        chunks = [chunk for event in events if (chunk := reader.read(event))] + reader.finish(marked_end=True)
        assert held(way(chunks)) == held(message)


def test_invalid_and_unfinished_calls_have_the_tools_own_names() -> None:
    sent = calls(("c0", "find_b52c", "{"))
    message = to_result(body("length", tool_calls=sent), {}, names=NAMES).generations[0].message
    reader = ChunkReader({}, names=NAMES)
    reader.read(delta(tool_calls=sent))
    for read in (message, reader.partial()):
        assert isinstance(read, AIMessage)
        assert [call["name"] for call in read.invalid_tool_calls] == ["find.things/寻找"]


# the data of each piece, and of the whole
SOUNDS = [
    (["QUJD", "REVG"], "QUJDREVG"),
    (["QU", "JDRE", "VG"], "QUJDREVG"),
    (["QUI=", "QUI=", "QUI="], "QUJBQkFC"),
    (["QUI=", "!"], "QUI=!"),
    (["QUJD"], "QUJD"),
]


@pytest.mark.parametrize(("pieces", "data"), SOUNDS)
@pytest.mark.parametrize("way", WAYS)
def test_sound_in_pieces_is_put_together(way: str, pieces: list[str], data: str) -> None:
    events = [delta(audio={"id": "a", "data": piece, "transcript": "x"}) for piece in pieces]
    message = WAYS[way](chunks_of([*events, delta(audio={"expires_at": 7, "data": None}), end()]))
    assert message.additional_kwargs == {
        "audio": {"id": "a", "data": data, "transcript": "x" * len(pieces), "expires_at": 7}
    }


def test_sound_that_is_no_object_is_kept() -> None:
    message = summed(chunks_of([delta(audio={"data": "QUJD"}), delta(audio="x"), end()]))
    assert message.additional_kwargs == {"audio": "x"}
