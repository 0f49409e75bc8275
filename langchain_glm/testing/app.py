"""The ASGI application: it reads a request, gets the answer from the pure modules, and sends it."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from langchain_glm.catalog.hosts import CHAT
from langchain_glm.testing.answers import body_fault_answer, fault_answer, reply_answer
from langchain_glm.testing.checks import check_access, check_request
from langchain_glm.testing.endpoints import ENDPOINTS, FLAT_ERRORS, LIBRARY_ENDPOINTS
from langchain_glm.testing.faults import Fault
from langchain_glm.testing.ledger import Ledger, RecordedRequest
from langchain_glm.testing.mcp import Sessions, answer_mcp
from langchain_glm.testing.mcp_tools import SERVERS
from langchain_glm.testing.parrot import parrot_reply
from langchain_glm.testing.refusals import Problem, not_found, refuse, refuse_flat
from langchain_glm.testing.sending import Transports, send_answer
from langchain_glm.testing.tokens import prompt_tokens
from langchain_glm.testing.turn import Turn, in_context, new_id, serving_model

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.testing.library import Library
    from langchain_glm.testing.steps import Answer

__all__ = ["make_app"]


@dataclass(frozen=True, slots=True)
class _Context:
    """The objects that all endpoints of a server share."""

    host: Host
    api_key: str
    ledger: Ledger
    transports: Transports
    stopping: asyncio.Event


def make_app(host: Host, api_key: str, ledger: Ledger, transports: Transports, stopping: asyncio.Event) -> Starlette:
    """Return the application that behaves as `host`.

    Args:
        host: the host to imitate.
        api_key: the only key that is accepted.
        ledger: the state of the server.
        transports: the open connections, which the protocol maintains.
        stopping: set when the server stops, which ends all pauses.
    """
    context = _Context(host, api_key, ledger, transports, stopping)
    endpoints = {
        **ENDPOINTS,
        **{where: _with_library(answer, ledger.library) for where, answer in LIBRARY_ENDPOINTS.items()},
    }

    async def answer_not_found(request: Request, error: Exception) -> _SendAnswer:
        status = getattr(error, "status_code", 404)
        answer = not_found(request.url.path, host, status=status, created=int(time.time()))
        body, _ = await _read(context, request.scope, request.receive)
        return _SendAnswer(context, answer, body)

    mcp = urlsplit(host.mcp_url).path if host.mcp_url else None
    sessions = Sessions()
    return Starlette(
        routes=[
            *(Route(f"{mcp}/{server}/mcp", _MCP(context, server, sessions)) for server in SERVERS if mcp),
            Route(urlsplit(host.url_of(CHAT)).path, _Chat(context), methods=["POST"]),
            *(
                Route(urlsplit(host.url_of(path)).path, _Endpoint(context, path, answer), methods=[method])
                for (method, path), answer in endpoints.items()
            ),
        ],
        exception_handlers={404: answer_not_found, 405: answer_not_found},  # type: ignore[dict-item]  # it is awaited like an application
    )


def _with_library(
    answer: Callable[[Mapping[str, Any], Host, Library], Answer], library: Library
) -> Callable[[Mapping[str, Any], Host], Answer]:
    return lambda body, host: answer(body, host, library)


class _SendAnswer:
    """An ASGI application that records the request and sends one answer."""

    def __init__(
        self, context: _Context, answer: Answer, body: Any, before_last: Callable[[], None] | None = None
    ) -> None:
        self.context = context
        self.answer = answer
        self.body = body
        self.before_last = before_last

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self.context.ledger.record(
            RecordedRequest(scope["path"], headers, self.body, self.answer.status_seen, tuple(scope["client"]))
        )
        await send_answer(
            self.answer,
            scope,
            receive,
            send,
            transports=self.context.transports,
            stopping=self.context.stopping,
            before_last=self.before_last,
        )


class _Chat:
    """`/chat/completions`: wrong requests are refused; the queue answers the others, or the parrot if it is empty."""

    def __init__(self, context: _Context) -> None:
        self.context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = self.context
        body, problem = await _read(context, scope, receive)
        problem = problem or check_request(body, context.host)
        if problem:
            await _SendAnswer(context, _refusal(problem, context), body)(scope, receive, send)
        else:
            await _answer_in_slot(context, body, self._answer)(scope, receive, send)

    def _answer(self, body: Mapping[str, Any]) -> Answer:
        turn = _turn(body, self.context)
        scripted = self.context.ledger.answer(body, CHAT)
        if isinstance(scripted, Fault):
            return fault_answer(scripted, turn, scripted.reply or parrot_reply(body, self.context.host))
        return reply_answer(scripted or parrot_reply(body, self.context.host), turn)


class _Endpoint:
    """An endpoint other than chat: a function of the body makes the answer, unless a fault is queued for the path."""

    def __init__(self, context: _Context, path: str, answer: Callable[[Mapping[str, Any], Host], Answer]) -> None:
        self.context = context
        self.path = path
        self.answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = self.context
        body, problem = await _read(context, scope, receive, empty={})
        flat = self.path in FLAT_ERRORS
        answer = _refusal(problem, context, flat=flat) if problem else self.answer(body, context.host)
        if answer.refuses:
            await _SendAnswer(context, answer, body)(scope, receive, send)
        else:
            respond = _answer_in_slot(context, body, lambda body: self._scripted(body, answer), flat=flat)
            await respond(scope, receive, send)

    def _scripted(self, body: Mapping[str, Any], answer: Answer) -> Answer:
        fault = self.context.ledger.next_reply(self.path)
        if not isinstance(fault, Fault):
            return answer
        host, now = self.context.host, int(time.time())
        turn = Turn(
            host=host,
            model="",
            id=_request_id(body, host) or new_id(host, now),
            created=now,
            flat_errors=self.path in FLAT_ERRORS,
        )
        return body_fault_answer(fault, turn, answer)


class _MCP:
    """One MCP server: the key is checked, and a function of the message makes the answer."""

    def __init__(self, context: _Context, server: str, sessions: Sessions) -> None:
        self.context = context
        self.server = server
        self.sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context, headers = self.context, Request(scope).headers
        body, _ = await _read(context, scope, receive, empty={})
        if problem := check_access(headers, context.api_key, context.host):  # the balance does not matter here
            answer = _refusal(problem, context)
        else:
            answer = answer_mcp(scope["method"], self.server, headers, body, self.sessions)
        await _SendAnswer(context, answer, body)(scope, receive, send)


def _answer_in_slot(
    context: _Context, body: Mapping[str, Any], answer: Callable[[Mapping[str, Any]], Answer], *, flat: bool = False
) -> ASGIApp:
    """Return an ASGI application that answers a request, or refuses it if there are too many."""

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        request_id = _request_id(body, context.host)
        if problem := context.ledger.enter(request_id):
            await _SendAnswer(context, _refusal(problem, context, flat=flat), body)(scope, receive, send)
            return
        with ExitStack() as slot:
            slot.callback(context.ledger.leave, request_id)
            await _SendAnswer(context, answer(body), body, before_last=slot.close)(scope, receive, send)

    return respond


def _refusal(problem: Problem, context: _Context, *, flat: bool = False) -> Answer:
    now = int(time.time())
    if flat:
        return refuse_flat(problem, context.host)
    return refuse(problem, context.host, created=now, request_id=new_id(context.host, now))


def _turn(body: Mapping[str, Any], context: _Context) -> Turn:
    now = int(time.time())
    model = serving_model(body["model"], context.host)
    sends_served_id = (
        model is not None and context.host.native
    )  # plans answer some models with another one, whose id they send
    streamed = body.get("stream") is True
    options = body.get("stream_options")
    messages = in_context(body, context.host)
    scope = orjson.dumps([body["model"], body.get("tools")]).decode()
    prompt = prompt_tokens({**body, "messages": messages})
    return Turn(
        host=context.host,
        model=model.id if model and sends_served_id else body["model"],
        id=_request_id(body, context.host) or new_id(context.host, now),
        created=now,
        stream=streamed,
        tool_stream=streamed and bool(body.get("tool_stream")) and bool(model and model.tool_stream),
        include_usage=isinstance(options, dict) and options.get("include_usage") is True,
        think_tags=bool(model and model.think_tags),
        prompt_tokens=prompt,
        cached_tokens=min(context.ledger.cached_tokens(scope, messages), prompt),
        earlier_calls=sum(len(message.get("tool_calls") or ()) for message in messages),
    )


def _request_id(body: Mapping[str, Any], host: Host) -> str | None:
    return body.get("request_id") or None if host.native else None


async def _read(
    context: _Context, scope: Scope, receive: Receive, empty: Mapping[str, Any] | None = None
) -> tuple[Any, Problem | None]:
    request = Request(scope, receive)
    data = await request.body()
    problem = check_access(request.headers, context.api_key, context.host)
    if problem is None and not context.ledger.has_balance:
        problem = Problem("1113")
    if not data and empty is not None:
        return empty, problem
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError:
        return data.decode("utf-8", "replace"), problem or Problem("1210", "JSON")
    return body, problem or (None if isinstance(body, dict) else Problem("1210", "JSON"))
