"""Tokens counted by the host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from langchain_glm import ChatGLM, GLMAuthenticationError, GLMConnectionError, GLMNotFoundError
from langchain_glm.testing import GLMServer
from langchain_glm.testing.tokens import prompt_tokens

if TYPE_CHECKING:
    from collections.abc import Callable

WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {"name": "get_weather", "description": "The weather.", "parameters": {"type": "object"}},
}
MESSAGES = [
    SystemMessage("Be brief."),
    HumanMessage("你好"),
    AIMessage("Hello", additional_kwargs={"reasoning_content": "A greeting."}),
    HumanMessage("How is the weather?"),
]


@pytest.mark.parametrize("host", ["zai", "bigmodel", "zai-coding", "bigmodel-coding"])
async def test_the_host_counts_what_would_be_sent(host: str) -> None:
    with GLMServer(host) as server:
        model = ChatGLM(model="glm-4.6", host=host, base_url=server.base_url, api_key=server.api_key)
        count = model.count_tokens(MESSAGES, tools=[WEATHER], exact=True)
        assert await model.acount_tokens(MESSAGES, tools=[WEATHER], exact=True) == count
        model.bind_tools([WEATHER]).invoke(MESSAGES)
        *asked, sent = [request.body for request in server.requests]
        assert count == prompt_tokens(sent)
        assert asked == [{name: sent[name] for name in ("model", "messages", "tools")}] * 2


async def test_without_exact_nothing_is_asked(make_model: Callable[..., ChatGLM], glm_server: GLMServer) -> None:
    model = make_model()
    count = model.get_num_tokens_from_messages(MESSAGES, [WEATHER])
    assert model.count_tokens(MESSAGES, tools=[WEATHER]) == count
    assert await model.acount_tokens(MESSAGES, tools=[WEATHER]) == count
    assert not glm_server.requests


def test_a_string_and_an_image_are_counted(make_model: Callable[..., ChatGLM]) -> None:
    model = make_model(model="glm-4.6v")
    image = {"type": "image", "url": "https://example.com/a.png"}
    more = model.count_tokens([HumanMessage(["Hello", image])], exact=True) - model.count_tokens("Hello", exact=True)
    assert more >= 900


@pytest.mark.parametrize("host", ["kimi", "anyfast"])
async def test_a_host_without_a_counter_is_named(host: str) -> None:
    model = ChatGLM(model="glm-4.7", host=host, api_key="k")
    with pytest.raises(ValueError, match=host):
        model.count_tokens("Hello", exact=True)
    with pytest.raises(ValueError, match=host):
        await model.acount_tokens("Hello", exact=True)
    assert model.count_tokens("Hello")


async def test_failures_are_the_endpoints(make_model: Callable[..., ChatGLM]) -> None:
    for ask in (False, True):
        for settings, error in (
            ({"api_key": "wrong"}, GLMAuthenticationError),
            ({"model": "glm-99"}, GLMNotFoundError),
            ({"base_url": "http://127.0.0.1:9/v4"}, GLMConnectionError),
        ):
            model = make_model(**settings)
            with pytest.raises(error):
                await model.acount_tokens("Hello", exact=True) if ask else model.count_tokens("Hello", exact=True)


def test_what_cannot_be_sent_cannot_be_counted(make_model: Callable[..., ChatGLM]) -> None:
    with pytest.raises(ValueError, match="there is no content"):
        make_model().count_tokens([AIMessage("")], exact=True)


def test_a_counter_takes_its_place_among_the_requests_in_flight(make_model: Callable[..., ChatGLM]) -> None:
    assert make_model(max_concurrency=1).count_tokens("Hello", exact=True) > 0
