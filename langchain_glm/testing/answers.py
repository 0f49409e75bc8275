"""Turn a reply or a fault into an HTTP answer: its bytes, its pauses, and the end of the connection."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import orjson

from langchain_glm.testing.frames import native_body, native_frames
from langchain_glm.testing.frames_openai import openai_body, openai_frames
from langchain_glm.testing.refusals import JSON_TYPE, Problem, error_body, flat_body, json_answer
from langchain_glm.testing.replies import Reply
from langchain_glm.testing.steps import Answer, Hangup, Pause, Step
from langchain_glm.testing.turn import is_kimi

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_glm.testing.faults import Fault
    from langchain_glm.testing.turn import Turn

__all__ = ["body_fault_answer", "fault_answer", "reply_answer", "sse"]

_STREAM_HEADERS: Final = (("content-type", "text/event-stream;charset=UTF-8"), ("cache-control", "no-cache"))
_DONE: Final = b"data: [DONE]\n\n"


def sse(frame: Mapping[str, Any]) -> bytes:
    """Return a chunk as one server-sent event."""
    return b"data: " + orjson.dumps(frame) + b"\n\n"


def _frames(reply: Reply, turn: Turn) -> list[bytes]:
    reply = _as_written(reply, turn)
    frames = native_frames(reply, turn) if turn.host.native else openai_frames(reply, turn)
    return [sse(frame) for frame in frames]


def _body(reply: Reply, turn: Turn) -> dict[str, Any]:
    reply = _as_written(reply, turn)
    return native_body(reply, turn) if turn.host.native else openai_body(reply, turn)


def _as_written(reply: Reply, turn: Turn) -> Reply:
    """Return the reply with its reasoning within the content, if the model writes it there."""
    if not (turn.think_tags and reply.reasoning):
        return reply
    end = "" if reply.finish == "length" and not reply.text else "</think>"  # it ran out of tokens while thinking
    return replace(reply, reasoning="", text=f"<think>{reply.reasoning}{end}{reply.text}")


def _headers(turn: Turn) -> tuple[tuple[str, str], ...]:
    name = "x-log-id" if turn.host.native else "msh-request-id" if is_kimi(turn.host) else "x-request-id"
    return (
        (name, quote(turn.id, errors="replace")),
    )  # a client may choose an id with characters that are not allowed in headers


def _stream(turn: Turn, *steps: Step) -> Answer:
    return Answer(200, (*_STREAM_HEADERS, *_headers(turn)), steps)


def _with_pauses(reply: Reply, events: list[bytes]) -> list[Step]:
    steps: list[Step] = [Pause(reply.delay)] if reply.delay else []
    for position, event in enumerate(events):
        if reply.gap and position:
            steps.append(Pause(reply.gap))
        steps.append(event)
    return steps


def reply_answer(reply: Reply, turn: Turn) -> Answer:
    """Return the answer for a reply, streamed if the request asks for a stream."""
    if turn.stream:
        return _stream(turn, *_with_pauses(reply, [*_frames(reply, turn), _DONE]))
    answer = json_answer(_body(reply, turn), headers=_headers(turn))
    return replace(answer, steps=(Pause(reply.delay), *answer.steps)) if reply.delay else answer


def fault_answer(fault: Fault, turn: Turn, reply: Reply) -> Answer:
    """Return the answer of the chat endpoint for a fault.

    Args:
        fault: the failure.
        turn: the request.
        reply: the reply that some faults send, complete or broken off.
    """
    match fault.kind:
        case "wrong_mode":
            return reply_answer(reply, replace(turn, stream=not turn.stream))
        case "finish":
            return reply_answer(_unfinished(fault, reply), turn)
        case "empty" if turn.stream:
            return _stream(turn, b"")
        case "left_open" if turn.stream:
            return _left_open(fault, turn, reply)
        case "in_stream" | "raw_line" | "truncated_frame" | "silence" | "reset" | "cut" | "half_reply" if turn.stream:
            return _broken_stream(fault, turn, reply)
        case _:
            return body_fault_answer(fault, turn, reply_answer(reply, turn))


def body_fault_answer(fault: Fault, turn: Turn, answer: Answer) -> Answer:
    """Return the answer for a fault of any endpoint whose answer is one body.

    Args:
        fault: the failure.
        turn: the request.
        answer: the answer without the fault; some faults send it, complete or broken off.
    """
    match fault.kind:
        case "http":
            page = fault.html.encode()
            kind = (("content-type", "text/html"), ("content-length", str(len(page))))
            return Answer(fault.status or 502, kind, (page,))
        case "bare_string" | "json":
            return json_answer(fault.body, status=fault.status or 200)
        case "redirect":
            return Answer(fault.status or 308, (("location", fault.location), ("content-length", "0")), (b"",))
        case "empty":
            return Answer(200, (JSON_TYPE, ("content-length", "0")), (b"",))
        case "extra_bytes":
            return replace(answer, trailing=fault.data)
        case "left_open":
            return answer
        case "code" | "error_in_200" | "in_stream" | "raw_line":
            return _error(fault, turn)
        case _:
            return _broken_body(fault, answer)


def _error_body(fault: Fault, turn: Turn) -> tuple[int, dict[str, Any]]:
    if turn.flat_errors:
        return 200, flat_body(Problem(fault.code_), turn.host, message=fault.message)
    return error_body(Problem(fault.code_), turn.host, message=fault.message, created=turn.created, request_id=turn.id)


def _error(fault: Fault, turn: Turn) -> Answer:
    status, body = _error_body(fault, turn)
    if fault.kind == "error_in_200":
        status = 200
    retry = () if fault.retry_after is None else (("retry-after", f"{fault.retry_after:g}"),)
    return json_answer(body, status=fault.status or status, headers=(*_headers(turn), *retry))


def _left_open(fault: Fault, turn: Turn, reply: Reply) -> Answer:
    end = [_DONE] if fault.done else []
    return _stream(turn, *_with_pauses(reply, [*_frames(reply, turn), *end]), Pause(fault.seconds))


def _unfinished(fault: Fault, reply: Reply) -> Reply:
    if fault.reason == "model_context_window_exceeded" and fault.reply is None:
        reply = Reply()  # recorded: the stream had only one chunk, without any text
    filtered = reply.content_filter or ({"role": "user", "level": 1},)
    return replace(
        reply,
        tool_calls=(),
        web_search=None,
        finish_reason=fault.reason,
        content_filter=filtered if fault.reason == "sensitive" else None,
    )


def _broken_stream(fault: Fault, turn: Turn, reply: Reply) -> Answer:
    frames = _frames(reply, turn)
    requested = len(frames) // 2 if fault.kind == "half_reply" else fault.after
    final = len(frames) - (2 if turn.include_usage and not turn.host.native else 1)
    after = max(0, min(requested, final))  # the event with a normal finish reason is never sent
    steps = _with_pauses(reply, frames[:after])
    error = orjson.dumps(_error_body(fault, turn)[1])
    match fault.kind:
        case "in_stream":
            steps.append((b"event: error\n" if fault.event else b"") + b"data: " + error + b"\n\n")
        case "raw_line":
            steps.append(error + b"\n")
        case "truncated_frame":
            frame, restarted = frames[after], _frames(reply, replace(turn, id=f"{turn.id[:-4]}f00d"))
            steps += [frame[: len(frame) // 2] + restarted[after], *restarted[after + 1 :], _DONE]
        case "silence":
            steps += [Pause(fault.seconds), *frames[after:], _DONE]
        case "reset":
            steps.append(Hangup(reset=True))
        case _:
            steps.append(Hangup())
    return _stream(turn, *steps)


def _broken_body(fault: Fault, answer: Answer) -> Answer:
    body = next(step for step in answer.steps if isinstance(step, bytes))
    half = body[: len(body) // 2]
    match fault.kind:
        case "silence":
            return replace(answer, steps=(Pause(fault.seconds), body))
        case "reset":
            return replace(answer, steps=(Hangup(reset=True),))
        case "truncated_frame":
            cut = tuple((k, str(len(half)) if k == "content-length" else v) for k, v in answer.headers)
            return replace(answer, headers=cut, steps=(half,))
        case _:
            return replace(answer, steps=(half, Hangup()))
