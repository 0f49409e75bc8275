"""Error bodies, in every shape that endpoints send, and the exceptions that they become."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx2
import pytest

from langchain_glm.catalog.codes import CODES
from langchain_glm.catalog.hosts import HOSTS, Host
from langchain_glm.errors import (
    GLMAuthenticationError,
    GLMBalanceError,
    GLMContentFilterError,
    GLMContextOverflowError,
    GLMError,
    GLMInvalidRequestError,
    GLMNotFoundError,
    GLMOverloadedError,
    GLMPermissionError,
    GLMRateLimitError,
    GLMServerError,
    GLMTimeoutError,
)
from langchain_glm.transport.error_body import error_from_body

ZAI = HOSTS["zai"]
NO_MESSAGE = "the endpoint answered HTTP 400 with no message"

AUTH, ACCOUNT, MONEY, ARGUMENT, OVERFLOW, MODEL, RATE, BUSY, SERVER = (
    GLMAuthenticationError,
    GLMPermissionError,
    GLMBalanceError,
    GLMInvalidRequestError,
    GLMContextOverflowError,
    GLMNotFoundError,
    GLMRateLimitError,
    GLMOverloadedError,
    GLMServerError,
)


def error(body: Any, status: int = 400, host: Host = ZAI, **headers: str) -> GLMError:
    named = httpx2.Headers({name.replace("_", "-"): value for name, value in headers.items()})
    return error_from_body(body, host=host, status=status, headers=named)


def coded(code: Any, message: str = "said", status: int = 429) -> GLMError:
    return error({"error": {"code": code, "message": message}}, status)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("status", [200, 400, 401, 429, 500])
def test_a_code_decides_whatever_the_status(code: str, status: int) -> None:
    failure = coded(code, status=status)
    assert type(failure) is CODES[code].error
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


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


VLLM_OVERFLOW = "This model's maximum context length is 8192 tokens. However, your request has 9000 input tokens."
SGLANG_OVERFLOW = "The input (9000 tokens) is longer than the model's context length (8192 tokens)."

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
    "nothing": (b"", ARGUMENT, None, NO_MESSAGE, None),
    "null": (b"null", ARGUMENT, None, NO_MESSAGE, None),
    "a string": (b'"broken"', ARGUMENT, None, "broken", None),
    "a list": (b"[1]", ARGUMENT, None, NO_MESSAGE, None),
    "broken UTF-8": (b"\xff\xfe", ARGUMENT, None, "\ufffd\ufffd", None),
    "an empty error": ({"error": {}}, ARGUMENT, None, NO_MESSAGE, None),
    "wrong types": (
        {"error": {"code": ["x"], "type": {}, "message": 7}, "request_id": 7},
        ARGUMENT,
        None,
        NO_MESSAGE,
        None,
    ),
    "a code that is no code": ({"error": {"code": True, "message": "m"}}, ARGUMENT, None, "m", None),
    "nested too deep": ({"error": {"code": nested(2_000), "message": "m"}}, ARGUMENT, None, "m", None),
    "msg": ({"msg": "said"}, ARGUMENT, None, "said", None),
    "flat": ({"message": "m", "type": "invalid_authentication_error", "code": "x"}, AUTH, "x", "m", None),
    "flat, with GLM's code": ({"message": "m", "type": "error", "code": 1302}, RATE, "1302", "m", None),
    "flat, with a status as code": (
        b'{"object":"error","message":"m","type":"BadRequestError","param":null,"code":429}',
        ARGUMENT,
        "429",
        "m",
        None,
    ),
    "the code outside": ({"error": "m", "code": 1113}, MONEY, "1113", "m", None),
    "Anthropic's": (
        {"type": "error", "error": {"type": "x", "code": "1261", "message": "m"}},
        OVERFLOW,
        "1261",
        "m",
        None,
    ),
    "FastAPI's": ({"detail": "Not Found"}, ARGUMENT, None, "Not Found", None),
    "FastAPI's list": ({"detail": [{"loc": ["body"]}]}, ARGUMENT, None, NO_MESSAGE, None),
    "a model that BigModel does not know": (
        {"error": {"code": "1214", "message": "modelCode：不存在"}},
        MODEL,
        "1214",
        "modelCode：不存在",
        None,
    ),
    "another illegal parameter": (
        {"error": {"code": "1214", "message": "任务不存在"}},
        ARGUMENT,
        "1214",
        "任务不存在",
        None,
    ),
    "vLLM's overflow": (
        {"object": "error", "message": VLLM_OVERFLOW, "type": "BadRequestError", "param": None, "code": 400},
        OVERFLOW,
        "400",
        VLLM_OVERFLOW,
        None,
    ),
    "vLLM's overflow, of today": (
        {"error": {"message": VLLM_OVERFLOW, "type": "BadRequestError", "param": None, "code": 400}},
        OVERFLOW,
        "400",
        VLLM_OVERFLOW,
        None,
    ),
    "SGLang's overflow": ({"message": SGLANG_OVERFLOW, "code": 400}, OVERFLOW, "400", SGLANG_OVERFLOW, None),
    "a limit of requests that speaks of the context": (
        {"error": {"code": "1302", "message": VLLM_OVERFLOW}},
        RATE,
        "1302",
        VLLM_OVERFLOW,
        None,
    ),
}


@pytest.mark.parametrize(("body", "kind", "code", "message", "request_id"), BODIES.values(), ids=BODIES)
def test_a_body_is_read(
    body: Any, kind: type[GLMError], code: str | None, message: str, request_id: str | None
) -> None:
    failure = error(body)
    assert (type(failure), failure.code, failure.message, failure.request_id) == (kind, code, message, request_id)


# HTTP 200 with an error in it, as the side services send it
FLAT: list[tuple[dict[str, Any], type[GLMError], str]] = [
    ({"code": 1000, "msg": "身份验证失败。", "success": False}, AUTH, "1000"),
    ({"code": 1005, "msg": "m", "success": False}, AUTH, "1005"),
    ({"code": 1233, "msg": "m", "success": False}, MODEL, "1233"),
    ({"code": 400, "message": "m"}, ARGUMENT, "400"),
    ({"code": 500, "msg": "m", "success": False}, SERVER, "500"),
    ({"code": 7777, "msg": "m", "success": False}, SERVER, "7777"),
]


@pytest.mark.parametrize(("body", "kind", "code"), FLAT)
def test_a_reply_with_status_200_may_be_an_error(body: dict[str, Any], kind: type[GLMError], code: str) -> None:
    failure = error(body, 200)
    assert (type(failure), failure.code, failure.status) == (kind, code, 200)
    assert failure.message == (body.get("msg") or body["message"])


@pytest.mark.parametrize(
    "page", [b"<" * 80_000, b"<a " * 30_000, b" " * 80_000, b"< " * 40_000, b"<>" * 40_000, b"<" + b"x" * 80_000]
)
def test_the_time_to_read_a_page_grows_with_its_size_only(page: bytes) -> None:
    def seconds(text: bytes) -> float:
        started = time.thread_time()
        error(text, 502)
        return time.thread_time() - started

    small, large = (min(seconds(text) for _ in range(5)) for text in (page[:6_000], page[:60_000]))
    assert large < 30 * small + 0.005  # ten times the size; the square would be a hundred times


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
        ("Fri, 31 Dec 1999 23:59:59 -0000", 0.0),
        ("Friday, 31-Dec-99 23:59:59 GMT", 0.0),
        ("Fri Dec 31 23:59:59 1999", 0.0),
        ("Fri, 31 Dec 1999 23:59:59 +1400", 0.0),
        ("Fri, 31 Dec 2027 23:59:59 +99999999999", None),
        ("Fri, 31 Dec 2027 23:59:59 +999999999999999999", None),
        ("Fri, 99 Dec 2027 23:59:59 GMT", None),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0.0),
        ("9" * 5_000, None),
        ("1e400", None),
        ("7, 7", None),
        ("7 s", None),
        (",", None),
        (" ", None),
        ("::", None),
        ("\x00", None),
    ],
)
def test_retry_after_is_read(header: str, expected: float | None) -> None:
    assert error(b"", 429, retry_after=header).retry_after == expected


def test_retry_after_may_be_a_date() -> None:
    soon = datetime.now(UTC) + timedelta(seconds=100)
    waited = error(b"", 429, retry_after=soon.strftime("%a, %d %b %Y %H:%M:%S GMT")).retry_after
    assert waited is not None
    assert 90 < waited <= 100


@pytest.mark.parametrize("zone", ["-" + "9" * 5_000, "+2400", "EST", "?", "+", "GMT GMT", "\ud800", "-00:00"])
@pytest.mark.parametrize("date", ["Fri, 31 Dec 2027 23:59:59", "31 Dec 1999", "Fri Dec 31", "0 0 0 0", "9999-12-31"])
def test_no_odd_date_in_retry_after_raises(date: str, zone: str) -> None:
    waited = error_from_body(b"", host=ZAI, status=429, headers={"retry-after": f"{date} {zone}"}).retry_after
    assert waited is None or waited >= 0


def test_a_redirect_names_its_target_without_what_may_be_a_key() -> None:
    failure = error_from_body(
        b"<html>Permanent Redirect</html>", host=ZAI, status=308, secrets=["abcd.1234"],
        headers={"location": "https://new.example/abcd.1234/chat?key=hush#top"},
    )  # fmt: skip
    assert failure.message == "the endpoint redirects to https://new.example/**********/chat"
