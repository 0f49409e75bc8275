"""LangChain's JSON of a model: written without secrets, read back as the model that it was."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.load import dumpd, dumps, load, loads
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableSequence
from langchain_core.tools import tool

from langchain_glm import ChatGLM, GLMAuthenticationError, Host, Timeout, WebSearch

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_glm.testing import GLMServer

    Make = Callable[..., ChatGLM]

OURS: dict[str, Any] = {"allowed_objects": [ChatGLM], "valid_namespaces": ["langchain_glm"]}
SETTINGS: dict[str, Any] = {
    "model": "glm-5.2",
    "temperature": 0,
    "max_tokens": 50,
    "stop": ["END"],
    "thinking": {"type": "enabled", "clear_thinking": True},
    "reasoning_effort": "high",
    "web_search": WebSearch(count=5, search_engine="search_pro"),
    "timeout": Timeout(connect=3, idle=None, total=60),
    "max_retries": 0,
    "model_kwargs": {"seed": 7, "nested": {"a": [1, None]}},
    "extra_body": {"x": 1},
    "response_format": {"type": "json_object"},
    "user_id": "user-1",
}


@tool
def get_weather(city: str) -> str:
    """Get the weather of a city."""
    return f"{city}: sunny"


@pytest.mark.filterwarnings("ignore::langchain_glm.GLMWarning")
async def test_a_model_is_read_back(glm_server: GLMServer, make_model: Make) -> None:
    model = make_model(**SETTINGS)
    written = dumps(model)
    secrets = {"ZAI_API_KEY": glm_server.api_key}
    for read in (
        loads(written, secrets_map=secrets, **OURS),
        load(dumpd(model), secrets_map=secrets, **OURS),
        load(json.loads(written), secrets_map=secrets, **OURS),
    ):
        assert isinstance(read, ChatGLM)
        assert read._endpoint().timeout == Timeout(connect=3, idle=None, total=60)
        assert (read.endpoint_host, read.profile) == (model.endpoint_host, model.profile)
        assert dumps(read) == written
        model.invoke("hi")
        await read.ainvoke("hi")
        assert glm_server.requests[-1].body == glm_server.requests[-2].body


def test_secrets_are_references(make_model: Make) -> None:
    model = make_model(api_key="key.secret", default_headers={"x-token": "header-secret"})
    for of in (model, make_model(api_key=lambda: "key.secret"), model.bind(max_tokens=5), model.with_retry()):
        assert "secret" not in dumps(of).replace('"type": "secret"', "")
    assert dumpd(model)["kwargs"]["api_key"] == {"lc": 1, "type": "secret", "id": ["ZAI_API_KEY"]}
    kimi = ChatGLM(model="kimi-k3", host="kimi", api_key="key.secret")
    assert dumpd(kimi)["kwargs"]["api_key"]["id"] == ["MOONSHOT_API_KEY"]
    assert "api_key" not in dumpd(ChatGLM(model="m", base_url="https://gateway.example/v1"))["kwargs"]


def test_the_key_may_be_where_it_is_read(glm_server: GLMServer, make_model: Make, monkeypatch: Any) -> None:
    written = dumps(make_model())
    with pytest.raises(GLMAuthenticationError, match="Set the environment variable ZAI_API_KEY"):
        loads(written, **OURS)
    monkeypatch.setenv("ZAI_API_KEY", glm_server.api_key)
    assert loads(written, **OURS).invoke("hi").text
    assert loads(written, secrets_from_env=True, **OURS).invoke("hi").text


def test_the_endpoint_is_written_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have come from the environment, which is another where the model is read."""
    monkeypatch.setenv("ZAI_API_KEY", "key.secret")
    monkeypatch.setenv("ZAI_BASE_URL", "https://proxy.example/v4")
    moved = ChatGLM(model="glm-4.7")
    monkeypatch.delenv("ZAI_BASE_URL")
    chosen = ChatGLM(model="glm-4.7")
    coding = ChatGLM(model="glm-4.7", base_url="https://api.z.ai/api/coding/paas/v4")
    gateway = ChatGLM(model="glm-4.7", base_url="https://gateway.example/v1")
    written = [dumps(model) for model in (moved, chosen, coding, gateway)]
    monkeypatch.delenv("ZAI_API_KEY")
    monkeypatch.setenv("MOONSHOT_API_KEY", "another.secret")
    secrets = {"ZAI_API_KEY": "k", "ZAI_CODING_API_KEY": "k"}
    read = [loads(text, secrets_map=secrets, **OURS).endpoint_host for text in written]
    assert read == [model.endpoint_host for model in (moved, chosen, coding, gateway)]
    assert [host.name for host in read] == ["zai", "zai", "zai-coding", "gateway"]


def test_a_host_of_ones_own_is_written_too(monkeypatch: pytest.MonkeyPatch) -> None:
    vllm = Host(
        name="vllm", base_url="http://localhost:8000/v1", key_variables=("VLLM_API_KEY",), tool_choice=True,
        served_as={"glm-5.2": "glm-4.7"},
    )  # fmt: skip
    model = ChatGLM(model="glm-5.2", host=vllm)
    assert loads(dumps(model), **OURS).host == vllm
    moved = ChatGLM(model="glm-5.2", host=vllm, base_url="http://127.0.0.1:9000/v1", api_key="key.secret")
    read = loads(dumps(moved), secrets_map={"VLLM_API_KEY": "k"}, **OURS)
    assert read.endpoint_host == moved.endpoint_host
    assert read._endpoint().read_key() == "k"
    without_variables = ChatGLM(model="glm-5.2", host=replace(vllm, key_variables=()), api_key="key.secret")
    assert "key.secret" not in dumps(without_variables)


def test_a_key_of_the_environment_is_a_reference_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """So a program that reads the model can give it a key by `secrets_map`, as with one that was given."""
    monkeypatch.setenv("ZAI_API_KEY", "key.secret")
    written = dumps(ChatGLM(model="glm-5.2"))
    assert "key.secret" not in written
    assert json.loads(written) == json.loads(dumps(ChatGLM(model="glm-5.2", api_key="key.secret")))
    monkeypatch.delenv("ZAI_API_KEY")
    assert loads(written, secrets_map={"ZAI_API_KEY": "k"}, **OURS)._endpoint().read_key() == "k"


def test_a_chain_is_read_back(glm_server: GLMServer, make_model: Make) -> None:
    chain: Any = ChatPromptTemplate.from_messages([("user", "{text}")]) | make_model().bind_tools(
        [get_weather], tool_choice="auto"
    )
    read = loads(
        dumps(chain),
        allowed_objects=[ChatGLM, *_core(chain)],
        valid_namespaces=["langchain_glm"],
        secrets_map={"ZAI_API_KEY": glm_server.api_key},
    )
    assert isinstance(read, RunnableSequence)
    chain.invoke({"text": "hi"})
    read.invoke({"text": "hi"})
    assert glm_server.requests[0].body == glm_server.requests[1].body


def _core(chain: Any) -> list[type]:
    template, binding = chain.steps
    return [type(chain), type(template), type(template.messages[0]), type(template.messages[0].prompt), type(binding)]
