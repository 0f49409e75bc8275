"""Error bodies → exceptions that LangChain's middleware understands."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from langchain_core.exceptions import (
    ContextOverflowError,
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelError,
    ModelInvalidRequestError,
    ModelNotFoundError,
    ModelPermissionDeniedError,
    ModelRateLimitError,
    ModelTimeoutError,
)
from langchain_core.messages import AIMessage

from langchain_glm import errors
from langchain_glm.catalog.hosts import GATEWAY, HOSTS, Host
from langchain_glm.errors import (
    CODES,
    GLMAuthenticationError,
    GLMBalanceError,
    GLMConnectionError,
    GLMContentFilterError,
    GLMContextOverflowError,
    GLMError,
    GLMInvalidRequestError,
    GLMNotFoundError,
    GLMOverloadedError,
    GLMPermissionError,
    GLMQuotaError,
    GLMRateLimitError,
    GLMServerError,
    GLMStreamError,
    GLMTimeoutError,
    GLMToolChoiceError,
    error_from_body,
)

ZAI = HOSTS["zai"]


def error(body: Any, status: int = 400, host: Host = ZAI, **headers: str) -> GLMError:
    named = httpx.Headers({name.replace("_", "-"): value for name, value in headers.items()})
    return error_from_body(body, host=host, status=status, headers=named)


def coded(code: Any, message: str = "said", status: int = 429, host: Host = ZAI) -> GLMError:
    return error({"error": {"code": code, "message": message}}, status, host)


# each class: its family in langchain-core, and whether the same request may succeed if sent again
FAMILIES: list[tuple[type[GLMError], type[Exception], bool]] = [
    (GLMAuthenticationError, ModelAuthenticationError, False),
    (GLMPermissionError, ModelPermissionDeniedError, False),
    (GLMBalanceError, ModelPermissionDeniedError, False),
    (GLMInvalidRequestError, ModelInvalidRequestError, False),
    (GLMContextOverflowError, ContextOverflowError, False),
    (GLMContentFilterError, ModelInvalidRequestError, False),
    (GLMNotFoundError, ModelNotFoundError, False),
    (GLMRateLimitError, ModelRateLimitError, True),
    (GLMQuotaError, ModelRateLimitError, False),
    (GLMOverloadedError, ModelAPIError, True),
    (GLMServerError, ModelAPIError, True),
    (GLMConnectionError, ModelConnectionError, True),
    (GLMStreamError, ModelConnectionError, True),
    (GLMTimeoutError, ModelTimeoutError, True),
    (GLMToolChoiceError, ModelAPIError, True),
]


@pytest.mark.parametrize(("kind", "family", "retryable"), FAMILIES)
def test_each_class_is_of_langchains_family_and_honest(
    kind: type[GLMError], family: type[Exception], retryable: bool
) -> None:
    failure = kind("said")
    assert isinstance(failure, GLMError)
    assert isinstance(failure, ModelError)
    assert isinstance(failure, family)
    assert failure.is_retryable is retryable


def test_every_class_is_in_the_table() -> None:
    named = {getattr(errors, name) for name in errors.__all__ if name.startswith("GLM")}
    assert named - {GLMError} == {kind for kind, _, _ in FAMILIES}


AUTH, ACCOUNT, MONEY, ARGUMENT, OVERFLOW, SAFETY, MODEL, RATE, QUOTA, BUSY, SERVER = (
    GLMAuthenticationError,
    GLMPermissionError,
    GLMBalanceError,
    GLMInvalidRequestError,
    GLMContextOverflowError,
    GLMContentFilterError,
    GLMNotFoundError,
    GLMRateLimitError,
    GLMQuotaError,
    GLMOverloadedError,
    GLMServerError,
)
CLASSES: dict[str, type[GLMError]] = {
    "500": SERVER,
    **dict.fromkeys(["1000", "1001", "1002", "1003", "1004"], AUTH),
    **dict.fromkeys(["1100", "1110", "1111", "1112", "1121"], ACCOUNT),
    "1113": MONEY,
    "1120": SERVER,
    **dict.fromkeys(["1200", "1230", "1234"], SERVER),
    **dict.fromkeys(["1210", "1212", "1213", "1214", "1215", "1231"], ARGUMENT),
    "1211": MODEL,
    **dict.fromkeys(["1220", "1221", "1222"], ACCOUNT),
    "1261": OVERFLOW,
    "1300": SAFETY,
    "1301": SAFETY,
    "1302": RATE,
    "1303": RATE,
    "1304": QUOTA,
    "1305": BUSY,
    "1308": QUOTA,
    "1309": MONEY,
    "1310": QUOTA,
    "1311": ACCOUNT,
    "1312": BUSY,
    **dict.fromkeys(["1313", "1314", "1315"], ACCOUNT),
    **dict.fromkeys(["1316", "1317", "1318", "1319", "1320", "1321"], QUOTA),
    "insufficient_user_quota": MONEY,
    "insufficient_quota": MONEY,
    "exceeded_current_quota_error": MONEY,
    "invalid_api_key": AUTH,
    "invalid_authentication_error": AUTH,
    "permission_denied_error": ACCOUNT,
    "model_not_found": MODEL,
    "resource_not_found_error": MODEL,
    "context_length_exceeded": OVERFLOW,
    "sensitive_words_detected": SAFETY,
    "content_filter": SAFETY,
    "rate_limit_reached_error": RATE,
    "engine_overloaded_error": BUSY,
    "channel:no_available_key": BUSY,
    "server_error": SERVER,
}


def test_every_code_is_in_the_table() -> None:
    assert CODES.keys() == CLASSES.keys()


@pytest.mark.parametrize(("code", "kind"), CLASSES.items())
@pytest.mark.parametrize("status", [200, 400, 401, 429, 500])
def test_a_code_decides_whatever_the_status(code: str, kind: type[GLMError], status: int) -> None:
    failure = coded(code, status=status)
    assert type(failure) is kind
    assert (failure.code, failure.status, failure.message) == (code, status, "said")


STATUSES: list[tuple[int, type[GLMError]]] = [
    (400, ARGUMENT),
    (401, AUTH),
    (402, MONEY),
    (403, ACCOUNT),
    (404, MODEL),
    (408, GLMTimeoutError),
    (409, ARGUMENT),
    (413, ARGUMENT),
    (422, ARGUMENT),
    (429, RATE),
    (434, ACCOUNT),
    (435, ARGUMENT),
    (500, SERVER),
    (502, SERVER),
    (503, SERVER),
    (504, SERVER),
    (529, BUSY),
    (200, SERVER),
]


@pytest.mark.parametrize(("status", "kind"), STATUSES)
@pytest.mark.parametrize("code", [None, "9999", "nobody_knows"])
def test_a_status_decides_where_no_code_is_known(status: int, kind: type[GLMError], code: str | None) -> None:
    assert type(coded(code, status=status)) is kind


@pytest.mark.parametrize(("code", "kind"), [("429", RATE), (429, RATE), (401, AUTH), ("503", SERVER), (404, MODEL)])
def test_inside_a_stream_a_code_may_be_a_status(code: Any, kind: type[GLMError]) -> None:
    assert type(coded(code, status=200)) is kind


# what it shows: the body; class, code, message, request id
BODIES: dict[str, tuple[Any, type[GLMError], str | None, str, str | None]] = {
    "GLM's": ({"error": {"code": "1302", "message": "slow"}}, RATE, "1302", "slow", None),
    "with a request id": (
        {"error": {"code": "1305", "message": "busy"}, "request_id": "q7"},
        BUSY,
        "1305",
        "busy",
        "q7",
    ),
    "as bytes": (b'{"error":{"code":"1302","message":"\xe6\x85\xa2"}}', RATE, "1302", "慢", None),
    "an integer code": ({"error": {"code": 1302, "message": "slow"}}, RATE, "1302", "slow", None),
    "the message outside": ({"error": {"code": "1210"}, "message": "bad"}, ARGUMENT, "1210", "bad", None),
    "an error of text": (b'{"error":"Too many"}', ARGUMENT, None, "Too many", None),
    "Spring's": (
        b'{"timestamp":1,"status":400,"error":"Not Found","path":"/v4/v1"}',
        ARGUMENT,
        None,
        "Not Found",
        None,
    ),
    "OpenAI's type": ({"error": {"message": "m", "type": "invalid_authentication_error"}}, AUTH, None, "m", None),
    "OpenAI's type beside a code": (
        {"error": {"message": "m", "type": "x", "param": None, "code": "invalid_api_key"}},
        AUTH,
        "invalid_api_key",
        "m",
        None,
    ),
    "an unknown code beside a known type": (
        {"error": {"message": "m", "type": "rate_limit_reached_error", "code": "x"}},
        RATE,
        "x",
        "m",
        None,
    ),
    "HTML": (
        b"<html><head><title>502 Bad  Gateway</title></head>\n<body>nginx</body></html>",
        ARGUMENT,
        None,
        "502 Bad Gateway nginx",
        None,
    ),
    "text": (b"upstream failed", ARGUMENT, None, "upstream failed", None),
    "nothing": (b"", ARGUMENT, None, "the endpoint answered HTTP 400 with no message", None),
    "null": (b"null", ARGUMENT, None, "the endpoint answered HTTP 400 with no message", None),
    "a string": (b'"broken"', ARGUMENT, None, "broken", None),
    "a list": (b"[1]", ARGUMENT, None, "the endpoint answered HTTP 400 with no message", None),
    "broken UTF-8": (b"\xff\xfe", ARGUMENT, None, "\ufffd\ufffd", None),
    "an empty error": ({"error": {}}, ARGUMENT, None, "the endpoint answered HTTP 400 with no message", None),
    "wrong types": (
        {"error": {"code": ["x"], "type": {}, "message": 7}, "request_id": 7},
        ARGUMENT,
        "['x']",
        "the endpoint answered HTTP 400 with no message",
        None,
    ),
    "msg": ({"msg": "said"}, ARGUMENT, None, "said", None),
}


@pytest.mark.parametrize(("body", "kind", "code", "message", "request_id"), BODIES.values(), ids=BODIES)
def test_a_body_is_read(
    body: Any, kind: type[GLMError], code: str | None, message: str, request_id: str | None
) -> None:
    failure = error(body)
    assert (type(failure), failure.code, failure.message, failure.request_id) == (kind, code, message, request_id)


def test_a_long_page_is_cut() -> None:
    assert len(error(b"<p>" + b"x" * 10_000).message) == 500


@pytest.mark.parametrize("name", ["x-log-id", "msh-request-id", "x-request-id"])
def test_the_request_id_may_stand_in_a_header(name: str) -> None:
    headers = {name: "h7"}
    assert error_from_body(b"", host=ZAI, status=400, headers=headers).request_id == "h7"
    body = {"error": {}, "request_id": "b7"}
    assert error_from_body(body, host=ZAI, status=400, headers=headers).request_id == "b7"


@pytest.mark.parametrize("name", ["contentFilter", "content_filter"])
def test_the_flagged_side_is_kept(name: str) -> None:
    flagged = [{"level": 1, "role": "user"}]
    failure = error({name: flagged, "error": {"code": "1301", "message": "no"}})
    assert isinstance(failure, GLMContentFilterError)
    assert failure.content_filter == flagged


BEIJING = timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Usage limit reached. It will reset at 2026-07-31 18:31:06", datetime(2026, 7, 31, 18, 31, 6, tzinfo=BEIJING)),
        ("限额将在 2026-07-31 18:31:06 重置。", datetime(2026, 7, 31, 10, 31, 6, tzinfo=UTC)),
        ("reset at 2026-13-31 18:31:06", None),
        ("reset at 2026-07-31", None),
        ("reset soon", None),
        ("", None),
    ],
)
def test_the_reset_time_is_beijings(message: str, expected: datetime | None) -> None:
    failure = coded("1308", message)
    assert failure.reset_at == expected
    assert failure.reset_at is None or failure.reset_at.utcoffset() == timedelta(hours=8)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        (" 3 ", 3.0),
        ("-3", 0.0),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0.0),
        ("Fri, 31 Dec 1999 23:59:59 -0000", None),
        ("Fri, 31 Dec 2027 23:59:59 +99999999999", None),
    ],
)
def test_retry_after_is_read(header: str, expected: float | None) -> None:
    assert error(b"", 429, retry_after=header).retry_after == expected


def test_retry_after_may_be_a_date() -> None:
    soon = datetime.now(UTC) + timedelta(seconds=100)
    waited = error(b"", 429, retry_after=soon.strftime("%a, %d %b %Y %H:%M:%S GMT")).retry_after
    assert waited is not None
    assert 90 < waited <= 100


# code and host, and what the hint says
HINTS: list[tuple[str, Host, tuple[str, ...]]] = [
    ("1002", ZAI, ("'zai'", "ZAI_API_KEY")),
    ("1000", HOSTS["bigmodel"], ("'bigmodel'", "ZHIPUAI_API_KEY")),
    ("invalid_api_key", GATEWAY, ("GLM_API_KEY",)),
    ("1113", ZAI, ("No balance", "host='zai-coding'", "https://api.z.ai/api/coding/paas/v4")),
    ("1113", HOSTS["zai-coding"], ("host='zai'", "https://api.z.ai/api/paas/v4")),
    ("1309", HOSTS["bigmodel-coding"], ("expired", "host='bigmodel'")),
    ("1311", HOSTS["bigmodel"], ("does not include", "host='bigmodel-coding'")),
    ("1211", ZAI, ("Check model=",)),
    ("1302", ZAI, ("at the same time",)),
    ("1261", ZAI, ("Shorten the conversation",)),
    ("1231", ZAI, ("request_id",)),
]


@pytest.mark.parametrize(("code", "host", "parts"), HINTS)
def test_a_hint_says_what_to_do(code: str, host: Host, parts: tuple[str, ...]) -> None:
    failure = coded(code, host=host)
    assert failure.hint is not None
    assert all(part in failure.hint for part in parts)
    assert str(failure).endswith("\n" + failure.hint)


@pytest.mark.parametrize("host", [*HOSTS.values(), GATEWAY], ids=lambda host: host.name)
@pytest.mark.parametrize("code", [*CODES, None])
def test_no_hint_has_a_gap(code: str | None, host: Host) -> None:
    for status in (401, 402, 404, 429, 500, 529):
        hint = coded(code, status=status, host=host).hint
        assert hint is None or (hint and not set("{}") & set(hint) and "''" not in hint and "()" not in hint)


@pytest.mark.parametrize("code", ["1113", "1309", "1311", "1211"])
def test_a_host_with_one_plan_is_told_of_no_other(code: str) -> None:
    assert "other plan" not in (coded(code, host=GATEWAY).hint or "")


def test_a_wrong_path_is_told_the_right_url() -> None:
    wrong = Host(name="zai", base_url="https://api.z.ai/api/paas/v4/v1", key_variables=("ZAI_API_KEY",))
    hint = error(b'{"error":"Not Found"}', 404, wrong).hint
    assert hint is not None
    assert "https://api.z.ai/api/paas/v4/v1" in hint
    assert hint.endswith("'zai' answers at https://api.z.ai/api/paas/v4/chat/completions.")


def test_a_reply_without_its_request_is_taken() -> None:
    failure = error_from_body(b"", host=ZAI, status=404, response=httpx.Response(404))
    assert isinstance(failure, GLMNotFoundError)


def test_str_says_message_code_status_and_request() -> None:
    failure = error({"error": {"code": "1234", "message": "net"}, "request_id": "q7"}, 500)
    assert str(failure) == "net (code 1234, HTTP 500, request q7)"
    assert str(GLMServerError("plain")) == "plain"
    assert str(GLMServerError("plain", hint="do this")) == "plain\ndo this"


@pytest.mark.parametrize("kind", [kind for kind, _, _ in FAMILIES])
def test_an_exception_survives_pickling(kind: type[GLMError]) -> None:
    request = httpx.Request("POST", "https://api.z.ai/api/paas/v4/chat/completions")
    failure = kind(
        "said",
        code="1302",
        status=429,
        request_id="q7",
        response=httpx.Response(429, content=b"body", request=request),
        reset_at=datetime(2026, 7, 31, tzinfo=BEIJING),
        retry_after=3.0,
        hint="wait",
        partial=AIMessage("half"),
    )
    if isinstance(failure, GLMContentFilterError):
        failure.content_filter = [{"role": "user", "level": 0}]
    copied: Any = pickle.loads(pickle.dumps(failure))
    assert type(copied) is kind
    assert str(copied) == str(failure)
    for name in ("message", "code", "status", "request_id", "reset_at", "retry_after", "hint", "partial"):
        assert getattr(copied, name) == getattr(failure, name)
    assert getattr(copied, "content_filter", None) == getattr(failure, "content_filter", None)
    assert copied.response is not None
    assert (copied.response.status_code, copied.response.content) == (429, b"body")
    assert copied.args == failure.args


def test_the_key_is_in_no_text_of_an_error() -> None:
    key = "0123456789.secret"
    request = httpx.Request("POST", "https://api.z.ai/x", headers={"authorization": f"Bearer {key}"})
    reply = httpx.Response(401, content=b'{"error":{"code":"1000","message":"no"}}', request=request)
    failure = error_from_body(reply.content, host=ZAI, status=401, headers=reply.headers, response=reply)
    assert key not in str(failure)
    assert key not in repr(failure)
    assert key not in repr(failure.response)
