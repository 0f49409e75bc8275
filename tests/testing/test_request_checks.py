"""What is refused and what is taken, as tables. The codes are those of recorded replies and API descriptions."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest

from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.testing.checks import check_access, check_request
from langchain_glm.testing.checks.tools import has_tuple_schema
from langchain_glm.testing.refusals import Problem, error_body

from .asking import function

USER = {"role": "user", "content": "Hi"}
CALL = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
CALLING = {"role": "assistant", "content": "", "tool_calls": [CALL]}
PIXEL = "iVBORw0KGgo="


def content(*parts: Any, role: str = "user") -> dict[str, Any]:
    return {"messages": [USER, {"role": role, "content": list(parts)}]}


def image(**inner: Any) -> dict[str, Any]:
    return {"type": "image_url", "image_url": inner}


def tools(*entries: Any) -> dict[str, Any]:
    return {"tools": list(entries)}


WEB = {"type": "web_search", "web_search": {"enable": True}}
TEXT = {"type": "text", "text": "Look"}
SEEING = {"model": "glm-4.6v"}
NEWEST = {"model": "glm-5.3"}

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    # the model
    ("zai", {"model": "no-such-model"}, "1211"),
    ("zai", {"model": "z-ai/glm-4.6"}, "1211"),
    ("zai", {"model": "kimi-k2.6"}, "1211"),
    ("zai", {"model": None}, "1211"),
    ("kimi", {"model": "glm-4.7"}, "1211"),
    ("phanedge", {"model": "no-such-model"}, "1211"),
    # messages
    ("zai", {"messages": []}, "1214"),
    ("zai", {"messages": None}, "1214"),
    ("zai", {"messages": "Hi"}, "1214"),
    ("zai", {"messages": [{"role": "system", "content": "Be brief"}]}, "1214"),
    ("zai", {"messages": [{"role": "assistant", "content": "Hi"}]}, "1214"),
    ("zai", {"messages": [{"role": "developer", "content": "x"}, USER]}, "1214"),
    ("zai", {"messages": [USER, "Hi"]}, "1214"),
    ("zai", {"messages": [{"role": "user"}]}, "1214"),
    ("zai", {"messages": [{"role": "user", "content": 3}]}, "1214"),
    ("zai", {"messages": [USER, {"role": "assistant", "tool_calls": [{"id": "c", "type": "function"}]}]}, "1214"),
    ("zai", {"messages": [{"role": "user", "content": ""}]}, "1214"),
    ("bigmodel", {"messages": [USER, {"role": "user", "content": None}]}, "1214"),
    ("zai-coding", {"messages": [{"role": "user", "content": []}]}, "1214"),
    ("zai", {"messages": [USER, CALLING, {"role": "tool", "tool_call_id": "d", "content": "found"}]}, "1214"),
    ("zai", {"messages": [USER, {"role": "tool", "tool_call_id": "c", "content": "found"}, CALLING]}, "1214"),
    ("zai", content(TEXT, role="system"), "1214"),
    ("zai", content(TEXT, role="tool"), "1214"),
    ("zai", content({"type": "text", "text": ""}), "1214"),
    ("zai", content({"type": "tool_use", "id": "x"}), "1214"),
    ("zai", content(image(url="https://a.example/1.png")), "1210"),
    ("zai", SEEING | content(image(url="https://a.example/1.png", detail="low")), "1210"),
    ("zai", SEEING | content({"type": "image_url", "image_url": "https://a.example/1.png"}), "1210"),
    ("zai", SEEING | content(image(url="data:image/png;base64,%%%")), "1210"),
    ("zai", SEEING | content(image(url="ms://file")), "1210"),
    ("zai", SEEING | content({"type": "file_url", "file_url": {"url": PIXEL}}), "1210"),
    ("zai", SEEING | content({"type": "input_audio", "input_audio": {"data": PIXEL, "format": "wav"}}), "1210"),
    ("phanedge", SEEING | content(image(url=PIXEL)), "1210"),
    # tools
    ("zai", {"tools": {}}, "1214"),
    ("zai", tools({"type": "custom", "custom": {}}), "1214"),
    ("zai", tools({"type": "function", "function": {"description": "x"}}), "1214"),
    ("zai", tools({"type": "function"}), "1214"),
    ("zai", tools(function("look up")), "1214"),
    ("zai", tools(function("")), "1214"),
    ("zai", tools({**function("look"), "cache_control": {"type": "ephemeral"}}), "1210"),
    ("zai", tools(function("look", at={"type": "array", "items": [{"type": "number"}]})), "1210"),
    ("zai", tools(function("look", at={"type": "array", "prefixItems": [{"type": "number"}]})), "1210"),
    ("zai", tools(*(function(f"look_{number}") for number in range(129))), "1214"),
    # settings
    ("zai", {"temperature": 1.01}, "1210"),
    ("zai", {"temperature": -0.1}, "1210"),
    ("zai", {"temperature": "0.5"}, "1210"),
    ("zai", {"top_p": 0}, "1210"),
    ("zai", {"top_p": 1.1}, "1210"),
    ("zai", {"max_tokens": 0}, "1210"),
    ("zai", {"max_tokens": 131_073}, "1210"),
    ("zai", {"model": "glm-4.6v", "max_tokens": 32_769}, "1210"),
    ("phanedge", {"model": "z-ai/glm-4.6", "temperature": 1.01}, "1210"),
    ("zai", {"max_tokens": True}, "1210"),
    ("zai", {"stop": "END"}, "1214"),
    ("zai", {"stop": [1]}, "1214"),
    ("zai", {"user_id": "short"}, "1214"),
    ("zai", {"user_id": "x" * 129}, "1214"),
    ("zai", {"metadata": {"a": "b"}}, "1210"),
    ("zai", {"response_format": {"type": "yaml"}}, "1214"),
    ("zai", {"response_format": "json_object"}, "1214"),
    ("zai", SEEING | {"response_format": {"type": "json_object"}}, "1210"),
    ("zai", {"thinking": {"type": "auto"}}, "1210"),
    ("zai", NEWEST | {"thinking": {"type": "disabled"}}, "1210"),
    ("zai", NEWEST | {"reasoning_effort": "medium"}, "1210"),
    ("zai", NEWEST | {"reasoning_effort": "none"}, "1210"),
    ("zai", {"reasoning_effort": "lots"}, "1210"),
    ("zai-coding", NEWEST | {"reasoning_effort": "lots"}, "1210"),
    ("zai", {"model": "glm-4.5v", "messages": [{"role": "user", "content": "字" * 65_537}]}, "1261"),
    # Kimi
    ("kimi", {"messages": []}, "1214"),
    ("kimi", {"messages": [{"role": "user", "content": ""}]}, "1214"),
    ("kimi", {"messages": [{"role": "developer", "content": "x"}]}, "1214"),
    ("kimi", {"temperature": 0.6}, "1214"),
    ("kimi", {"top_p": 1}, "1214"),
    ("kimi", {"n": 2}, "1214"),
    ("kimi", {"presence_penalty": 0.5}, "1214"),
    ("kimi", {"messages": [USER, {"role": "tool", "tool_call_id": "c", "content": "found"}]}, "1214"),
    ("kimi", {"model": "kimi-k3", "temperature": 0.2}, "1214"),
    ("kimi", {"model": "kimi-k2.7-code", "thinking": {"type": "disabled"}}, "1214"),
    ("kimi", {"model": "kimi-k2.5", "thinking": {"type": "enabled", "keep": "all"}}, "1214"),
    ("kimi", {"model": "kimi-k3", "reasoning_effort": "medium"}, "1214"),
    ("kimi", {"messages": [USER, {"role": "assistant", "content": "", "tool_calls": [CALL]}]}, "1214"),
    ("kimi", tools(function("up")), "1214"),
    ("kimi", tools(function("9lives")), "1214"),
    ("kimi", tools(WEB), "1214"),
    ("kimi", tools({"type": "builtin_function", "function": {"name": "$web_crawl"}}), "1214"),
    ("kimi", {"tool_choice": "any"}, "1214"),
    ("kimi", {"model": "kimi-k3", "tool_choice": {"type": "function", "function": {"name": "look"}}}, "1214"),
    ("kimi", {"tool_choice": {"type": "function"}}, "1214"),
    ("kimi", {"max_tokens": 0}, "1214"),
    ("kimi", {"response_format": {"type": "json_schema"}}, "1214"),
    ("kimi", {"stop": ["1", "2", "3", "4", "5", "6"]}, "1214"),
    ("kimi", {"stop": ["x" * 33]}, "1214"),
    ("kimi", content(image(url="https://a.example/1.png")), "1214"),
    ("kimi", {"model": "kimi-k2-thinking"} | content(image(url=f"data:image/png;base64,{PIXEL}")), "1214"),
]

ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    ("zai", {"temperature": 0}),
    ("zai", {"temperature": 1}),
    ("zai", {"temperature": 0.123, "top_p": 0.01, "max_tokens": 131_072}),
    ("zai", dict.fromkeys(("temperature", "stop", "tools", "thinking", "metadata", "response_format", "user_id"))),
    ("zai", {"n": 2, "logprobs": True, "seed": 1, "parallel_tool_calls": True, "unheard_of": {}}),
    ("zai", {"stream_options": {"include_usage": True}}),
    ("zai", {"stop": ["END", "STOP"]}),
    ("zai", {"thinking": {"clear_thinking": False}}),
    ("zai", {"thinking": {"type": "disabled"}}),
    ("zai", {"reasoning_effort": "high"}),
    ("zai", {"model": "glm-5.2", "reasoning_effort": "none"}),
    ("zai", NEWEST | {"reasoning_effort": "low"}),
    ("zai-coding", NEWEST | {"reasoning_effort": "medium", "thinking": {"type": "disabled"}}),
    ("zai", {"response_format": {"type": "json_object"}}),
    ("zai", {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}}),
    ("zai", SEEING | {"response_format": {"type": "text"}}),
    ("zai", tools(function("look")) | {"tool_choice": "none"}),
    ("zai", tools(function("look")) | {"tool_choice": {"type": "function", "function": {"name": "other"}}}),
    ("zai", tools({"type": "function", "function": {"name": "look", "strict": False}})),
    ("zai", tools(*(function(f"look_{number}") for number in range(128)), WEB)),
    ("zai", NEWEST | tools(function("look up"))),
    ("phanedge", {"messages": [{"role": "user", "content": ""}]}),
    ("zai", {"messages": [USER, {"role": "assistant", "content": None, "tool_calls": [CALL]}]}),
    ("zai", {"messages": [USER, CALLING, {"role": "tool", "tool_call_id": "c", "content": "found"}]}),
    ("phanedge", {"messages": [USER, {"role": "tool", "tool_call_id": "c", "content": "unasked"}]}),
    ("zai", {"model": "glm-4.6v", "max_tokens": 32_768}),
    ("phanedge", {"model": "gpt-5", "temperature": 1.7}),
    ("zai", {"messages": [USER, {"role": "tool", "content": "unasked, and without an id"}]}),
    ("zai", content(TEXT)),
    ("zai", content(TEXT, role="assistant")),
    ("phanedge", content(TEXT, role="system")),
    ("phanedge", {"model": "z-ai/glm-4.6", "stop": "END", "metadata": {}}),
    ("zai", SEEING | content(TEXT, image(url="https://a.example/1.png"))),
    ("zai", SEEING | content(image(url=PIXEL))),
    ("zai", SEEING | content(image(url=f"data:image/png;base64,{PIXEL}"))),
    ("zai", SEEING | content({"type": "file_url", "file_url": {"url": "https://a.example/1.pdf"}})),
    ("kimi", {"temperature": 1, "top_p": 0.95, "stop": "END"}),
    ("kimi", {"model": "kimi-k3", "temperature": 1}),
    ("kimi", content(image(url=f"data:image/png;base64,{PIXEL}"), {"type": "image_url", "image_url": "ms://f1"})),
    (
        "kimi",
        {
            "thinking": {"type": "disabled"},
            "messages": [USER, {"role": "assistant", "content": "", "tool_calls": [CALL]}],
        },
    ),
    (
        "kimi",
        {
            "messages": [
                USER,
                {"role": "assistant", "content": "", "tool_calls": [CALL], "reasoning_content": "I look."},
            ]
        },
    ),
]


def checked(host: str, changes: dict[str, Any]) -> Problem | None:
    model = "kimi-k2.6" if host == "kimi" else "glm-4.7"
    return check_request({"model": model, "messages": [USER], **changes}, HOSTS[host])


@pytest.mark.parametrize(("host", "changes", "code"), REFUSED)
def test_is_refused(host: str, changes: dict[str, Any], code: str) -> None:
    problem = checked(host, changes)
    assert problem is not None
    assert problem.code == code


@pytest.mark.parametrize(("host", "changes"), ACCEPTED)
def test_is_accepted(host: str, changes: dict[str, Any]) -> None:
    assert checked(host, changes) is None


@pytest.mark.parametrize(
    ("schema", "found"),
    [
        ({"type": "array", "items": {"type": "string"}}, False),
        ({"type": "array", "items": [{"type": "string"}]}, True),
        ({"properties": {"items": {"type": "string"}, "prefixItems": {"type": "string"}}}, False),
        ({"properties": {"x": {"anyOf": [{"type": "null"}, {"prefixItems": []}]}}}, True),
        ({"$defs": {"additionalItems": {"type": "object", "additionalItems": False}}}, True),
        ({"enum": [{"prefixItems": []}], "default": {"prefixItems": []}}, False),
        (None, False),
    ],
)
def test_tuple_schemas_are_found_by_keyword_not_by_property_name(schema: Any, found: bool) -> None:
    assert has_tuple_schema(schema) is found


@pytest.mark.parametrize(
    ("headers", "code"),
    [({}, "1001"), ({"authorization": "Bearer other"}, "1000"), ({"authorization": "test.key"}, "1000")],
)
def test_keys(headers: dict[str, str], code: str) -> None:
    problem = check_access(headers, "test.key", HOSTS["zai"])
    assert problem is not None
    assert problem.code == code
    assert check_access({"authorization": "Bearer test.key"}, "test.key", HOSTS["zai"]) is None


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def token(*, key: str = "test.key", header: dict[str, Any] | None = None, **changes: Any) -> str:
    """A token as the official SDK signs it with the key, written out here by hand."""
    now = int(time.time() * 1000)
    key_id, _, secret = key.partition(".")
    claims = {"api_key": key_id, "exp": now + 210_000, "timestamp": now, **changes}
    signed = f"{part(header or {'alg': 'HS256', 'sign_type': 'SIGN', 'typ': 'JWT'})}.{part(claims)}"
    signature = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def token_code(given: str, *, host: str = "bigmodel", key: str = "test.key") -> str | None:
    problem = check_access({"authorization": f"Bearer {given}"}, key, HOSTS[host])
    return problem.code if problem else None


@pytest.mark.parametrize("host", ["bigmodel", "bigmodel-coding", "zai"])
def test_a_token_signed_with_the_key_is_accepted(host: str) -> None:
    assert token_code(token(), host=host) is None
    # as langchain-community's ChatZhipuAI sends it
    assert check_access({"authorization": token()}, "test.key", HOSTS[host]) is None


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (token(key="test.other"), "1004"),
        (token(key="other.key"), "1004"),
        (token(exp=int(time.time() * 1000) - 1), "1003"),
        (token(exp=int(time.time()) + 210), "1003"),  # in seconds, which is the usual mistake
        (token(exp=None), "1002"),
        (token(timestamp="now"), "1002"),
        (token(header={"alg": "HS256"}), "1002"),
        (token(header={"alg": "none", "sign_type": "SIGN"}), "1002"),
        (token().rpartition(".")[0] + ".", "1004"),
        (token() + "=", "1002"),
        (part([]) + "." + part("x") + ".AAAA", "1002"),
        ("a.b.c", "1002"),
        ("é.é.é", "1002"),
    ],
    ids=[
        "wrong secret",
        "wrong id",
        "expired",
        "expiry in seconds",
        "no expiry",
        "wrong timestamp",
        "no sign type",
        "no algorithm",
        "no signature",
        "padding",
        "no objects",
        "no base64",
        "no ASCII",
    ],
)
def test_a_token_that_is_refused(given: str, code: str) -> None:
    assert token_code(given) == code


def test_tokens_need_a_key_with_a_secret_and_a_host_that_knows_them() -> None:
    assert token_code(token(), host="kimi") == "1000"
    assert token_code(token(key="test"), key="test") == "1000"


def test_missing_reasoning_is_refused_with_its_place() -> None:
    turns = [USER, {"role": "assistant", "content": "", "tool_calls": [CALL]}]
    problem = checked("kimi", {"messages": [USER, {"role": "assistant", "content": "Hi"}, *turns]})
    assert problem is not None
    assert "index 3" in problem.detail


def test_answers_to_kimi_search_must_be_json() -> None:
    search = {"id": "s", "type": "builtin_function", "function": {"name": "$web_search", "arguments": "{}"}}
    called = {"role": "assistant", "content": "", "tool_calls": [search], "reasoning_content": "I search."}
    for text, accepted in (('{"a": 1}', True), ("a", False)):
        answer = {"role": "tool", "tool_call_id": "s", "content": text}
        assert (checked("kimi", {"messages": [USER, called, answer]}) is None) is accepted


@pytest.mark.parametrize(
    ("host", "code", "status", "body"),
    [
        ("zai", "1001", 401, {"error": {"code": "1001", "message": "M"}}),
        ("zai", "1113", 429, {"error": {"code": "1113", "message": "M"}}),
        ("zai", "1211", 400, {"error": {"code": "1211", "message": "M"}}),
        ("zai", "1305", 429, {"error": {"code": "1305", "message": "M"}, "request_id": "R"}),
        (
            "bigmodel",
            "1301",
            400,
            {"contentFilter": [{"level": 1, "role": "user"}], "error": {"code": "1301", "message": "M"}},
        ),
        ("kimi", "1000", 401, {"error": {"message": "M", "type": "invalid_authentication_error"}}),
        ("kimi", "1211", 404, {"error": {"message": "M", "type": "resource_not_found_error"}}),
        ("kimi", "1214", 400, {"error": {"message": "M", "type": "invalid_request_error"}}),
        ("kimi", "content_filter", 400, {"error": {"message": "M", "type": "content_filter"}}),
        (
            "phanedge",
            "1211",
            404,
            {
                "error": {
                    "message": "M",
                    "type": "invalid_request_error",
                    "param": None,
                    "code": "model_not_found",
                }
            },
        ),
    ],
)
def test_each_host_writes_errors_its_own_way(host: str, code: str, status: int, body: dict[str, Any]) -> None:
    assert error_body(Problem(code), HOSTS[host], message="M", request_id="R") == (status, body)


def test_language_follows_the_host_and_quotas_say_when_they_reset() -> None:
    english = error_body(Problem("1308"), HOSTS["zai"], created=1_786_000_000)[1]["error"]["message"]
    chinese = error_body(Problem("1308"), HOSTS["bigmodel"], created=1_786_000_000)[1]["error"]["message"]
    assert english.isascii()
    assert not chinese.isascii()
    assert "2026-08-06 16:06:40" in english
    assert "2026-08-06 16:06:40" in chinese
