"""Z.ai's MCP servers: JSON-RPC messages over streamable HTTP, in sessions that a handshake opens.

The handshake is strict: `Accept` must name JSON and event streams, `initialize` opens a session, and tools can be used
after `notifications/initialized`. Sources: MCP's specification, 2025-06-18; for the tools, docs.z.ai, 2026-11.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson

from langchain_glm.testing.mcp_tools import SERVERS, run
from langchain_glm.testing.refusals import json_answer
from langchain_glm.testing.steps import Answer
from langchain_glm.wire.schemas.check import find_error

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Sessions", "answer_mcp"]

_VERSIONS: Final = ("2025-06-18", "2025-03-26", "2024-11-05")
_INVALID_REQUEST: Final = -32600
_NO_METHOD: Final = -32601
_INVALID_PARAMS: Final = -32602


@dataclass(slots=True)
class Sessions:
    """The open sessions: id → whether the handshake is complete."""

    complete: dict[str, bool] = field(default_factory=dict)


def answer_mcp(method: str, server: str, headers: Mapping[str, str], message: Any, sessions: Sessions) -> Answer:
    """Answer one HTTP request to an MCP server.

    Args:
        method: the HTTP method.
        server: the server's name in the URL.
        headers: the request's headers, with names in lower case.
        message: the parsed body.
        sessions: the open sessions, which a handshake changes.
    """
    session = headers.get("mcp-session-id")
    if method == "DELETE":
        return _empty(200 if sessions.complete.pop(session or "", None) is not None else 404)
    if method != "POST":
        return _empty(405)
    accepted = {part.partition(";")[0].strip() for part in headers.get("accept", "").split(",")}
    if not {"application/json", "text/event-stream"} <= accepted:
        reason = "Not Acceptable: Client must accept both application/json and text/event-stream"
        return _refused(406, _INVALID_REQUEST, reason)
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0" or not isinstance(message.get("method"), str):
        return _refused(400, _INVALID_REQUEST, "Invalid Request")
    called, params = message["method"], message.get("params") or {}
    if called == "initialize":
        session = secrets.token_hex(16)
        sessions.complete[session] = False
        return _event(message, _welcome(server, params), session)
    if session is None:
        return _refused(400, _INVALID_REQUEST, "Bad Request: Missing session ID", message)
    if session not in sessions.complete:
        return _refused(404, _INVALID_REQUEST, "Session not found", message)
    if called == "notifications/initialized":
        sessions.complete[session] = True
    if "id" not in message:
        return _empty(202)
    if called == "ping":
        return _event(message, {}, session)
    if not sessions.complete[session]:
        return _event(message, _Error(_INVALID_REQUEST, "the client has not sent notifications/initialized"), session)
    return _event(message, _result(server, called, params), session)


@dataclass(frozen=True, slots=True)
class _Error:
    code: int
    message: str


def _welcome(server: str, params: Mapping[str, Any]) -> dict[str, Any]:
    asked = params.get("protocolVersion")
    return {
        "protocolVersion": asked if asked in _VERSIONS else _VERSIONS[0],
        "capabilities": {"tools": {"listChanged": False}},
        "serverInfo": {"name": server, "version": "1.0.0"},
    }


def _result(server: str, method: str, params: Mapping[str, Any]) -> dict[str, Any] | _Error:
    tools = SERVERS[server]
    if method == "tools/list":
        return {"tools": list(tools.values())}
    if method != "tools/call":
        return _Error(_NO_METHOD, f"Method not found: {method}")
    tool = tools.get(str(params.get("name")))
    if tool is None:
        return _Error(_INVALID_PARAMS, f"Tool not found: {params.get('name')}")
    arguments = params.get("arguments") or {}
    if wrong := find_error(arguments, tool["inputSchema"]):
        return _Error(_INVALID_PARAMS, f"Invalid arguments for {tool['name']}: {wrong}")
    text, failed = run(tool["name"], arguments)
    return {"content": [{"type": "text", "text": text}], "isError": failed}


def _event(message: Mapping[str, Any], result: dict[str, Any] | _Error, session: str) -> Answer:
    """Return a response to a message as a stream of one event."""
    outcome = {"error": asdict(result)} if isinstance(result, _Error) else {"result": result}
    data = orjson.dumps({"jsonrpc": "2.0", "id": message.get("id"), **outcome})
    event_id = hashlib.sha256(data).hexdigest()[:8]
    headers = (("content-type", "text/event-stream"), ("cache-control", "no-cache"), ("mcp-session-id", session))
    return Answer(200, headers, (f"id:{event_id}\nevent:message\ndata:".encode() + data + b"\n\n",))


def _refused(status: int, code: int, text: str, message: Mapping[str, Any] | None = None) -> Answer:
    body = {"jsonrpc": "2.0", "id": (message or {}).get("id"), "error": {"code": code, "message": text}}
    return json_answer(body, status=status)


def _empty(status: int) -> Answer:
    return Answer(status, (("content-length", "0"),), (b"",))
