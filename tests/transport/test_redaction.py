"""Secrets that an endpoint repeats: what is blacked out, and what is left."""

from __future__ import annotations

import dataclasses
import pickle
from typing import Any

import httpx
import httpx2
import orjson
import pytest

from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.transport.error_body import error_from_body
from langchain_glm.transport.redaction import redacted, redacted_response

ZAI = HOSTS["zai"]
MASK = "**********"
SECRETS = ["abcd.1234", "abcd.1234/long", "k", ""]

CASES: list[tuple[Any, Any]] = [
    ("the key abcd.1234 is wrong", f"the key {MASK} is wrong"),
    ("abcd.1234abcd.1234", MASK * 2),
    ("abcd.1234/long", MASK),
    (r"abcd.1234\/long", MASK),
    (r"abcd.1234\u002Flong abcd\u002e1234", f"{MASK} {MASK}"),
    ("abcdx1234, a kind word", "abcdx1234, a kind word"),
    (b"\xff\xe6\x85\xa2 abcd.1234 \x00", b"\xff\xe6\x85\xa2 " + MASK.encode() + b" \x00"),
    ({"abcd.1234": [1, None, True, {"a": "abcd.1234"}]}, {MASK: [1, None, True, {"a": MASK}]}),
    ([("a", "abcd.1234")], [("a", MASK)]),
    (None, None),
    (7, 7),
]


@pytest.mark.parametrize(("value", "expected"), CASES)
def test_every_secret_is_blacked_out(value: Any, expected: Any) -> None:
    assert redacted(value, SECRETS) == expected


@pytest.mark.parametrize("secrets", [[], ["", "k", "abc"]])
def test_what_is_too_short_to_be_a_secret_is_left(secrets: list[str]) -> None:
    assert redacted("abc k key", secrets) == "abc k key"


def test_what_is_too_deep_to_be_searched_is_not_shown() -> None:
    deep: list[Any] = ["abcd.1234"]
    for _ in range(5_000):
        deep = [deep]
    assert redacted(deep, SECRETS) == []


def test_a_response_without_secrets_is_the_same_object() -> None:
    response = httpx2.Response(500, content=b"broken")
    assert redacted_response(response, SECRETS) is response
    assert redacted_response(None, SECRETS) is None


def test_headers_that_describe_the_wire_go_with_the_old_body() -> None:
    response = httpx2.Response(
        401,
        content=b"abcd.1234",
        headers=[("set-cookie", "a=1"), ("set-cookie", "b=abcd.1234"), ("content-length", "9")],
    )
    clean = redacted_response(response, SECRETS)
    assert clean.headers.get_list("set-cookie") == ["a=1", f"b={MASK}"]
    assert clean.headers["content-length"] == str(len(MASK))
    assert (clean.status_code, clean.text) == (401, MASK)


KEY = "0123456789abcdef.Zx+/9"
ECHOES: list[Any] = [
    {"error": {"code": "1000", "message": f"no such key: {KEY}"}, "request_id": f"q-{KEY}"},
    {"error": {"code": f"bad key {KEY}", "message": f"Bearer {KEY}"}},
    {"error": {"code": "1301", "message": KEY}, "contentFilter": [{"role": "user", "text": KEY}]},
    f'{{"error":{{"code":"1000","message":"{KEY.replace("/", chr(92) + "/")}"}}}}'.encode(),
    f"<html><body>Authorization: Bearer {KEY}</body></html>".encode(),
    b"x" * 490 + KEY.encode(),  # a long text is cut; half of a key must not be left
    {"detail": KEY},
]


@pytest.mark.parametrize("library", [httpx, httpx2])
@pytest.mark.parametrize("body", ECHOES)
def test_a_key_that_the_endpoint_repeats_is_blacked_out(body: Any, library: Any) -> None:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    reply = library.Response(401, content=raw, headers={"x-echo": f"Bearer {KEY}", "x-request-id": KEY, "x-other": "o"})
    host = dataclasses.replace(ZAI, base_url=f"https://proxy.example/{KEY}")
    for given in (body, raw):
        failure = error_from_body(
            given, host=host, status=404, headers=reply.headers, response=reply, secrets=["other-secret", KEY]
        )
        held = pickle.dumps(failure)
        for text in (KEY, KEY.replace("/", "\\/")):
            assert text not in str(failure)
            assert text not in repr(failure)
            assert text not in str(vars(failure))
            assert text not in failure.response.text
            assert text not in str(failure.response.headers.multi_items())
            assert text.encode() not in held
        assert KEY[:8] not in failure.message
        assert failure.response.status_code == 401
        assert failure.response.headers["x-other"] == "o"
        assert "**********" in failure.response.headers["x-echo"]


def test_a_reply_without_secrets_is_kept_as_it_is() -> None:
    reply = httpx2.Response(429, content=b'{"error":{"code":"1302","message":"slow"}}')
    failure = error_from_body(reply.content, host=ZAI, status=429, headers=reply.headers, response=reply, secrets=[KEY])
    assert failure.response is reply
    assert (failure.message, failure.code) == ("slow", "1302")


def test_the_requests_headers_are_in_no_text_of_an_error() -> None:
    request = httpx2.Request("POST", "https://api.z.ai/x", headers={"authorization": f"Bearer {KEY}"})
    reply = httpx2.Response(401, content=b'{"error":{"code":"1000","message":"no"}}', request=request)
    failure = error_from_body(reply.content, host=ZAI, status=401, headers=reply.headers, response=reply)
    assert KEY not in str(failure)
    assert KEY not in repr(failure)
    assert KEY not in repr(failure.response)
