"""The settings that say where requests go, and how settings are given, assigned, copied and typed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING, Any, cast

import httpx
import httpx2
import pytest
from langchain.agents import create_agent
from langchain_core.runnables import RunnableLambda
from pydantic import BaseModel, ValidationError

from langchain_glm import (
    HOSTS,
    ChatGLM,
    GLMAuthenticationError,
    GLMValueError,
    GLMWarning,
    Host,
    Timeout,
    WebSearch,
    close_clients,
)
from langchain_glm.connection import Connection
from langchain_glm.notices import notify
from langchain_glm.testing import GLMServer, Reply
from langchain_glm.validation import own_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Make = Callable[..., ChatGLM]

VLLM = Host(name="vllm", base_url="http://localhost:8000/v1", key_variables=("VLLM_API_KEY",), tool_choice=True)


def key_of(model: Connection) -> str | None:
    """The key that the model's next request carries."""
    return model._endpoint().read_key()


# A mixin without LangChain.


class Rerank(Connection):
    """What another class that talks to an endpoint looks like."""

    model: str = "rerank"


def test_any_class_can_be_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAI_API_KEY", "zai.key")
    rerank = Rerank(timeout=5, max_retries=None, default_headers={"X-Team": "blue"})
    endpoint = rerank._endpoint()
    assert (endpoint.host, endpoint.read_key()) == (HOSTS["zai"], "zai.key")
    assert (endpoint.timeout, endpoint.max_retries) == (Timeout(connect=5, idle=5), 2)
    assert endpoint.headers["x-team"] == "blue"
    rerank.host = "kimi"
    assert rerank.endpoint_host is not HOSTS["zai"]
    assert rerank.model_copy(update={"host": "zai", "timeout": 9})._endpoint().timeout.idle == 9


def test_the_connection_imports_no_langchain_model() -> None:
    code = "import sys, langchain_glm.connection; print('langchain_core.language_models' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_one_class_and_no_chain_of_classes() -> None:
    ours = [base for base in ChatGLM.__mro__ if base.__module__.startswith("langchain_glm") and base is not ChatGLM]
    assert [base for base in ours if issubclass(base, BaseModel)] == [Connection]


# Fields hold what was given.


def test_fields_hold_what_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAI_API_KEY", "zai.key")
    model = ChatGLM(model="glm-5.2")
    assert (model.host, model.base_url, model.api_key, model.timeout) == (None, None, None, None)
    search, limits = WebSearch(count=5), Timeout(idle=5)
    given: dict[str, Any] = {"timeout": (5, 60), "web_search": WebSearch(count=5), "host": VLLM, "max_retries": None}
    model = ChatGLM(model="glm-5.2", **given)
    assert {name: getattr(model, name) for name in given} == given
    model = ChatGLM(model="glm-5.2", web_search=search, timeout=limits)
    assert model.web_search is search
    assert model.timeout is limits


def test_what_follows_is_private(make_model: Make) -> None:
    gone = ("current_key", "endpoint", "timeouts", "given_settings", "changed_settings", "with_settings", "close")
    assert not [name for name in gone if hasattr(make_model(), name)]
    public = {
        name for name in vars(Connection) if not name.startswith(("_", "model_"))
    } - Connection.model_fields.keys()
    assert public == {"endpoint_host"}


def test_a_host_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_API_KEY", "vllm.key")
    with GLMServer() as server:
        server.queue(Reply("ok"))
        model = ChatGLM(model="glm-4.7", host=VLLM, base_url=server.base_url, api_key=server.api_key)
        tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
        model.bind_tools([tool], tool_choice="f").invoke("hi", force_tool_choice="ignore", thinking=False)
        assert server.requests[-1].body["tool_choice"]["function"]["name"] == "f"
    assert (model.endpoint_host.name, key_of(ChatGLM(model="my-glm", host=VLLM))) == ("vllm", "vllm.key")
    assert ChatGLM(model="my-glm", host=Host(name="mine", base_url="http://localhost/v1", key_variables=()))


# Assigning.


@pytest.mark.parametrize(
    ("name", "value", "sent"),
    [
        ("temperature", 0.7, {"temperature": 0.7}),
        ("model", "glm-4.6", {"model": "glm-4.6"}),
        ("model_name", "glm-4.6", {"model": "glm-4.6"}),
        ("stop_sequences", "END", {"stop": ["END"]}),
        ("thinking", "disabled", {"thinking": {"type": "disabled"}}),
        ("model_kwargs", {"seed": 7}, {"seed": 7}),
    ],
)
def test_an_assignment_takes_effect(
    name: str, value: Any, sent: dict[str, Any], glm_server: GLMServer, make_model: Make
) -> None:
    model = make_model()
    before = (model._get_llm_string(), model._identifying_params)
    setattr(model, name, value)
    model.invoke("hi")
    assert {field: glm_server.requests[-1].body[field] for field in sent} == sent
    assert model._get_llm_string() != before[0]
    assert model._identifying_params != before[1]
    if sent.get("model"):
        assert model.model_name == model.model == "glm-4.6"
        assert model.profile == make_model(model="glm-4.6").profile


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("temperature", 7, r"^temperature=7\.0 is outside GLM's range of 0 to 1"),
        ("temperature", "hot", "^temperature: Input should be a valid number"),
        ("host", "openai", "^host='openai' is unknown"),
        ("base_url", "api.z.ai", "must begin with https://"),
        ("timeout", 0, "^timeout: idle=0 must be a positive number"),
        ("timeout", -1, "^timeout: idle=-1 must be a positive number"),
        ("timeout", float("nan"), "^timeout: idle=nan must be a positive number"),
        ("timeout", {"read": 5}, "^timeout: read is unknown; known are connect, idle, queue, total"),
        ("timeout", "soon", r"^timeout: give seconds, \(connect, idle\)"),
        ("max_retries", -1, "^max_retries: Input should be greater than or equal to 0"),
        ("model", "", '^model: give the id of a model, such as model="glm-5.2"'),
        ("max_concurrency", 0, "^max_concurrency: give a whole number of at least 1, or an InFlightLimiter"),
        ("max_concurrency", "auto", "^max_concurrency: give a whole number of at least 1, or an InFlightLimiter"),
        ("wait_for_reset", -1, "^wait_for_reset: .*greater than or equal to 0"),
        ("thinking", {"type": "perhaps"}, "^thinking="),
        ("http_client", httpx2.AsyncClient, r"^http_client: give an httpx2\.Client or an httpx\.Client"),
        ("web_search", "yes", "^web_search: give True, False, a WebSearch"),
        ("web_search", {"counts": 3}, "^web_search: WebSearch: counts"),
        ("default_headers", {"a b": "c"}, "^default_headers: 'a b' is not a valid header name"),
        ("reasoning_effort", "huge", "^reasoning_effort: Input should be 'none'"),
    ],
)
@pytest.mark.parametrize("way", ["constructor", "assignment", "copy", "call"])
def test_a_wrong_value_is_one_sentence(
    way: str, name: str, value: Any, message: str, glm_server: GLMServer, make_model: Make
) -> None:
    model = make_model(temperature=0.2)
    before = {name: getattr(model, name) for name in ChatGLM.model_fields}
    with pytest.raises(GLMValueError, match=message) as caught:  # noqa: PT012
        if way == "constructor":
            ChatGLM(**{"model": "glm-4.7", "host": "zai", "api_key": "k", name: value})
        elif way == "assignment":
            setattr(model, name, value)
        elif way == "copy":
            model.model_copy(update={name: value})
        else:
            model.invoke("hi", **{name: value})
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")
    assert "pydantic" not in text.lower()
    assert "validation error" not in text
    assert not isinstance(caught.value.__cause__, ValidationError)
    assert not caught.value.is_retryable
    assert {name: getattr(model, name) for name in ChatGLM.model_fields} == before
    assert glm_server.requests == []
    assert model.invoke("hi").text  # it is as good as before


def test_several_wrong_settings_are_a_sentence_each(make_model: Make) -> None:
    with pytest.raises(GLMValueError, match=r"^temperature: .*\. max_tokens: .*\.$") as caught:
        make_model(temperature="hot", max_tokens="many")
    assert "\n" not in str(caught.value)


def test_another_host_by_assignment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key that was given is not sent to another company."""
    model = ChatGLM(model="glm-4.7", host="zai", api_key="zai.key")
    model.host = "zai-coding"
    assert (model.endpoint_host, key_of(model)) == (HOSTS["zai-coding"], "zai.key")
    model.host = "kimi"
    assert model.endpoint_host == HOSTS["kimi"]
    with pytest.raises(GLMAuthenticationError, match="MOONSHOT_API_KEY"):
        model.invoke("hi")
    monkeypatch.setenv("MOONSHOT_API_KEY", "kimi.key")
    assert key_of(model) == "kimi.key"
    model.api_key = "other.key"
    assert key_of(model) == "other.key"


def test_another_dialect_at_the_same_url_by_assignment(glm_server: GLMServer, make_model: Make) -> None:
    with GLMServer("kimi") as kimi:
        model = make_model(model="kimi-k3", base_url=kimi.base_url, api_key=kimi.api_key, max_tokens=9)
        model.host = "kimi"
        model.invoke("hi")
    assert kimi.requests[-1].body["max_completion_tokens"] == 9


def test_the_same_host_per_call_keeps_the_url(glm_server: GLMServer, make_model: Make) -> None:
    assert make_model().invoke("hi", host="zai").text
    assert make_model().model_copy(update={"host": "zai"}).base_url == glm_server.base_url
    assert make_model().model_copy(update={"host": "zai-coding"}).endpoint_host == HOSTS["zai-coding"]


def test_a_url_by_assignment(glm_server: GLMServer) -> None:
    model = ChatGLM(model="glm-4.7", host="zai", api_key=glm_server.api_key)
    model.base_url = glm_server.base_url
    assert model.invoke("hi").text
    assert "kimi.com" not in repr(model._identifying_params)


def test_an_unknown_name_is_no_setting_of_a_copy(make_model: Make) -> None:
    with pytest.raises(GLMValueError, match=r"^temprature is not a setting of ChatGLM\.$"):
        make_model().model_copy(update={"temprature": 0.5})


def test_langchains_own_fields_are_assigned_as_usual(make_model: Make) -> None:
    model = make_model()
    model.tags = ["a"]
    assert model.model_copy(update={"tags": ["b"], "name": "other"}).tags == ["b"]
    assert model.tags == ["a"]


# Ranges.


@pytest.mark.parametrize(
    ("model", "where", "accepted"),
    [
        ("my-own", {"base_url": "https://gateway.example/v1"}, True),
        ("my-own", {"host": VLLM}, True),
        ("glm-5.2", {"base_url": "https://gateway.example/v1"}, False),
        ("glm-5.2", {"host": "zai"}, False),
        ("my-own", {"host": "zai"}, False),
    ],
)
def test_ranges_hold_on_zhipus_hosts_and_for_known_models(model: str, where: dict[str, Any], accepted: bool) -> None:
    settings = {"model": model, "api_key": "k", "temperature": 1.2, **where}
    if accepted:
        assert ChatGLM(**settings).temperature == 1.2
    else:
        with pytest.raises(GLMValueError, match=r"temperature=1\.2 is outside GLM's range"):
            ChatGLM(**settings)


# Clients.


@pytest.mark.parametrize("library", [httpx, httpx2])
async def test_the_users_own_clients_are_used_and_left_open(library: Any, make_model: Make) -> None:
    with library.Client() as client:
        async with library.AsyncClient() as async_client:
            model = make_model(http_client=client, http_async_client=async_client)
            assert model.invoke("hi").text
            assert (await model.ainvoke("hi")).text
            close_clients()
            assert not client.is_closed
            assert not async_client.is_closed


# Keys in the environment.


def test_the_models_family_has_a_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", "kimi.key")
    with pytest.raises(GLMAuthenticationError, match=r"no key for a host that serves glm-5\.2"):
        ChatGLM(model="glm-5.2")
    assert ChatGLM(model="kimi-k3").endpoint_host.name == "kimi"
    monkeypatch.setenv("ZAI_API_KEY", "zai.key")
    model = ChatGLM(model="glm-5.2")
    assert (model.endpoint_host.name, key_of(model)) == ("zai", "zai.key")
    model.model = "kimi-k3"
    assert (model.endpoint_host.name, key_of(model)) == ("kimi", "kimi.key")
    assert model.model_copy(update={"model": "glm-5.2"}).endpoint_host.name == "zai"


def warn_in_the_constructor(_: ChatGLM, **setting: int) -> None:
    ChatGLM(**dict[str, Any](model="m", base_url="https://gateway.example/v1", **setting))


def warn_in_a_call(model: ChatGLM, **_: int) -> None:
    model.invoke("hi")


def warn_in_an_async_call(model: ChatGLM, **_: int) -> None:
    asyncio.run(model.ainvoke("hi"))


def warn_in_a_chain(model: ChatGLM, **_: int) -> None:
    list((RunnableLambda(str) | model).stream("hi"))


def warn_in_an_agent(model: ChatGLM, **_: int) -> None:
    cast("Any", create_agent(model)).invoke({"messages": "hi"})


@pytest.mark.parametrize(
    "warn",
    [warn_in_the_constructor, warn_in_a_call, warn_in_an_async_call, warn_in_a_chain, warn_in_an_agent],
)
def test_a_notice_points_at_the_users_line(warn: Callable[..., None], make_model: Make) -> None:
    notify.cache_clear()
    with pytest.warns(GLMWarning) as notices:
        warn(make_model(model="glm-5.3", thinking=False), frequency_penalty=0.5)
    expected = (warn.__code__.co_filename, warn.__code__.co_firstlineno + 1)
    assert [(notice.filename, notice.lineno) for notice in notices if notice.category is GLMWarning] == [expected]


def test_warnings_point_to_a_script(tmp_path: Path) -> None:
    """The line of a script has no frame below it."""
    script = tmp_path / "script.py"
    script.write_text(
        "from langchain_glm import ChatGLM\n"
        "ChatGLM(model='glm-5.2', host='zai', api_key='k', base_url='http://gateway.invalid/v1')\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr.startswith(f"{script}:2: GLMWarning: ")


# Descriptions.


def test_every_setting_carries_its_sentence() -> None:
    schema = ChatGLM.model_json_schema()["properties"]
    for name in own_settings(ChatGLM):
        assert len(ChatGLM.model_fields[name].description or "") > 15, name
        assert schema[name]["description"] == ChatGLM.model_fields[name].description
