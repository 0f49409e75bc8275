"""Models that are chosen and set when they are called: configurable_fields, configurable_alternatives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import ConfigurableField
from langchain_core.tools import tool
from langchain_core.tracers.base import BaseTracer

from langchain_glm.testing import GLMServer, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_core.tracers.schemas import Run

    from langchain_glm import ChatGLM

    Make = Callable[..., ChatGLM]


@tool
def get_weather(city: str) -> str:
    """Get the weather of a city."""
    return f"{city}: sunny"


def fields(*names: str) -> dict[str, Any]:
    return {name: ConfigurableField(id=name) for name in names}


async def test_fields_of_a_chain(glm_server: GLMServer, make_model: Make) -> None:
    """Settings that were given stay, those that come with the call win, and neither changes the model."""
    model = make_model(max_tokens=9, temperature=0.2, stop="END", model_kwargs={"seed": 7})
    chain: Any = ChatPromptTemplate.from_messages([("user", "{text}")]) | model.configurable_fields(
        **fields("model", "temperature", "thinking", "timeout")
    )
    config = {"configurable": {"model": "glm-5.2", "temperature": 0.9, "thinking": False, "timeout": 5}}
    chain.invoke({"text": "hi"}, config)
    await chain.ainvoke({"text": "hi"}, config)
    list(chain.stream({"text": "hi"}, config))
    chain.invoke({"text": "hi"})
    *changed, plain = (dict(request.body, stream=None) for request in glm_server.requests)
    same = {"max_tokens": 9, "stop": ["END"], "seed": 7}
    for body in changed:
        assert body.items() >= {**same, "model": "glm-5.2", "temperature": 0.9}.items()
        assert body["thinking"]["type"] == "disabled"
    assert plain.items() >= {**same, "model": "glm-4.7", "temperature": 0.2}.items()


def test_another_model_has_another_profile(make_model: Make) -> None:
    given = {"max_input_tokens": 5}
    for settings, expected in (({}, make_model(model="glm-5.2").profile), ({"profile": given}, given)):
        configurable: Any = make_model(**settings).configurable_fields(**fields("model"))
        chosen, _ = configurable.prepare({"configurable": {"model": "glm-5.2"}})
        assert chosen.profile == expected


@pytest.mark.parametrize("streaming", [None, True, False])
def test_a_configured_model_still_streams_tokens(
    streaming: bool | None, glm_server: GLMServer, make_model: Make
) -> None:
    """LangChain copies by giving every field; a default that is given must not be taken for a wish."""
    settings = {} if streaming is None else {"streaming": streaming}
    model: Any = make_model(**settings).configurable_fields(**fields("temperature"))
    agent: Any = create_agent(model.with_config(configurable={"temperature": 0.5}), [])
    glm_server.queue(Reply("A long answer in many pieces."))
    question = {"messages": [HumanMessage("Go")]}
    tokens = [token for token, _ in agent.stream(question, stream_mode="messages") if token.text]
    assert "".join(token.text for token in tokens) == "A long answer in many pieces."
    assert (len(tokens) > 1) is (streaming is not False)
    assert all(isinstance(token, AIMessageChunk) for token in tokens) is (streaming is not False)
    assert glm_server.requests[-1].body["temperature"] == 0.5


def test_a_key_by_configuration_is_not_traced(glm_server: GLMServer, make_model: Make) -> None:
    seen: list[str] = []

    class Watcher(BaseTracer):
        def _persist_run(self, run: Run) -> None:
            seen.append(repr(run.__dict__))

    model = make_model(api_key="wrong").configurable_fields(**fields("api_key"))
    config: Any = {"configurable": {"api_key": glm_server.api_key}, "callbacks": [Watcher()]}
    assert model.invoke("hi", config).text
    assert seen
    assert glm_server.api_key not in "".join(seen)


async def test_alternatives_on_another_host(glm_server: GLMServer, make_model: Make) -> None:
    """The host and its model are chosen together; each keeps its own key."""
    with GLMServer("kimi", api_key="kimi.key") as kimi:
        other = make_model(model="kimi-k3", host="kimi", base_url=kimi.base_url, api_key=kimi.api_key)
        model = make_model().configurable_alternatives(
            ConfigurableField(id="llm"), default_key="glm", kimi=other.bind_tools([get_weather]), fast=lambda: other
        )
        chosen: Any = {"configurable": {"llm": "kimi"}}
        answers = [
            model.invoke("hi"),
            model.invoke("hi", chosen),
            await model.ainvoke("hi", chosen),
            model.with_config(configurable={"llm": "fast"}).invoke("hi"),
            list(model.stream("hi", chosen))[-1],
        ]
        names = [answer.response_metadata["model_name"] for answer in answers]
        assert names == ["glm-4.7", "kimi-k3", "kimi-k3", "kimi-k3", "kimi-k3"]
        assert ["tools" in request.body for request in kimi.requests] == [True, True, False, True]
        mixed = await model.abatch(["hi", "hi"], [{}, chosen])
        assert [answer.response_metadata["model_name"] for answer in mixed] == ["glm-4.7", "kimi-k3"]
