"""The shape of bodies and chunks, against what is recorded of the hosts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.testing import Reply, ToolCall
from langchain_glm.testing.answers import reply_answer, sse
from langchain_glm.testing.frames import native_body, native_frames
from langchain_glm.testing.frames_openai import openai_body, openai_frames
from langchain_glm.testing.turn import Turn

HEAD = {"id": "20261001120000abcd", "created": 7, "object": "chat.completion.chunk", "model": "glm-4.7"}


def turn(host: str = "zai", **rest: Any) -> Turn:
    model = "kimi-k2.6" if host == "kimi" else "glm-4.7"
    settings: dict[str, Any] = {"stream": True, "prompt_tokens": 10, "cached_tokens": 4, **rest}
    return Turn(host=HOSTS[host], model=model, id=HEAD["id"], created=7, **settings)  # type: ignore[arg-type]


REPLY = Reply("Fine.", reasoning="Hm, so", tool_calls=(ToolCall("look", {"at": "北京"}, id="a"),), chunk_size=3)
USAGE = {
    "prompt_tokens": 10,
    "completion_tokens": 10,
    "total_tokens": 20,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 2},
}


def test_native_stream() -> None:
    call = {"id": "a", "index": 0, "type": "function", "function": {"name": "look", "arguments": '{"at":"北京"}'}}
    deltas = [
        {"role": "assistant", "reasoning_content": "Hm,"},
        {"role": "assistant", "reasoning_content": " so"},
        {"role": "assistant", "content": "Fin"},
        {"role": "assistant", "content": "e."},
        {"tool_calls": [call]},
    ]
    last = {"index": 0, "finish_reason": "tool_calls", "delta": {"role": "assistant", "content": ""}}
    wanted = [{**HEAD, "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    wanted.append({**HEAD, "choices": [last], "usage": USAGE})
    assert json.dumps(native_frames(REPLY, turn())) == json.dumps(wanted)  # key order counts


def test_native_bytes() -> None:
    answer = reply_answer(Reply("好"), turn())
    assert dict(answer.headers)["content-type"] == "text/event-stream;charset=UTF-8"
    assert (
        answer.steps[0]
        == (
            'data: {"id":"20261001120000abcd","created":7,"object":"chat.completion.chunk","model":"glm-4.7",'
            '"choices":[{"index":0,"delta":{"role":"assistant","content":"好"}}]}\n\n'
        ).encode()
    )
    assert answer.steps[-1] == b"data: [DONE]\n\n"


def test_native_body() -> None:
    call = {"id": "a", "index": 0, "type": "function", "function": {"name": "look", "arguments": '{"at":"北京"}'}}
    message = {"content": "Fine.", "reasoning_content": "Hm, so", "role": "assistant", "tool_calls": [call]}
    assert native_body(REPLY, turn(stream=False)) == {
        "choices": [{"finish_reason": "tool_calls", "index": 0, "message": message}],
        "created": 7,
        "id": HEAD["id"],
        "model": "glm-4.7",
        "object": "chat.completion",
        "request_id": HEAD["id"],
        "usage": USAGE,
    }


def test_native_body_is_in_alphabetical_order() -> None:
    text = json.dumps(native_body(REPLY, turn(stream=False)))
    assert text == json.dumps(json.loads(text), sort_keys=True)


def test_call_ids_differ_between_streams_and_bodies() -> None:
    reply = Reply(tool_calls=(ToolCall("a"), ToolCall("b")))
    body = native_body(reply, turn(stream=False))["choices"][0]["message"]["tool_calls"]
    first, second, _ = native_frames(reply, turn())
    assert [call["index"] for call in body] == [0, 1]
    assert all(int(call["id"].removeprefix("call_")) < 0 for call in body)
    assert len(first["choices"][0]["delta"]["tool_calls"][0]["id"]) == len("call_") + 24
    assert second["choices"][0]["delta"]["tool_calls"][0]["index"] == 1


def test_tool_stream_sends_id_and_name_once() -> None:
    reply = Reply(tool_calls=(ToolCall("look", {"at": "Paris"}, id="a"),), chunk_size=6)
    deltas = [frame["choices"][0]["delta"] for frame in native_frames(reply, turn(tool_stream=True))]
    assert deltas == [
        {
            "tool_calls": [
                {"id": "a", "index": 0, "type": "function", "function": {"name": "look", "arguments": '{"at":'}}
            ]
        },
        {"tool_calls": [{"index": 0, "function": {"arguments": '"Paris'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '"}'}}]},
        {"role": "assistant", "content": ""},
    ]


def test_search_results_come_with_the_last_chunk_only() -> None:
    found = {"title": "T", "refer": "ref_1"}
    *before, last = native_frames(Reply("See [ref_1]", web_search=(found,)), turn())
    assert not any("web_search" in frame for frame in before)
    assert last["web_search"] == [found]
    assert last["choices"][0]["finish_reason"] == "stop"
    assert "usage" in last


def test_a_flagged_stream_ends_in_the_role_that_was_flagged() -> None:
    flag = {"role": "user", "level": 1}
    last = native_frames(Reply("No", finish_reason="sensitive", content_filter=(flag,)), turn())[-1]
    assert last["choices"][0]["delta"]["role"] == "user"
    assert last["content_filter"] == [flag]


@pytest.mark.parametrize("reason", ["network_error", "model_context_window_exceeded"])
def test_failed_replies_have_no_usage(reason: str) -> None:
    assert "usage" not in native_frames(Reply("x", finish_reason=reason), turn())[-1]


def test_gateway_stream() -> None:
    frames = openai_frames(Reply("Hello", chunk_size=5), turn("anyfast"))
    assert [frame["choices"][0] for frame in frames] == [
        {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None},
        {"index": 0, "delta": {"content": "Hello"}, "finish_reason": None},
        {"index": 0, "delta": {}, "finish_reason": "stop"},
    ]
    assert not any("usage" in frame for frame in frames)


def test_gateway_usage_comes_alone_when_asked_for() -> None:
    *_, finish, last = openai_frames(Reply("Hello"), turn("anyfast", include_usage=True))
    assert finish["choices"][0]["finish_reason"] == "stop"
    assert last["choices"] == []
    assert last["usage"]["prompt_tokens_details"] == {"cached_tokens": 4}


def test_gateway_calls_come_in_fragments() -> None:
    frames = openai_frames(Reply(tool_calls=(ToolCall("look", {"at": 1}, id="a"),), chunk_size=4), turn("phanedge"))
    calls = [frame["choices"][0]["delta"]["tool_calls"][0] for frame in frames[1:-1]]
    assert calls == [
        {"index": 0, "id": "a", "type": "function", "function": {"name": "look", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"at'}},
        {"index": 0, "function": {"arguments": '":1}'}},
    ]


def test_phanedge_omits_counts_of_zero() -> None:
    usage = openai_body(Reply("Hi"), turn("phanedge", cached_tokens=0))["usage"]
    assert usage["prompt_tokens_details"] == {"cached_write_tokens": 10, "cached_write_5m_tokens": 10}
    usage = openai_body(Reply("Hi"), turn("phanedge", cached_tokens=10))["usage"]
    assert usage["prompt_tokens_details"] == {"cached_tokens": 10}


def test_kimi_usage_is_flat_and_calls_are_numbered_on() -> None:
    body = openai_body(Reply(tool_calls=(ToolCall("look"), ToolCall("look"))), turn("kimi", earlier_calls=2))
    assert body["usage"]["cached_tokens"] == 4
    assert "prompt_tokens_details" not in body["usage"]
    assert [call["id"] for call in body["choices"][0]["message"]["tool_calls"]] == ["look:2", "look:3"]
    assert body["choices"][0]["message"]["content"] is None


def test_kimi_hides_unasked_usage_in_the_last_choice() -> None:
    last = openai_frames(Reply("Hi"), turn("kimi"))[-1]
    assert last["choices"][0]["usage"]["cached_tokens"] == 4
    assert "usage" not in last


@given(st.text(), st.text(), st.integers(1, 9), st.booleans(), st.sampled_from(["zai", "anyfast", "kimi"]))
def test_pieces_add_up(text: str, arguments: str, size: int, tool_stream: bool, host: str) -> None:
    reply = Reply(text, reasoning=text[::-1], tool_calls=(ToolCall("look", arguments, id="a"),), chunk_size=size)
    render = native_frames if HOSTS[host].native else openai_frames
    deltas = [
        choice["delta"]
        for frame in render(reply, turn(host, tool_stream=tool_stream))
        for choice in json.loads(sse(frame).removeprefix(b"data: "))["choices"]
    ]
    assert "".join(delta.get("content") or "" for delta in deltas) == text
    assert "".join(delta.get("reasoning_content", "") for delta in deltas) == text[::-1]
    parts = [call["function"]["arguments"] for delta in deltas for call in delta.get("tool_calls", ())]
    assert "".join(parts) == arguments
