"""Whatever JSON arrives is either refused or answered; nothing in a request can break the server."""

from __future__ import annotations

import math
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.testing.answers import reply_answer
from langchain_glm.testing.checks import check_request
from langchain_glm.testing.parrot import parrot_reply
from langchain_glm.testing.parrot.filling import fill
from langchain_glm.testing.tokens import prompt_tokens
from langchain_glm.testing.turn import Turn

WORDS = ["function", "name", "arguments", "properties", "type", "text", "image_url", "url", "id", "$ref", "#", "enum"]
SCALARS = (
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-2, 2) | st.sampled_from(WORDS) | st.text(max_size=5)
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=8,
)
CALL = st.fixed_dictionaries({}, optional={"id": ANYTHING, "type": st.just("function"), "function": ANYTHING})
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system", "tool"])},
    optional={
        "content": st.text(max_size=9) | ANYTHING,
        "tool_calls": ANYTHING | st.lists(CALL, max_size=2),
        "tool_call_id": ANYTHING,
        "name": ANYTHING,
        "reasoning_content": ANYTHING,
    },
)
TOOL = st.fixed_dictionaries(
    {"type": st.sampled_from(["function", "web_search", "builtin_function"])},
    optional={
        "function": st.fixed_dictionaries(
            {"name": st.sampled_from(["look", "$web_search"])},
            optional={"description": ANYTHING, "parameters": ANYTHING},
        ),
        "web_search": st.fixed_dictionaries(
            {"enable": st.just(True)},
            optional={"search_result": st.just(True), "count": ANYTHING, "search_query": ANYTHING},
        ),
    },
)
BODY = st.fixed_dictionaries(
    {},
    optional={
        "messages": st.lists(MESSAGE, max_size=4) | ANYTHING,
        "tools": st.lists(TOOL, max_size=2) | ANYTHING,
        **dict.fromkeys(
            ("stop", "max_tokens", "max_completion_tokens", "thinking", "reasoning_effort", "tool_choice", "metadata"),
            ANYTHING,
        ),
        "response_format": ANYTHING
        | st.fixed_dictionaries(
            {"type": st.sampled_from(["json_object", "json_schema"])}, optional={"json_schema": ANYTHING}
        ),
    },
)


@pytest.mark.parametrize("host", ["zai", "zai-coding", "phanedge", "kimi"])
@settings(max_examples=150, deadline=None)
@given(body=BODY)
def test_any_request_is_refused_or_answered(host: str, body: dict[str, Any]) -> None:
    body = {
        "model": "kimi-k2.6" if host == "kimi" else "glm-4.6",
        "messages": [{"role": "user", "content": "look?"}],
        **body,
    }
    if check_request(body, HOSTS[host]):
        return
    assert math.isfinite(prompt_tokens(body))
    turn = Turn(host=HOSTS[host], model=body["model"], id="x", created=0, stream=True)
    answer = reply_answer(parrot_reply(body, HOSTS[host]), turn)
    assert all(orjson.loads(step.removeprefix(b"data: ")) for step in answer.steps[:-1] if isinstance(step, bytes))


KEYWORDS = [
    "type",
    "properties",
    "required",
    "items",
    "anyOf",
    "allOf",
    "$ref",
    "enum",
    "minimum",
    "maxLength",
    "minItems",
]
SCHEMA = st.recursive(
    st.sampled_from(["object", "array", "string", "integer", "#", "#/properties/type", "on"])
    | st.none()
    | st.integers(-3, 3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*KEYWORDS, "on"]), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(schema=st.dictionaries(st.sampled_from(KEYWORDS), SCHEMA, max_size=5), prompt=st.text(max_size=20))
def test_any_schema_is_filled_with_something(schema: dict[str, Any], prompt: str) -> None:
    orjson.dumps(fill(schema, prompt))
