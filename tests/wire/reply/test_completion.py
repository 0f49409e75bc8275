"""A whole reply → `ChatResult`."""

from __future__ import annotations

from typing import Any

import pytest

from langchain_glm.errors import GLMServerError
from langchain_glm.wire.reply.citations import citations
from langchain_glm.wire.reply.completion import to_result
from tests.wire.reply.reading import HEAD, USAGE, body, whole


def call(arguments: Any, **fields: Any) -> dict[str, Any]:
    return {"id": "c0", "index": 0, "type": "function", "function": {"name": "find", "arguments": arguments}, **fields}


def test_a_reply_as_literals() -> None:
    reply = body(
        "tool_calls",
        content="\nlet me see",
        reasoning_content="\nr",
        tool_calls=[call('{"城市":"北京"}', id="call_-8253029693173836583")],
        top={"request_id": "q7", "web_search": [{"refer": "ref_1"}], "content_filter": [{"role": "user", "level": 3}]},
    )
    result = to_result(reply, {})
    message = whole(reply)
    assert message.content == "\nlet me see"
    assert message.additional_kwargs == {"reasoning_content": "\nr"}
    assert message.tool_calls == [
        {"name": "find", "args": {"城市": "北京"}, "id": "call_-8253029693173836583", "type": "tool_call"}
    ]
    assert message.invalid_tool_calls == []
    assert message.usage_metadata == {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    assert message.response_metadata == {
        "model_provider": "glm",
        "host": "gateway",
        "model_name": "glm-5.2",
        "finish_reason": "tool_calls",
        "id": "20261001120000abcd",
        "request_id": "q7",
        "created": 7,
        "web_search": [{"refer": "ref_1"}],
        "content_filter": [{"role": "user", "level": 3}],
        "token_usage": USAGE,
        "reasoning_content": "\nr",
    }
    assert result.llm_output == {"token_usage": USAGE, "model_name": "glm-5.2"}
    assert result.generations[0].generation_info == {"finish_reason": "tool_calls"}


# the message's content, and the text
CONTENTS: list[tuple[dict[str, Any], str]] = [
    ({}, ""),
    ({"content": None}, ""),
    ({"content": ""}, ""),
    ({"content": "\n\nHi"}, "\n\nHi"),
    ({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, "ab"),
    ({"content": [{"type": "text"}, {"type": "image_url"}, "c", None, {"type": "text", "text": "b"}]}, "b"),
    ({"content": {"text": "a"}}, ""),
    ({"content": 7}, ""),
    ({"content": "<|begin_of_box|>4<|end_of_box|>"}, "<|begin_of_box|>4<|end_of_box|>"),
    ({"content": "<think>a</think>b"}, "<think>a</think>b"),
]


@pytest.mark.parametrize(("message", "text"), CONTENTS)
def test_content_is_read(message: dict[str, Any], text: str) -> None:
    assert whole(body(**message)).content == text


REASONINGS: list[tuple[dict[str, Any], str | None]] = [
    ({}, None),
    ({"reasoning_content": None}, None),
    ({"reasoning_content": ""}, None),
    ({"reasoning_content": "\n"}, "\n"),
    ({"reasoning_content": "a"}, "a"),
    ({"reasoning": "a"}, "a"),
    ({"reasoning_content": None, "reasoning": "a"}, "a"),
    ({"reasoning_content": "", "reasoning": "a"}, "a"),
    ({"reasoning_content": "a", "reasoning": "b"}, "a"),
    ({"reasoning": {"summary": "a"}}, None),
]


@pytest.mark.parametrize(("message", "reasoning"), REASONINGS)
def test_reasoning_is_read(message: dict[str, Any], reasoning: str | None) -> None:
    read = whole(body(content="t", **message))
    assert read.additional_kwargs.get("reasoning_content") == reasoning
    assert read.response_metadata.get("reasoning_content") == reasoning


# the arguments as sent; as read, or None where they are invalid
ARGUMENTS: list[tuple[Any, dict[str, Any] | None]] = [
    ('{"q": "x"}', {"q": "x"}),
    ({"q": "x"}, {"q": "x"}),
    ({}, {}),
    ("{}", {}),
    ("", {}),
    (None, {}),
    ("null", None),
    ("[1]", None),
    ([1], None),
    ('"x"', None),
    ("1", None),
    (1, None),
    (True, None),
    ("{", None),
    ('{"q": "x"}}', None),
    ("nonsense", None),
    ("  ", None),
    (' {"q": 1}\n', {"q": 1}),
    ('{"q": 1, "q": 2}', {"q": 2}),
    ("[" * 100_000, None),
    (f'{{"q": {"9" * 5000}}}', None),
]


@pytest.mark.parametrize(("sent", "read"), ARGUMENTS, ids=lambda value: repr(value)[:30])
def test_arguments_are_read(sent: Any, read: dict[str, Any] | None) -> None:
    message = whole(body("tool_calls", content="", tool_calls=[call(sent)]))
    assert [entry["args"] for entry in message.tool_calls] == ([] if read is None else [read])
    assert [entry["id"] for entry in message.invalid_tool_calls] == (["c0"] if read is None else [])


def test_an_invalid_call_keeps_what_was_sent() -> None:
    (invalid,) = whole(body("tool_calls", content="", tool_calls=[call('{"q": ')])).invalid_tool_calls
    assert invalid == {
        "type": "invalid_tool_call",
        "id": "c0",
        "name": "find",
        "args": '{"q": ',
        "error": "The arguments are not a JSON object.",
    }


@pytest.mark.parametrize("sent", [None, "", 7, {"a": 1}])
def test_a_call_without_an_id_gets_one_that_can_be_answered(sent: Any) -> None:
    message = whole(body("tool_calls", content="", tool_calls=[call("{}", id=sent), call("{}", id=sent)]))
    assert [entry["id"] for entry in message.tool_calls] == ["call_20261001120000abcd_0", "call_20261001120000abcd_1"]


@pytest.mark.parametrize("calls", [None, [], {}, "x", [None], [7], [{}], [{"function": None}], [{"function": "f"}]])
def test_what_is_no_call_is_none(calls: Any) -> None:
    message = whole(body(content="t", tool_calls=calls))
    assert (message.tool_calls, message.invalid_tool_calls) == ([], [])


def test_an_mcp_call_is_not_to_be_run() -> None:
    entry = {"id": "m", "type": "mcp", "mcp": {"type": "mcp_call", "name": "look"}, "function": {"name": "look"}}
    message = whole(body(content="t", tool_calls=[entry, call("{}")]))
    assert [held["name"] for held in message.tool_calls] == ["find"]
    assert message.response_metadata["mcp"] == [entry]


def test_arguments_are_read_by_the_schema() -> None:
    schemas = {"find": {"properties": {"p": {"type": "object"}}}}
    message = whole(body("tool_calls", content="", tool_calls=[call('{"p": "{\\"x\\": 1}"}')]), schemas)
    assert message.tool_calls[0]["args"] == {"p": {"x": 1}}


def test_each_choice_is_a_generation() -> None:
    choices = [{"index": n, "finish_reason": "stop", "message": {"content": text}} for n, text in enumerate("ab")]
    result = to_result({**HEAD, "choices": choices, "usage": USAGE}, {})
    assert [generation.text for generation in result.generations] == ["a", "b"]


# where the usage stands, and whether it is found
USAGES: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({"usage": USAGE}, {}, True),
    ({}, {"usage": USAGE}, True),
    ({"usage": None}, {"usage": USAGE}, True),
    ({"usage": "none"}, {"usage": USAGE}, True),
    ({"usage": {}}, {}, False),
    ({"usage": "none"}, {}, False),
    ({}, {}, False),
]


@pytest.mark.parametrize(("top", "choice", "found"), USAGES)
def test_usage_is_found(top: dict[str, Any], choice: dict[str, Any], found: bool) -> None:
    reply = {"id": "x", **top, "choices": [{"message": {"content": "a"}, **choice}]}
    message = whole(reply)
    assert (message.usage_metadata is not None) is found
    assert message.response_metadata.get("token_usage") == (USAGE if found else None)
    assert to_result(reply, {}).llm_output == {"token_usage": USAGE if found else {}, "model_name": None}


@pytest.mark.parametrize("choices", [None, [], {}, "x", 7, [None], [[]], [7]])
def test_a_reply_without_choices_raises(choices: Any) -> None:
    with pytest.raises(GLMServerError, match="no choices") as caught:
        to_result({"id": "x", "request_id": "q7", "choices": choices}, {})
    assert caught.value.request_id == "q7"


@pytest.mark.parametrize("message", [None, "x", [], 7])
def test_a_choice_without_a_message_is_an_empty_one(message: Any) -> None:
    assert whole({"choices": [{"message": message, "finish_reason": "stop"}]}).content == ""


def test_a_delta_is_taken_for_a_message() -> None:
    assert whole({"choices": [{"delta": {"content": "a"}}]}).content == "a"


def test_fields_that_nobody_knows_are_kept() -> None:
    read = whole(body(content="a", note={"x": [1]}, score=0, empty=None, none=[], model_provider="theirs"))
    kept = {key: read.response_metadata.get(key) for key in ("note", "score", "empty", "none", "model_provider")}
    assert kept == {"note": {"x": [1]}, "score": 0, "empty": None, "none": None, "model_provider": "glm"}


def test_speech_and_refusals_are_kept() -> None:
    read = whole(body(content=None, audio={"id": "a", "data": "QUJD"}, refusal="no"))
    assert read.additional_kwargs == {"audio": {"id": "a", "data": "QUJD"}, "refusal": "no"}


def test_the_servers_fields_do_not_hide_ours() -> None:
    read = whole(body(content="a", top={"model_provider": "them", "model_name": "x", "finish_reason": "y"}))
    assert read.response_metadata["model_provider"] == "glm"
    assert read.response_metadata["model_name"] == "glm-5.2"
    assert read.response_metadata["finish_reason"] == "stop"


A = {"refer": "ref_1", "link": "https://a.example", "title": "A"}
B = {"refer": "ref_2", "link": "", "title": None}


def cite(start: int, stop: int, refer: str, **source: str) -> dict[str, Any]:
    return {"type": "citation", "start_index": start, "end_index": stop, **source, "extras": {"refer": refer}}


CITED: list[tuple[str, Any, list[dict[str, Any]]]] = [
    ("a [ref_1].", [A], [cite(2, 9, "ref_1", url="https://a.example", title="A")]),
    (
        "[ref_1][ref_2] [ref_1]",
        [A, B],
        [
            cite(0, 7, "ref_1", url="https://a.example", title="A"),
            cite(7, 14, "ref_2"),
            cite(15, 22, "ref_1", url="https://a.example", title="A"),
        ],
    ),
    ("a [Source: ref_1].", [A], [cite(2, 17, "ref_1", url="https://a.example", title="A")]),
    ("[来源：ref_1]", [A], [cite(0, 10, "ref_1", url="https://a.example", title="A")]),
    ("【ref_1】", [A], [cite(0, 7, "ref_1", url="https://a.example", title="A")]),
    ("【来源: ref_1】", [A], [cite(0, 11, "ref_1", url="https://a.example", title="A")]),
    (
        "a [ref_1, ref_2]",
        [A, B],
        [cite(2, 16, "ref_1", url="https://a.example", title="A"), cite(2, 16, "ref_2")],
    ),
    ("[ref_2，ref_9、ref_2]", [B], [cite(0, 19, "ref_2"), cite(0, 19, "ref_2")]),
    ("[see ref_1] (ref_1) [ref_1", [A], []),
    ("城[ref_1]", [A], [cite(1, 8, "ref_1", url="https://a.example", title="A")]),
    ("a [ref_9].", [A], []),
    ("no mark", [A], []),
    ("ref_1 [ref_] [1]", [A], []),
    ("a [ref_1].", [], []),
    ("a [ref_1].", None, []),
    ("a [ref_1].", {"refer": "ref_1"}, []),
    ("a [ref_1].", [None, 7, {}, {"refer": None}, {"refer": ["ref_1"]}, {"refer": {}}], []),
]


@pytest.mark.parametrize(("text", "results", "expected"), CITED)
def test_marks_in_the_text_are_citations(text: str, results: Any, expected: list[dict[str, Any]]) -> None:
    assert citations(text, results) == expected
