"""Where a reply comes from, as messages and traces name it: the provider and the host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import SummarizationMiddleware
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tracers.run_collector import RunCollectorCallbackHandler

from langchain_glm import HOSTS, ChatGLM, GLMAuthenticationError, GLMConnectionError, Host
from langchain_glm.testing import Fault, GLMServer, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Make = Callable[..., ChatGLM]

MODEL = {"kimi": "kimi-k3", "kimi-cn": "kimi-k3"}
WAYS = ("invoke", "stream", "ainvoke", "astream", "events", "v1")


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def model(host: str) -> Iterator[ChatGLM]:
    with GLMServer(host) as server:
        yield ChatGLM(
            model=MODEL.get(host, "glm-5.2"), host=host, base_url=server.base_url, api_key=server.api_key, max_retries=0
        )


async def ask(model: ChatGLM, way: str, config: Any = None) -> AIMessage:
    """Ask in one of the ways; streams are summed up."""
    if way == "stream":
        first, *rest = model.stream("Hello", config)
        return sum(rest, first)
    if way == "astream":
        first, *rest = [chunk async for chunk in model.astream("Hello", config)]
        return sum(rest, first)
    if way == "ainvoke":
        return await model.ainvoke("Hello", config)
    if way == "events":
        stream: Any = model.stream_events("Hello", config, version="v3")
        return stream.output  # type: ignore[no-any-return]
    return (model.model_copy(update={"output_version": "v1"}) if way == "v1" else model).invoke("Hello", config)


@pytest.mark.filterwarnings("ignore::langchain_glm.GLMWarning")  # coding plans answer with another model
@pytest.mark.parametrize("way", WAYS)
async def test_a_reply_says_where_it_comes_from(way: str, host: str, model: ChatGLM) -> None:
    collector = RunCollectorCallbackHandler()
    answer = await ask(model, way, {"callbacks": [collector]})
    assert answer.response_metadata["model_provider"] == HOSTS[host].provider
    assert answer.response_metadata["host"] == host
    assert [block["type"] for block in answer.content_blocks] == ["reasoning", "text"]
    (run,) = collector.traced_runs
    assert run.metadata["ls_provider"] == HOSTS[host].provider


def test_a_gateway_is_named_without_its_url(glm_server: GLMServer) -> None:
    """The path of a gateway's URL may hold an account's name."""
    url = glm_server.base_url
    answer = ChatGLM(model="glm-5.2", base_url=url, api_key=glm_server.api_key).invoke("Hello")
    assert (answer.response_metadata["model_provider"], answer.response_metadata["host"]) == ("glm", "gateway")
    assert url not in answer.model_dump_json()

    mine = Host(name="my-proxy", base_url=url, key_variables=(), provider="zai")
    own = ChatGLM(model="glm-5.2", host=mine, api_key=glm_server.api_key)
    answer = own.invoke("Hello")
    assert (answer.response_metadata["model_provider"], answer.response_metadata["host"]) == ("zai", "my-proxy")
    assert own._get_ls_params()["ls_provider"] == "zai"
    assert [block["type"] for block in answer.content_blocks] == ["reasoning", "text"]


def test_half_an_answer_says_it_too(make_model: Make, glm_server: GLMServer) -> None:
    glm_server.queue(Fault.cut(after=3, reply=Reply("A long answer")))
    with pytest.raises(GLMConnectionError) as caught:
        list(make_model().stream("Hello"))
    assert caught.value.partial is not None
    metadata = caught.value.partial.response_metadata
    assert (metadata["model_provider"], metadata["host"]) == ("zai", "zai")


# the keywords of a call, and the provider of its trace
CALLS: list[tuple[dict[str, Any], str]] = [
    ({}, "zai"),
    ({"model": "glm-4.6"}, "zai"),
    ({"base_url": "https://api.moonshot.ai/v1"}, "zai"),  # a proxy for the host of the settings
    ({"host": "kimi"}, "moonshotai"),
    ({"host": "bigmodel-coding"}, "zhipuai"),
    ({"host": None, "base_url": "https://llm.example/v1"}, "glm"),
    ({"host": None, "base_url": "https://open.bigmodel.cn/api/paas/v4"}, "zhipuai"),
    ({"host": HOSTS["kimi-cn"]}, "moonshotai"),
    # the call raises an error
    ({"host": "nowhere"}, "zai"),
    ({"host": ["kimi"]}, "zai"),
    ({"base_url": 7}, "zai"),
]


@pytest.mark.parametrize(("keywords", "provider"), CALLS)
def test_the_trace_names_the_provider_of_the_call(keywords: dict[str, Any], provider: str, make_model: Make) -> None:
    assert make_model()._get_ls_params(**keywords)["ls_provider"] == provider


def test_the_trace_of_a_refused_call_names_its_provider(make_model: Make) -> None:
    collector = RunCollectorCallbackHandler()
    with pytest.raises(GLMAuthenticationError):
        make_model().invoke("hi", {"callbacks": [collector]}, host="kimi", api_key=None)
    assert collector.traced_runs[0].metadata["ls_provider"] == "moonshotai"


def test_the_model_of_a_call_may_select_another_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAI_API_KEY", "k")
    monkeypatch.setenv("MOONSHOT_API_KEY", "l")
    model = ChatGLM(model="glm-5.2")
    assert model._get_ls_params(model="kimi-k3")["ls_provider"] == "moonshotai"


@pytest.mark.parametrize("stored_as", ["glm", "zai", "zhipuai"])
def test_a_stored_conversation_goes_on(stored_as: str, make_model: Make, glm_server: GLMServer) -> None:
    """Earlier versions stored `glm` for every host."""
    stored = AIMessage(
        "Hi.",
        additional_kwargs={"reasoning_content": "A greeting."},
        response_metadata={"model_provider": stored_as, "model_name": "glm-5.2"},
    )
    assert [block["type"] for block in stored.content_blocks] == ["reasoning", "text"]
    make_model(model="glm-5.2").invoke([HumanMessage("Hello"), stored, HumanMessage("And now?")])
    assert glm_server.requests[-1].body["messages"][1]["reasoning_content"] == "A greeting."


@pytest.mark.parametrize(("asked", "answers", "goes"), [("zai", "kimi", False), ("kimi", "zai", False)])
@pytest.mark.parametrize("way", ["invoke", "stream"])
async def test_reasoning_does_not_go_across(way: str, asked: str, answers: str, goes: bool) -> None:
    """From a real reply of one family to a request to the other; within the family it does go back."""
    models: dict[str, ChatGLM] = {}
    with GLMServer(asked) as first, GLMServer(answers) as second:
        for name, server in ((asked, first), (answers, second)):
            models[name] = ChatGLM(
                model=MODEL.get(name, "glm-5.2"), host=name, base_url=server.base_url, api_key=server.api_key
            )
        first.queue(Reply("Hi.", reasoning="A greeting."))
        conversation: list[Any] = [HumanMessage("Hello"), await ask(models[asked], way), HumanMessage("And now?")]
        models[asked].invoke(conversation)
        models[answers].invoke(conversation)
        assert first.requests[-1].body["messages"][1]["reasoning_content"] == "A greeting."
        assert ("A greeting." in str(second.requests[-1].body)) is goes


@pytest.mark.filterwarnings("ignore::langchain_glm.GLMWarning")
def test_summaries_go_by_the_usage_that_was_reported(host: str) -> None:
    """LangChain believes a message's usage only if the message names the provider that the model's traces name."""
    full = {"prompt_tokens": 9_000, "completion_tokens": 1_000, "total_tokens": 10_000}
    with GLMServer(host) as server:
        model = ChatGLM(
            model=MODEL.get(host, "glm-5.2"), host=host, base_url=server.base_url, api_key=server.api_key, max_retries=0
        )
        middleware = SummarizationMiddleware(model, trigger=("tokens", 5_000), keep=("messages", 1))
        agent: Any = create_agent(model, middleware=[middleware])
        server.queue(Reply("Short.", usage=full), Reply("A summary."), Reply("Bye."))
        state = agent.invoke({"messages": [HumanMessage("Hello")]})
        state = agent.invoke({"messages": [*state["messages"], HumanMessage("Bye")]})
        assert state["messages"][-1].text == "Bye."
        assert "A summary." in str(server.requests[-1].body["messages"])
