"""Error bodies in the form of each host."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import orjson

from langchain_glm.testing.steps import Answer
from langchain_glm.testing.turn import is_chinese, is_kimi
from langchain_glm.testing.wording import beijing_time, sentence, status_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_glm.catalog.hosts import Host

__all__ = ["JSON_TYPE", "Problem", "error_body", "flat_body", "json_answer", "not_found", "refuse", "refuse_flat"]


@dataclass(frozen=True, slots=True)
class Problem:
    """The reason for which a request is refused.

    Args:
        code: GLM's business code, also for other hosts, which have other codes for the same problem.
        detail: what exactly is wrong.
    """

    code: str
    detail: str = ""


JSON_TYPE: Final = ("content-type", "application/json; charset=UTF-8")
_WITH_REQUEST_ID: Final = frozenset(
    {"1305", "1308", "1310"}
)  # recorded with a request_id at the top level; others without

# Kimi's and OpenAI's `type` by business code; for other codes, it depends on the status.
_KIMI: Final[Mapping[str, tuple[int, str]]] = {
    "1113": (429, "exceeded_current_quota_error"),
    "1211": (404, "resource_not_found_error"),
    "1301": (400, "content_filter"),
    "1302": (429, "rate_limit_reached_error"),
    "1305": (429, "engine_overloaded_error"),
}
_KIMI_BY_STATUS: Final[Mapping[int, str]] = {
    401: "invalid_authentication_error",
    403: "permission_denied_error",
    404: "resource_not_found_error",
    429: "rate_limit_reached_error",
    500: "server_error",
}
_GATEWAY: Final[Mapping[str, tuple[int, str]]] = {
    "1000": (401, "invalid_api_key"),
    "1001": (401, "invalid_api_key"),
    "1113": (403, "insufficient_user_quota"),
    "1211": (404, "model_not_found"),
    "1301": (400, "sensitive_words_detected"),
}


def json_answer(body: Any, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """Return an answer with a JSON body."""
    data = orjson.dumps(body)
    return Answer(status, (JSON_TYPE, ("content-length", str(len(data))), *headers), (data,))


def error_body(
    problem: Problem, host: Host, *, message: str | None = None, created: int = 0, request_id: str = ""
) -> tuple[int, dict[str, Any]]:
    """Return the status and the body of a host's refusal.

    Args:
        problem: what is wrong.
        host: the host whose form is used.
        message: the text; `None` uses the text of the code.
        created: the Unix time of the request.
        request_id: the id to send with those codes for which GLM was recorded to send it.
    """
    text = message or sentence(problem.code, chinese=is_chinese(host), detail=problem.detail, created=created)
    status = status_of(problem.code)
    if is_kimi(host):
        status, kind = _KIMI.get(problem.code, (status, _KIMI_BY_STATUS.get(status, "invalid_request_error")))
        if not problem.code.isdigit():  # a fault may have one of Kimi's types as its code
            kind = problem.code
        return status, {"error": {"message": text, "type": kind}}
    if not host.native:
        status, code = _GATEWAY.get(problem.code, (status, problem.code))
        kind = "authentication_error" if status == 401 else "invalid_request_error"
        return status, {"error": {"message": text, "type": kind, "param": None, "code": code}}
    body: dict[str, Any] = {"error": {"code": problem.code, "message": text}}
    if problem.code == "1301":
        body = {"contentFilter": [{"level": 1, "role": "user"}], **body}  # recorded in this form, before the error
    if problem.code in _WITH_REQUEST_ID and request_id:
        body["request_id"] = request_id
    return status, body


def refuse(problem: Problem, host: Host, *, created: int = 0, request_id: str = "") -> Answer:
    """Return the HTTP answer of a host that refuses a request."""
    status, body = error_body(problem, host, created=created, request_id=request_id)
    return replace(json_answer(body, status=status), refuses=True)


def flat_body(problem: Problem, host: Host, *, message: str | None = None) -> dict[str, Any]:
    """Return the body of a refusal by BigModel's side services, which have HTTP status 200 (recorded 2026-10-09).

    Args:
        problem: what is wrong. A code of four digits comes with `msg` and `success`, an HTTP status with `message`.
        host: the host whose language is used.
        message: the text; `None` uses the text of the code.
    """
    text = message or sentence(problem.code, chinese=is_chinese(host), detail=problem.detail)
    if len(problem.code) == 3:
        return {"code": int(problem.code), "message": text}
    return {"code": int(problem.code), "msg": text, "success": False}


def refuse_flat(problem: Problem, host: Host) -> Answer:
    """Return the HTTP answer of a side service that refuses a request."""
    return replace(json_answer(flat_body(problem, host)), refuses=True)


def not_found(path: str, host: Host, *, status: int = 404, created: int = 0) -> Answer:
    """Return the answer for a path or method that the host does not serve; GLM's `error` is then a string."""
    reason = {404: "Not Found", 405: "Method Not Allowed"}.get(status, "Error")
    if not host.native:
        return replace(json_answer(error_body(Problem("1222", path), host)[1], status=status), refuses=True)
    seen = path[path.find("/paas") + len("/paas") :] if "/paas/" in path else path
    stamp = beijing_time(created).isoformat(timespec="milliseconds")
    body = {"timestamp": stamp, "status": status, "error": reason, "path": seen}
    return replace(json_answer(body, status=status), refuses=True)
