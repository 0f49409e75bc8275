"""The server against clients that others wrote: the official zai-sdk and the openai SDK."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import openai
import pytest
import zai
from zai.core import _errors as zai_errors

from langchain_glm.testing import Fault, GLMServer, Reply, ToolCall

from .asking import function

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

HI: list[Any] = [{"role": "user", "content": "Hello there"}]
TOOLS: list[Any] = [function("get_weather", "Weather of a city", city={"type": "string"})]
ASKING: list[Any] = [{"role": "user", "content": 'get_weather for "北京"'}]


@pytest.fixture
def server() -> Iterator[GLMServer]:
    with GLMServer() as server:
        yield server


@pytest.fixture
def zai_client(server: GLMServer) -> Iterator[Any]:
    client: Any = zai.ZaiClient(api_key=server.api_key, base_url=server.base_url, max_retries=0)
    yield client
    client.close()


@pytest.fixture
def openai_client(server: GLMServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=server.api_key, base_url=server.base_url, max_retries=0) as client:
        yield client


@pytest.fixture
async def async_client(server: GLMServer) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(api_key=server.api_key, base_url=server.base_url, max_retries=0) as client:
        yield client


def test_zai_plain(zai_client: Any) -> None:
    reply = zai_client.chat.completions.create(model="glm-4.7", messages=HI)
    assert "Hello there" in reply.choices[0].message.content
    assert reply.choices[0].message.reasoning_content
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens


def test_zai_with_a_signed_token() -> None:
    with GLMServer("bigmodel", api_key=f"id.{'s' * 32}") as server:
        client: Any = zai.ZhipuAiClient(
            api_key=server.api_key, base_url=server.base_url, max_retries=0, disable_token_cache=False
        )
        reply = client.chat.completions.create(model="glm-4.7", messages=HI)
        client.close()
        assert server.requests[0].headers["authorization"].count(".") == 2
    assert "Hello there" in reply.choices[0].message.content


def test_zai_streamed(zai_client: Any) -> None:
    chunks = list(zai_client.chat.completions.create(model="glm-4.7", messages=HI, stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert "Hello there" in text
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert chunks[-1].usage.completion_tokens > 0


def test_zai_tools(zai_client: Any) -> None:
    reply = zai_client.chat.completions.create(model="glm-4.7", messages=ASKING, tools=TOOLS)
    call = reply.choices[0].message.tool_calls[0]
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "北京"})
    parts: dict[int, str] = {}
    for chunk in zai_client.chat.completions.create(
        model="glm-4.7", messages=ASKING, tools=TOOLS, stream=True, tool_stream=True
    ):
        for piece in chunk.choices[0].delta.tool_calls or ():
            parts[piece.index] = parts.get(piece.index, "") + piece.function.arguments
    assert json.loads(parts[0]) == {"city": "北京"}


def test_zai_search(zai_client: Any) -> None:
    tools = [{"type": "web_search", "web_search": {"enable": "True", "search_result": "True"}}]
    messages = [{"role": "user", "content": "What is new?"}]
    chunks = list(zai_client.chat.completions.create(model="glm-4.7", messages=messages, tools=tools, stream=True))
    assert [bool(getattr(chunk, "web_search", None)) for chunk in chunks] == [False] * (len(chunks) - 1) + [True]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("1000", zai_errors.APIAuthenticationError),
        ("1210", zai_errors.APIRequestFailedError),
        ("1302", zai_errors.APIReachLimitError),
        ("500", zai_errors.APIInternalError),
    ],
)
def test_zai_errors(server: GLMServer, zai_client: Any, code: str, kind: type[Exception]) -> None:
    server.queue(Fault.code(code))
    with pytest.raises(kind, match=code):
        zai_client.chat.completions.create(model="glm-4.7", messages=HI)


def test_zai_error_in_a_stream(server: GLMServer, zai_client: Any) -> None:
    server.queue(Fault.in_stream("1234", after=1))
    with pytest.raises(zai_errors.APIResponseError):
        list(zai_client.chat.completions.create(model="glm-4.7", messages=HI, stream=True))


def test_openai_plain(openai_client: openai.OpenAI) -> None:
    reply = openai_client.chat.completions.create(model="glm-4.7", messages=HI)
    assert "Hello there" in (reply.choices[0].message.content or "")
    assert reply.usage
    assert reply.usage.prompt_tokens > 0


def test_openai_streamed(openai_client: openai.OpenAI) -> None:
    chunks = list(openai_client.chat.completions.create(model="glm-4.7", messages=HI, stream=True))
    assert "Hello there" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def test_openai_tools(server: GLMServer, openai_client: openai.OpenAI) -> None:
    reply = openai_client.chat.completions.create(model="glm-4.7", messages=ASKING, tools=TOOLS)
    assert reply.choices[0].message.tool_calls
    server.queue(Reply(tool_calls=(ToolCall("a", {"x": 1}), ToolCall("b", "{"))))
    with openai_client.chat.completions.stream(model="glm-4.7", messages=ASKING, tools=TOOLS) as stream:
        calls = stream.get_final_completion().choices[0].message.tool_calls
    assert calls
    assert [(call.function.name, call.function.arguments) for call in calls] == [("a", '{"x":1}'), ("b", "{")]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("1000", openai.AuthenticationError),
        ("1214", openai.BadRequestError),
        ("1305", openai.RateLimitError),
        ("1234", openai.InternalServerError),
    ],
)
def test_openai_errors(
    server: GLMServer, openai_client: openai.OpenAI, code: str, kind: type[openai.APIStatusError]
) -> None:
    server.queue(Fault.code(code))
    with pytest.raises(kind) as caught:
        openai_client.chat.completions.create(model="glm-4.7", messages=HI)
    assert caught.value.code == code


def test_openai_broken_streams(server: GLMServer, openai_client: openai.OpenAI) -> None:
    server.queue(Fault.in_stream("1234"), Fault.truncated_frame())
    with pytest.raises(openai.APIError):
        list(openai_client.chat.completions.create(model="glm-4.7", messages=HI, stream=True))
    with pytest.raises(json.JSONDecodeError):
        list(openai_client.chat.completions.create(model="glm-4.7", messages=HI, stream=True))


def test_openai_models_and_embeddings() -> None:
    with (
        GLMServer("bigmodel") as server,
        openai.OpenAI(api_key=server.api_key, base_url=server.base_url, max_retries=0) as client,
    ):
        assert "glm-4.7" in [model.id for model in client.models.list()]
        made = client.embeddings.create(model="embedding-3", input="Hi", dimensions=512, encoding_format="float")
        assert len(made.data[0].embedding) == 512


async def test_openai_async(server: GLMServer, async_client: openai.AsyncOpenAI) -> None:
    reply = await async_client.chat.completions.create(model="glm-4.7", messages=HI)
    assert "Hello there" in (reply.choices[0].message.content or "")
    chunks = [
        chunk
        async for chunk in await async_client.chat.completions.create(
            model="glm-4.7", messages=ASKING, tools=TOOLS, stream=True
        )
    ]
    calls = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ()]
    assert [call.function.name for call in calls if call.function] == ["get_weather"]
    server.queue(Fault.code("1302"))
    with pytest.raises(openai.RateLimitError):
        await async_client.chat.completions.create(model="glm-4.7", messages=HI)


@pytest.mark.parametrize(("host", "model"), [("kimi", "kimi-k2.6"), ("phanedge", "glm-4.7")])
def test_openai_on_the_hosts_that_follow_it(host: str, model: str) -> None:
    with (
        GLMServer(host) as server,
        openai.OpenAI(api_key=server.api_key, base_url=server.base_url, max_retries=0) as client,
    ):
        with client.chat.completions.stream(
            model=model, messages=ASKING, tools=TOOLS, stream_options={"include_usage": True}
        ) as stream:
            final = stream.get_final_completion()
        calls = final.choices[0].message.tool_calls
        assert calls
        assert json.loads(calls[0].function.arguments) == {"city": "北京"}
        assert final.usage
        with pytest.raises(openai.NotFoundError):
            client.chat.completions.create(model="no-such-model", messages=HI)
        with pytest.raises(openai.AuthenticationError):
            client.with_options(api_key="wrong").chat.completions.create(model=model, messages=HI)
