"""ChatGLM's settings and hooks, seen from outside: what is sent, what is held, what is traced."""

from __future__ import annotations

import asyncio
import copy
import pickle
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest
from langchain_core import exceptions
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler, UsageMetadataCallbackHandler
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.runnables import ConfigurableField
from langchain_core.tools import tool
from pydantic import SecretStr
from typing_extensions import TypedDict

from langchain_glm import (
    ChatGLM,
    GLMAuthenticationError,
    GLMContentFilterError,
    GLMToolChoiceError,
    GLMWarning,
    MCPServer,
    Timeout,
    WebSearch,
)
from langchain_glm.testing import Fault, GLMServer, Reply, ToolCall

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[..., ChatGLM]


@tool
def get_weather(city: str) -> str:
    """Get the weather of a city."""
    return f"{city}: sunny"


def key_of(model: ChatGLM) -> str | None:
    """The key that the model's next request carries."""
    return model._endpoint().read_key()


def body(server: GLMServer) -> dict[str, Any]:
    """The last request's body."""
    sent: dict[str, Any] = server.requests[-1].body
    return sent


# Settings: in the constructor, with bind, per call.

SETTINGS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"temperature": 0.3}, {"temperature": 0.3}),
    ({"temperature": 0}, {"temperature": 0}),
    ({"top_p": 0.9}, {"top_p": 0.9}),
    ({"max_tokens": 99}, {"max_tokens": 99}),
    ({"max_completion_tokens": 99}, {"max_tokens": 99}),
    ({"stop": ["END"]}, {"stop": ["END"]}),
    ({"stop_sequences": "END"}, {"stop": ["END"]}),
    ({"do_sample": False}, {"do_sample": False}),
    ({"thinking": False}, {"thinking": {"type": "disabled"}}),
    ({"thinking": True}, {"thinking": {"clear_thinking": False, "type": "enabled"}}),
    ({"thinking": {"clear_thinking": True}}, {"thinking": {"clear_thinking": True}}),
    ({"response_format": {"type": "json_object"}}, {"response_format": {"type": "json_object"}}),
    ({"request_id": "my-request-1"}, {"request_id": "my-request-1"}),
    ({"user_id": "user-1"}, {"user_id": "user-1"}),
    ({"model_name": "glm-4.6"}, {"model": "glm-4.6"}),
    ({"model": "glm-5.2", "reasoning_effort": "high"}, {"model": "glm-5.2", "reasoning_effort": "high"}),
    ({"model_kwargs": {"seed": 7}}, {"seed": 7}),
    ({"model_kwargs": {"thinking": False}}, {"thinking": {"type": "disabled"}}),
    ({"extra_body": {"temperature": 0.1}}, {"temperature": 0.1}),
    ({"web_search": True}, {"tools": [{"type": "web_search", "web_search": {"enable": True, "search_result": True}}]}),
    (
        {"web_search": WebSearch(count=5)},
        {"tools": [{"type": "web_search", "web_search": {"count": 5, "enable": True, "search_result": True}}]},
    ),
]


@pytest.mark.parametrize(("given", "sent"), SETTINGS, ids=[str(given) for given, _ in SETTINGS])
@pytest.mark.parametrize("where", ["constructor", "bind", "call", "configurable"])
def test_a_setting_works_everywhere(
    where: str, given: dict[str, Any], sent: dict[str, Any], glm_server: GLMServer, make_model: Make
) -> None:
    if where == "constructor":
        make_model(**given).invoke("hi")
    elif where == "bind":
        make_model().bind(**given).invoke("hi")
    elif where == "call":
        make_model().invoke("hi", **given)
    else:
        name = next(iter(given))
        if name not in ChatGLM.model_fields:
            pytest.skip("LangChain configures fields by their names, not by aliases")
        fields = {key: ConfigurableField(id=key) for key in given}
        make_model().configurable_fields(**fields).invoke("hi", {"configurable": given})
    assert {name: body(glm_server)[name] for name in sent} == sent


def test_a_plain_call_sends_nothing_that_is_not_set(glm_server: GLMServer, make_model: Make) -> None:
    make_model().invoke("hi")
    assert body(glm_server) == {
        "model": "glm-4.7",
        "messages": [{"role": "user", "content": "hi"}],
        "thinking": {"clear_thinking": False},
    }


def test_a_call_can_go_to_another_host(make_model: Make) -> None:
    with GLMServer(host="kimi") as kimi:
        answer = make_model().invoke(
            "hi", model="kimi-k3", host="kimi", base_url=kimi.base_url, api_key=kimi.api_key, max_tokens=50
        )
    assert body(kimi)["max_completion_tokens"] == 50
    assert answer.response_metadata["model_name"] == "kimi-k3"


def test_a_key_from_the_environment_stays_with_its_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAI_API_KEY", "zai.key")
    model = ChatGLM(model="glm-4.7")
    assert (model.endpoint_host.name, key_of(model)) == ("zai", "zai.key")
    with pytest.raises(GLMAuthenticationError, match="MOONSHOT_API_KEY"):
        model.model_copy(update={"host": "kimi"})
    elsewhere = model.configurable_fields(host=ConfigurableField(id="host"))
    with pytest.raises(GLMAuthenticationError, match="MOONSHOT_API_KEY"):
        elsewhere.invoke("hi", {"configurable": {"host": "kimi"}})


def test_a_key_that_was_given_stays_with_its_host() -> None:
    model = ChatGLM(model="glm-4.7", host="zai", api_key="zai.key")
    assert key_of(model.model_copy(update={"host": "zai-coding"})) == "zai.key"
    for settings in ({"host": "kimi"}, {"host": None, "base_url": "https://api.moonshot.ai/v1"}):
        with pytest.raises(GLMAuthenticationError, match="MOONSHOT_API_KEY"):
            model.model_copy(update=settings)
    assert key_of(model.model_copy(update={"host": "kimi", "api_key": "kimi.key"})) == "kimi.key"


def test_timeouts() -> None:
    def times(timeout: Any) -> Timeout:
        return ChatGLM(model="m", base_url="https://gateway.example/v1", timeout=timeout)._endpoint().timeout

    assert times(None) == Timeout(connect=10, idle=600, total=None)
    assert times(60) == Timeout(connect=10, idle=60)
    assert times(3) == Timeout(connect=3, idle=3)
    assert times({"total": 30}) == Timeout(total=30)
    assert times(Timeout(idle=None)) == Timeout(idle=None)
    assert times((5, 60)) == Timeout(connect=5, idle=60)
    for library in (httpx, httpx2):
        assert times(library.Timeout(60, connect=5)) == Timeout(connect=5, idle=60)


# Wrong settings fail before a byte is sent.


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"temperature": 1.5}, r"temperature=1.5 is outside GLM's range of 0 to 1"),
        ({"top_p": 0.0}, r"top_p=0.0 is outside GLM's range of 0.01 to 1"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 200_000}, r"max_tokens=200000 is outside GLM's range of 1 to 131072"),
        ({"user_id": "abc"}, "user_id has 3 characters; GLM accepts 6 to 128"),
        ({"request_id": "x" * 65}, "request_id has 65 characters"),
        ({"model": ""}, "model"),
        ({"host": "openai"}, "host='openai' is unknown. Give one of zai,"),
        ({"reasoning_effort": "huge"}, "reasoning_effort"),
        ({"base_url": "api.z.ai"}, "must begin with https://"),
        ({"model": "glm-4.7", "model_name": "glm-4.6"}, "two names for the same setting"),
        ({"web_search": {"counts": 3}}, "counts"),
        ({"web_search": {"search_engine": "search_pro_sogou", "count": 7}}, "sogou"),
        ({"api_key": ""}, "api_key is empty"),
    ],
)
def test_a_wrong_setting_is_refused(given: dict[str, Any], message: str, glm_server: GLMServer) -> None:
    settings = {"model": "glm-4.7", "host": "zai", "base_url": glm_server.base_url, "api_key": "k", **given}
    with pytest.raises(ValueError, match=message):
        ChatGLM(**settings).invoke("hi")
    assert glm_server.requests == []


def test_no_key_names_the_variable() -> None:
    with pytest.raises(GLMAuthenticationError, match=r"Set the environment variable ZHIPUAI_API_KEY .* give api_key"):
        ChatGLM(model="glm-4.7", host="bigmodel")


def test_nothing_selects_a_host() -> None:
    with pytest.raises(GLMAuthenticationError, match=r"ZAI_API_KEY \(zai\).*host="):
        ChatGLM(model="glm-4.7")
    with pytest.raises(GLMAuthenticationError, match=r"A key is given, but .*\nGive host="):
        ChatGLM(model="glm-4.7", api_key="k")


def test_a_gateway_may_want_no_key(glm_server: GLMServer) -> None:
    with pytest.raises(GLMAuthenticationError, match="carries no Authorization header"):
        ChatGLM(model="m", base_url=glm_server.base_url).invoke("hi")


def test_an_unknown_keyword_is_sent_with_a_warning(glm_server: GLMServer, make_model: Make) -> None:
    shared = {"seed": 1}
    with pytest.warns(UserWarning, match="frequency_penalty is not a setting of ChatGLM"):
        model = make_model(frequency_penalty=0.5, model_kwargs=shared)
    model.invoke("hi")
    assert (body(glm_server)["frequency_penalty"], body(glm_server)["seed"], shared) == (0.5, 1, {"seed": 1})


def test_what_a_model_cannot_do_is_said_once(make_model: Make) -> None:
    model = make_model(model="glm-5.3", thinking=False)
    with pytest.warns(GLMWarning, match="glm-5.3 cannot stop thinking"):
        model.invoke("hi")
    model.invoke("hi")  # a second warning would be an error here


# Keys.


def test_a_key_function_is_asked_before_every_request(glm_server: GLMServer, make_model: Make) -> None:
    keys = iter([glm_server.api_key, "other.key"])
    model = make_model(api_key=lambda: next(keys))
    model.invoke("hi")
    with pytest.raises(Exception, match="1000"):
        model.invoke("hi")


async def test_an_async_key_function(glm_server: GLMServer, make_model: Make) -> None:
    async def mint() -> SecretStr:
        await asyncio.sleep(0)
        return SecretStr(glm_server.api_key + "\n")

    model = make_model(api_key=mint)
    assert (await model.ainvoke("hi")).text
    with pytest.raises(TypeError, match="ainvoke"):
        model.invoke("hi")


def test_keys_and_headers_show_nowhere(make_model: Make) -> None:
    seen: list[Any] = []

    class Tracer(BaseCallbackHandler):
        def on_chat_model_start(self, serialized: Any, messages: Any, **kwargs: Any) -> None:
            seen.extend((serialized, kwargs))

    model = make_model(api_key="very.secret", default_headers={"x-token": "hidden"})
    server = MCPServer(server_label="mine", server_url="https://mcp.example", headers={"Authorization": "mcp-secret"})
    with pytest.raises(Exception, match="1000") as caught:
        model.bind(api_key="other.secret").bind(tools=[server]).invoke("hi", {"callbacks": [Tracer()]})
    shown = repr((model, seen, model.asdict(), caught.value, caught.value.__dict__))
    for secret in ("very.secret", "other.secret", "hidden", "mcp-secret"):
        assert secret not in shown


# Callbacks, usage, tracing.


def test_callbacks_see_reasoning_and_usage(glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(Reply("Hello.", reasoning="A greeting."))
    chunks: list[AIMessageChunk] = []

    class Watcher(BaseCallbackHandler):
        def on_llm_new_token(self, token: Any, *, chunk: Any = None, **_: Any) -> None:
            chunks.append(chunk.message)

    usage = UsageMetadataCallbackHandler()
    for _ in make_model().stream("hi", {"callbacks": [Watcher(), usage]}):
        pass
    assert "".join(chunk.additional_kwargs.get("reasoning_content", "") for chunk in chunks) == "A greeting."
    assert usage.usage_metadata["glm-4.7"]["output_token_details"]["reasoning"] > 0


def test_tries_reach_the_callbacks(glm_server: GLMServer, make_model: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("langchain_glm.transport.retry.wait", lambda _: 0.0)
    tries: list[int] = []

    class Watcher(BaseCallbackHandler):
        def on_retry(self, retry_state: Any, **_: Any) -> None:
            tries.append(retry_state.attempt_number)

    glm_server.queue(Fault.code("1302"), Reply("ok"), Fault.code("1302"), Reply("ok"))
    model = make_model(max_retries=1)
    model.invoke("hi", {"callbacks": [Watcher()]})
    asyncio.run(model.ainvoke("hi", {"callbacks": [Watcher()]}))
    assert tries == [1, 1]


def test_traces_name_the_model_that_was_asked(make_model: Make) -> None:
    params = make_model(temperature=0.5, stop="END")._get_ls_params(model_name="glm-4.6", max_tokens=9)
    assert params == {
        "ls_provider": "zai",
        "ls_model_name": "glm-4.6",
        "ls_model_type": "chat",
        "ls_temperature": 0.5,
        "ls_max_tokens": 9,
        "ls_stop": ["END"],
    }
    assert make_model().metadata["lc_versions"].keys() >= {"langchain-core", "langchain-zai-glm"}  # type: ignore[index]


def test_outputs_of_several_prompts_are_added_up(make_model: Make) -> None:
    result = make_model().generate([[HumanMessage("one")], [HumanMessage("two")]])
    assert result.llm_output is not None
    assert result.llm_output["model_name"] == "glm-4.7"
    each = [generations[0].message.usage_metadata["total_tokens"] for generations in result.generations]  # type: ignore[union-attr]
    assert result.llm_output["token_usage"]["total_tokens"] == sum(each)


# Copies.


@pytest.mark.usefixtures("key_in_environment")
@pytest.mark.filterwarnings("ignore:A key was left out:langchain_glm.GLMWarning")
def test_copies_work_and_know_their_settings(make_model: Make) -> None:
    model = make_model(temperature=0.2)
    for twin in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model)), model.model_copy()):
        assert twin.invoke("hi").text
        assert twin.temperature == 0.2
    changed = model.model_copy(update={"model": "glm-4.6", "temperature": 0.9})
    assert (changed.model, changed.temperature, changed.base_url) == ("glm-4.6", 0.9, model.base_url)
    with pytest.raises(ValueError, match="temperature"):
        model.model_copy(update={"temperature": 3})


def test_a_copy_has_a_cache_key_of_its_own(glm_server: GLMServer, make_model: Make) -> None:
    model = make_model(cache=InMemoryCache())
    first = model.invoke("hi")
    assert model.invoke("hi").text == first.text
    assert len(glm_server.requests) == 1
    model.model_copy(update={"temperature": 0.9}).invoke("hi")
    model.invoke("hi", temperature=0.9)
    assert len(glm_server.requests) == 3


# Tool choice on a host that forces nothing.


def test_a_demanded_call_that_does_not_come_is_an_error(glm_server: GLMServer, make_model: Make) -> None:
    for way in ("invoke", "stream"):
        glm_server.queue(Reply("I would rather talk."))
        model = make_model().bind_tools([get_weather], tool_choice="any")
        with pytest.raises(GLMToolChoiceError) as caught:
            _ = model.invoke("hi") if way == "invoke" else list(model.stream("hi"))
        assert caught.value.partial is not None
        assert caught.value.partial.text == "I would rather talk."
        assert "Answer by calling one of the tools" in body(glm_server)["messages"][0]["content"]


def test_a_demanded_call_can_be_asked_for_again_or_waived(glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(Reply("No."), Reply(tool_calls=(ToolCall("get_weather", {"city": "Paris"}),)), Reply("No."))
    model = make_model().bind_tools([get_weather], tool_choice="get_weather")
    again = model.invoke("hi", force_tool_choice="retry")
    assert isinstance(again, AIMessage)
    assert again.tool_calls[0]["args"] == {"city": "Paris"}
    assert model.invoke("hi", force_tool_choice="ignore").text == "No."


def test_none_sends_no_tools(glm_server: GLMServer, make_model: Make) -> None:
    make_model().bind_tools([get_weather], tool_choice="none").invoke("Use get_weather for Paris")
    assert "tools" not in body(glm_server)


@pytest.mark.filterwarnings("ignore:GLM ignores its built-in web_search:langchain_glm.GLMWarning")
def test_tools_given_per_call_are_translated(glm_server: GLMServer, make_model: Make) -> None:
    make_model().invoke("hi", tools=[get_weather, WebSearch()])
    assert [tool["type"] for tool in body(glm_server)["tools"]] == ["function", "web_search"]


class Trip(TypedDict):
    """A trip."""

    city: str
    days: int


@pytest.mark.parametrize(
    "wanted", [Trip, {"title": "Trip", "type": "object", "properties": {"city": {"type": "string"}}}]
)
def test_a_response_format_may_be_a_class_or_a_schema(
    wanted: Any, glm_server: GLMServer, make_model: Callable[..., ChatGLM]
) -> None:
    model = make_model(response_format=wanted)
    model.invoke("hi")
    body = glm_server.requests[-1].body
    assert body["response_format"] == {"type": "json_object"}
    assert '"city"' in body["messages"][0]["content"]
    with pytest.raises(ValueError, match="with_structured_output"):
        make_model(response_format=int)


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
def test_a_demanded_call_that_content_safety_stopped_is_a_refusal(
    way: str, glm_server: GLMServer, make_model: Make
) -> None:
    """It is not asked for again either."""
    refused = getattr(exceptions, "ModelRefusalError", GLMContentFilterError)
    glm_server.queue(Reply(finish_reason="sensitive"))
    model = make_model(force_tool_choice="retry").bind_tools([{"title": "f", "type": "object"}], tool_choice="any")

    async def on_a_loop() -> None:
        await model.ainvoke("hi") if way == "ainvoke" else [chunk async for chunk in model.astream("hi")]

    with pytest.raises(refused, match="Content safety stopped"):
        asyncio.run(on_a_loop()) if way.startswith("a") else list(getattr(model, way)("hi"))
    assert len(glm_server.requests) == 1
