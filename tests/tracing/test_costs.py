"""What runs cost: added up by a callback, and told to LangSmith by its tracer."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import get_usage_metadata_callback
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.messages.ai import add_usage
from langsmith import Client

from langchain_glm import Cost, CostCallbackHandler, CostTracer, GLMError, Host, Price
from langchain_glm.testing import Fault, GLMServer, Reply, ToolCall
from tests.tracing.test_langsmith import USAGE, WAYS, LangSmith, Session, ask, get_weather

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from langchain_core.tracers import LangChainTracer

    from langchain_glm import ChatGLM

    Make = Callable[..., ChatGLM]

DOLLARS = (36 * 1.4 / 1e6 + 64 * 0.26 / 1e6, 40 * 4.4 / 1e6)
"""What the input and the output of `USAGE` cost with glm-5.2 on Z.ai."""
YUAN = (36 * 8 + 64 * 2 + 40 * 28) / 1e6


@pytest.mark.parametrize("way", WAYS)
async def test_replies_are_added_up_in_every_way_of_calling(way: str, glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(*[Reply("Hello.", usage=USAGE)] * 2)
    handler = CostCallbackHandler()
    for _ in range(2):
        await ask(make_model(model="glm-5.2"), way, {"callbacks": [handler]})
    assert handler.costs == {"USD": pytest.approx(2 * sum(DOLLARS))}
    assert handler.costs["USD"].currency == "USD"
    assert handler.unknown == {}


@pytest.mark.filterwarnings("ignore:zai-coding answers")
def test_each_host_is_billed_in_its_own_way(make_model: Make) -> None:
    handler = CostCallbackHandler()
    for host in ("zai", "bigmodel", "zai-coding", "anyfast"):
        with GLMServer(host, replies=[Reply("Hello.", usage=USAGE)]) as server:
            # the host of the call counts, not that of the settings
            called: dict[str, Any] = {"host": host, "base_url": server.base_url, "api_key": server.api_key}
            make_model(model="glm-5.2").invoke("hi", {"callbacks": [handler]}, **called)
    assert handler.costs == {"USD": pytest.approx(sum(DOLLARS)), "CNY": pytest.approx(YUAN)}
    assert handler.unknown == {"glm-5.3": 1, "glm-5.2": 1}


@pytest.mark.glm_host("bigmodel")
def test_each_reply_has_the_price_of_its_own_length(glm_server: GLMServer, make_model: Make) -> None:
    """The sum of the usages would have the price of one long reply."""
    short, long = (
        {"prompt_tokens": count, "completion_tokens": 0, "total_tokens": count} for count in (20_000, 40_000)
    )
    glm_server.queue(*[Reply("Hello.", usage=usage) for usage in (short, short, long)])
    handler = CostCallbackHandler()
    for _ in range(3):
        make_model(model="glm-5.1").invoke("hi", {"callbacks": [handler]})
    assert handler.costs == {"CNY": pytest.approx((20_000 * 6 * 2 + 40_000 * 8) / 1e6)}


def test_threads_and_agents_share_a_handler(glm_server: GLMServer, make_model: Make) -> None:
    handler = CostCallbackHandler()
    config: Any = {"callbacks": [handler]}
    glm_server.queue(
        Reply(tool_calls=(ToolCall("get_weather", {"city": "Paris"}),), usage=USAGE), Reply("Sunny.", usage=USAGE)
    )
    agent: Any = create_agent(make_model(model="glm-5.2"), [get_weather])
    agent.invoke({"messages": [HumanMessage("Weather in Paris?")]}, config)
    glm_server.queue(*[Reply("Hello.", usage=USAGE)] * 20)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: make_model(model="glm-5.2").invoke("hi", config), range(20)))
    assert handler.costs == {"USD": pytest.approx(22 * sum(DOLLARS))}


def test_failures_and_other_models_cost_nothing(glm_server: GLMServer, make_model: Make) -> None:
    handler = CostCallbackHandler()
    config: Any = {"callbacks": [handler]}
    glm_server.queue(Fault.code("1302"), Reply("Hello.", usage={}))
    with pytest.raises(GLMError):
        make_model().invoke("hi", config)
    make_model().invoke("hi", config)
    usage: Any = {"input_tokens": 9, "output_tokens": 9, "total_tokens": 9}
    answer = AIMessage("Hi.", usage_metadata=usage, response_metadata={"model_name": "glm-5.2"})
    GenericFakeChatModel(messages=iter([answer])).invoke("hi", config)
    assert (handler.costs, handler.unknown) == ({}, {"glm-4.7": 1})
    assert handler._hosts == {}  # nothing grows


def test_prices_of_ones_own(glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(Reply("Hello.", usage=USAGE))
    mine = Host(name="mine", base_url=glm_server.base_url, key_variables=())
    handler = CostCallbackHandler(prices={"glm-5.2": Price(1, None, 1, currency="EUR")})
    make_model(model="glm-5.2", host=mine).invoke("hi", {"callbacks": [handler]})
    assert repr(handler.costs) == repr({"EUR": Cost(100 / 1e6 + 40 / 1e6, "EUR")})


# LangSmith


class CostLangSmith(LangSmith):
    """As `LangSmith`, with our tracer."""

    def __init__(self, **settings: Any) -> None:
        self.session = Session()
        client = Client(
            api_url="http://127.0.0.1:9", api_key="ls", session=self.session, auto_batch_tracing=False, info={}
        )
        self.tracer: LangChainTracer = CostTracer(client=client, project_name="tests", **settings)


@pytest.fixture
def langsmith() -> Iterator[CostLangSmith]:
    traced = CostLangSmith()
    yield traced
    traced.session.close()


def in_messages(run: dict[str, Any]) -> Any:
    return run["outputs"]["generations"][0][0]["message"]["kwargs"].get("usage_metadata")


@pytest.mark.parametrize("way", WAYS)
async def test_langsmith_is_told_the_cost(
    way: str, langsmith: CostLangSmith, glm_server: GLMServer, make_model: Make
) -> None:
    glm_server.queue(Reply("Hello.", reasoning="A greeting.", usage=USAGE))
    await ask(make_model(model="glm-5.2"), way, langsmith.config)
    (run,) = langsmith.runs()
    metadata = run["extra"]["metadata"]
    assert metadata["usage_metadata"] == {
        "input_tokens": 100,
        "output_tokens": 40,
        "total_tokens": 140,
        "input_token_details": {"cache_read": 64},
        "output_token_details": {"reasoning": 25},
        "input_cost": pytest.approx(DOLLARS[0]),
        "output_cost": pytest.approx(DOLLARS[1]),
        "total_cost": pytest.approx(sum(DOLLARS)),
    }
    assert (metadata["cost"], metadata["cost_currency"]) == (pytest.approx(sum(DOLLARS)), "USD")
    assert in_messages(run) is None
    # sent twice, at the start and at the end, as by LangChain's own tracer
    assert len([post for post in langsmith.session.posted if json.loads(post)["id"] == run["id"]]) == 2


def test_the_users_message_is_as_before(langsmith: CostLangSmith, glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(*[Reply("Hello.", usage=USAGE)] * 2)
    model = make_model(model="glm-5.2")
    with get_usage_metadata_callback() as counted:
        answers = [model.invoke("hi", langsmith.config) for _ in range(2)]
    usages = [answer.usage_metadata for answer in answers]
    assert all(usage and not usage.keys() & {"total_cost", "input_cost"} for usage in usages)
    assert counted.usage_metadata["glm-5.2"] == add_usage(*usages)
    assert counted.usage_metadata["glm-5.2"]["total_tokens"] == 280


@pytest.mark.glm_host("bigmodel")
def test_yuan_are_not_told_as_dollars(langsmith: CostLangSmith, glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(Reply("Hello.", usage=USAGE))
    make_model(model="glm-5.2").invoke("hi", langsmith.config)
    (run,) = langsmith.runs()
    metadata = run["extra"]["metadata"]
    assert (metadata["cost"], metadata["cost_currency"]) == (pytest.approx(YUAN), "CNY")
    assert not [name for name in metadata["usage_metadata"] if "cost" in name]
    assert in_messages(run)["total_tokens"] == 140


@pytest.mark.filterwarnings("ignore:zai-coding answers")
def test_an_unknown_cost_is_not_told(langsmith: CostLangSmith, make_model: Make) -> None:
    with GLMServer("zai-coding", replies=[Reply("Hello.", usage=USAGE)]) as server:
        model = make_model(model="glm-5.2", host="zai-coding", base_url=server.base_url, api_key=server.api_key)
        model.invoke("hi", langsmith.config)
    (run,) = langsmith.runs()
    assert "cost" not in run["extra"]["metadata"]
    assert run["extra"]["metadata"]["usage_metadata"] == in_messages(run)


@pytest.mark.parametrize("fails", [False, True])
async def test_an_agents_runs_are_priced(
    fails: bool, langsmith: CostLangSmith, glm_server: GLMServer, make_model: Make
) -> None:
    """LangGraph copies the tracer for its own metadata."""
    last = Fault.code("1302") if fails else Reply("Sunny.", usage=USAGE)
    glm_server.queue(Reply(tool_calls=(ToolCall("get_weather", {"city": "Paris"}),), usage=USAGE), last)
    agent: Any = create_agent(make_model(model="glm-5.2"), [get_weather])
    try:
        await agent.ainvoke({"messages": [HumanMessage("Weather in Paris?")]}, langsmith.config)
    except GLMError:
        assert fails
    priced = [run for run in langsmith.runs() if "cost" in run["extra"]["metadata"]]
    assert len(langsmith.runs()) == 2
    assert len(priced) == (1 if fails else 2)
    assert len(langsmith.runs("tool")) == 1


def test_a_copy_of_the_tracer_keeps_its_prices() -> None:
    mine = {"glm-5.2": Price(1, None, 1)}
    traced = CostLangSmith(prices=mine)
    copied = traced.tracer.copy_with_metadata_defaults(metadata={"a": "b"}, tags=["t"])
    assert isinstance(copied, CostTracer)
    assert copied.prices == mine
    assert (copied.tags, copied.client) == (["t"], traced.tracer.client)
    traced.session.close()


def test_it_takes_the_place_of_langchains_tracer(
    langsmith: CostLangSmith, make_model: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the environment asks for tracing too, each run is recorded once."""
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    make_model(model="glm-5.2").invoke("hi", langsmith.config)
    (run,) = langsmith.runs()
    assert "cost" in run["extra"]["metadata"]
