"""What a `finish_reason` makes of a reply, whether it came in one body or as a stream."""

from __future__ import annotations

from typing import Any

import pytest

from langchain_glm.errors import GLMContextOverflowError, GLMError, GLMServerError
from langchain_glm.wire.reply.chunks import ChunkReader
from langchain_glm.wire.reply.completion import to_result
from tests.wire.reply.reading import body, chunks_of, delta, end, held, read_all, whole

CALL = {"id": "c0", "index": 0, "type": "function", "function": {"name": "find", "arguments": "{}"}}
MCP = {"id": "m", "type": "mcp", "mcp": {"id": "m", "type": "mcp_call", "name": "look"}}

# the finish_reason and the message; the error and whether the same request may be sent again
FAILURES: dict[str, tuple[str, dict[str, Any], type[GLMError], bool]] = {
    "network_error, nothing said": ("network_error", {}, GLMServerError, True),
    "network_error after some text": ("network_error", {"content": "a"}, GLMServerError, True),
    "network_error after a call": ("network_error", {"tool_calls": [CALL]}, GLMServerError, True),
    "a full context, nothing said": ("model_context_window_exceeded", {}, GLMContextOverflowError, False),
    "a full context after some reasoning": (
        "model_context_window_exceeded",
        {"reasoning_content": "r"},
        GLMContextOverflowError,
        False,
    ),
    "a full context after white space": (
        "model_context_window_exceeded",
        {"content": "\n"},
        GLMContextOverflowError,
        False,
    ),
    "tool_calls without a call": ("tool_calls", {}, GLMServerError, True),
    "tool_calls with text only": ("tool_calls", {"content": "I shall look."}, GLMServerError, True),
    "tool_calls with an entry that is no call": ("tool_calls", {"tool_calls": [{}]}, GLMServerError, True),
}


@pytest.mark.parametrize(("reason", "message", "kind", "retryable"), FAILURES.values(), ids=FAILURES)
def test_a_reply_that_is_no_answer_raises(
    reason: str, message: dict[str, Any], kind: type[GLMError], retryable: bool
) -> None:
    with pytest.raises(kind) as of_body:
        to_result(body(reason, top={"request_id": "q7"}, **message), {})
    reader = ChunkReader({})
    reader.read(delta(**message))
    reader.read(end(reason, request_id="q7"))
    assert reader.finished
    with pytest.raises(kind) as of_stream:
        reader.finish(marked_end=True)
    for error in (of_body.value, of_stream.value):
        assert (error.code, error.status, error.request_id) == (reason, 200, "q7")
        assert error.is_retryable is retryable
    assert str(of_body.value) == str(of_stream.value)


def test_the_error_of_a_whole_reply_carries_what_was_said() -> None:
    with pytest.raises(GLMServerError) as caught:
        to_result(body("network_error", content="a", reasoning_content="r"), {})
    assert caught.value.partial is not None
    assert caught.value.partial.content == "a"
    assert caught.value.partial.additional_kwargs == {"reasoning_content": "r"}


ANSWERS: dict[str, tuple[str, dict[str, Any]]] = {
    "a full context, cut short": ("model_context_window_exceeded", {"content": "a"}),
    "a full context after a call": ("model_context_window_exceeded", {"tool_calls": [CALL]}),
    "tool_calls with a call": ("tool_calls", {"tool_calls": [CALL]}),
    "tool_calls with a call that the endpoint ran": ("tool_calls", {"tool_calls": [MCP]}),
    "length, nothing said": ("length", {"content": ""}),
    "sensitive, nothing said": ("sensitive", {"content": ""}),
}


@pytest.mark.parametrize(("reason", "message"), ANSWERS.values(), ids=ANSWERS)
def test_other_replies_are_answers(reason: str, message: dict[str, Any]) -> None:
    expected = held(whole(body(reason, **message)))
    assert expected["metadata"]["finish_reason"] == reason
    assert list(read_all([delta(**message), end(reason)]).values()) == [expected] * 3


@pytest.mark.parametrize("reason", ["length", "stop"])
@pytest.mark.parametrize(
    ("message", "marked"),
    [
        ({"reasoning_content": "r"}, True),
        ({"reasoning_content": "r", "content": "\n"}, True),
        ({"reasoning_content": "r", "content": "a"}, False),
        ({"reasoning_content": "r", "tool_calls": [CALL]}, False),
        ({"content": ""}, False),
    ],
)
def test_an_answer_that_is_all_thinking_says_so(reason: str, message: dict[str, Any], marked: bool) -> None:
    expected = {"reasoning_only": True} if marked else {}
    read = [held(whole(body(reason, **message))), *read_all([delta(**message), end(reason)]).values()]
    for found in read:
        assert {key: value for key, value in found["metadata"].items() if key == "reasoning_only"} == expected


def test_a_stream_that_is_still_thinking_is_not_marked() -> None:
    reader = ChunkReader({})
    reader.read(delta(reasoning_content="r"))
    assert not reader.finished
    assert "reasoning_only" not in reader.partial().response_metadata


def test_a_finish_reason_of_null_is_none() -> None:
    reader = ChunkReader({})
    reader.read({"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": None}]})
    assert not reader.finished


def test_done_without_a_finish_reason_ends_the_reply() -> None:
    assert chunks_of([delta(content="a"), {}])[-1].generation_info is None
