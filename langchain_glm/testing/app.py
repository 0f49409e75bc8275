"""The ASGI application: it reads a request, asks the pure modules what to answer, and sends it."""

from __future__ import annotations

import secrets
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from langchain_glm.testing.answers import fault_answer, reply_answer
from langchain_glm.testing.checks import check_access, check_request
from langchain_glm.testing.companions import embeddings, models, tokenizer
from langchain_glm.testing.faults import Fault
from langchain_glm.testing.ledger import Ledger, RecordedRequest
from langchain_glm.testing.parrot import parrot_reply
from langchain_glm.testing.refusals import Problem, not_found, refuse
from langchain_glm.testing.sending import Transports, send_answer
from langchain_glm.testing.tokens import prompt_tokens
from langchain_glm.testing.turn import Turn, serving_model
from langchain_glm.testing.wording import beijing_time

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping

    from starlette.types import Receive, Scope, Send

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.testing.steps import Answer

__all__ = ["make_app"]


@dataclass(frozen=True, slots=True)
class _Desk:
    """What every endpoint of one server needs."""

    host: Host
    api_key: str
    ledger: Ledger
    transports: Transports
    stopping: asyncio.Event


def make_app(host: Host, api_key: str, ledger: Ledger, transports: Transports, stopping: asyncio.Event) -> Starlette:
    """Return the application that speaks as `host`.

    Args:
        host: the dialect.
        api_key: the one key that is accepted.
        ledger: what is remembered.
        transports: the open connections, kept by the protocol.
        stopping: set when the server goes down; pauses end then.
    """
    desk = _Desk(host, api_key, ledger, transports, stopping)
    base = urlsplit(host.base_url).path

    async def unserved(request: Request, error: Exception) -> _Sent:
        status = getattr(error, "status_code", 404)
        answer = not_found(request.url.path, host, status=status, created=int(time.time()))
        body, _ = await _read(desk, request.scope, request.receive)
        return _Sent(desk, answer, body)

    return Starlette(
        routes=[
            Route(f"{base}/chat/completions", _Chat(desk), methods=["POST"]),
            Route(f"{base}/tokenizer", _Companion(desk, tokenizer), methods=["POST"]),
            Route(f"{base}/embeddings", _Companion(desk, embeddings), methods=["POST"]),
            Route(f"{base}/models", _Companion(desk, models), methods=["GET"]),
        ],
        exception_handlers={404: unserved, 405: unserved},  # type: ignore[dict-item]  # it is awaited as an app is
    )


class _Sent:
    """An ASGI application that notes the request and sends one answer."""

    def __init__(self, desk: _Desk, answer: Answer, body: Any, before_last: Callable[[], None] | None = None) -> None:
        self.desk = desk
        self.answer = answer
        self.body = body
        self.before_last = before_last

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self.desk.ledger.record(RecordedRequest(scope["path"], headers, self.body, self.answer.status_seen))
        await send_answer(
            self.answer,
            scope,
            receive,
            send,
            transports=self.desk.transports,
            stopping=self.desk.stopping,
            before_last=self.before_last,
        )


class _Companion:
    """An endpoint besides chat: key and JSON are checked, the rest is a function of the body."""

    def __init__(self, desk: _Desk, answer: Callable[[Mapping[str, Any], Host], Answer]) -> None:
        self.desk = desk
        self.answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, problem = await _read(self.desk, scope, receive, empty={})
        answer = refuse(problem, self.desk.host) if problem else self.answer(body, self.desk.host)
        await _Sent(self.desk, answer, body)(scope, receive, send)


class _Chat:
    """`/chat/completions`: what is refused is refused, then the script answers, then the parrot."""

    def __init__(self, desk: _Desk) -> None:
        self.desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        desk = self.desk
        body, problem = await _read(desk, scope, receive)
        problem = problem or check_request(body, desk.host)
        request_id = None if problem else _request_id(body, desk.host)
        problem = problem or desk.ledger.enter(request_id)
        if problem:
            now = int(time.time())
            answer = refuse(problem, desk.host, created=now, request_id=_new_id(desk.host, now))
            await _Sent(desk, answer, body)(scope, receive, send)
            return
        with ExitStack() as seat:
            seat.callback(desk.ledger.leave, request_id)
            await _Sent(desk, self._answer(body), body, before_last=seat.close)(scope, receive, send)

    def _answer(self, body: Mapping[str, Any]) -> Answer:
        turn = _turn(body, self.desk)
        scripted = self.desk.ledger.next_reply()
        if isinstance(scripted, Fault):
            return fault_answer(scripted, turn, scripted.reply or parrot_reply(body, self.desk.host))
        return reply_answer(scripted or parrot_reply(body, self.desk.host), turn)


def _turn(body: Mapping[str, Any], desk: _Desk) -> Turn:
    now = int(time.time())
    model = serving_model(body["model"], desk.host)
    switched = model is not None and desk.host.native  # plans answer some models with another one and say so
    streamed = body.get("stream") is True
    options = body.get("stream_options")
    messages = body["messages"]
    scope = orjson.dumps([body["model"], body.get("tools")]).decode()
    prompt = prompt_tokens(body)
    return Turn(
        host=desk.host,
        model=model.id if model and switched else body["model"],
        id=_request_id(body, desk.host) or _new_id(desk.host, now),
        created=now,
        stream=streamed,
        tool_stream=streamed and bool(body.get("tool_stream")) and bool(model and model.tool_stream),
        include_usage=isinstance(options, dict) and options.get("include_usage") is True,
        prompt_tokens=prompt,
        cached_tokens=min(desk.ledger.cached_tokens(scope, messages), prompt),
        earlier_calls=sum(len(message.get("tool_calls") or ()) for message in messages),
    )


def _request_id(body: Mapping[str, Any], host: Host) -> str | None:
    return body.get("request_id") or None if host.native else None


def _new_id(host: Host, now: int) -> str:
    if host.native:
        return f"{beijing_time(now):%Y%m%d%H%M%S}{secrets.token_hex(8)}"
    return f"chatcmpl-{secrets.token_hex(12)}"


async def _read(
    desk: _Desk, scope: Scope, receive: Receive, empty: Mapping[str, Any] | None = None
) -> tuple[Any, Problem | None]:
    request = Request(scope, receive)
    data = await request.body()
    problem = check_access(request.headers, desk.api_key)
    if not data and empty is not None:
        return empty, problem
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError:
        return data.decode("utf-8", "replace"), problem or Problem("1210", "JSON")
    return body, problem or (None if isinstance(body, dict) else Problem("1210", "JSON"))
