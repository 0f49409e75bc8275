"""What LangSmith is told: a real tracer and client, with a session that keeps what would be posted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_core.tracers import LangChainTracer
from langsmith import Client

from langchain_glm import GLMAuthenticationError, MCPServer
from langchain_glm.testing import GLMServer, Reply, ToolCall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from langchain_glm import ChatGLM

    Make = Callable[..., ChatGLM]

USAGE = {
    "prompt_tokens": 100,
    "completion_tokens": 40,
    "total_tokens": 140,
    "prompt_tokens_details": {"cached_tokens": 64},
    "completion_tokens_details": {"reasoning_tokens": 25},
}
SETTINGS: dict[str, Any] = {
    "model": "glm-5.2",
    "temperature": 0.5,
    "max_tokens": 99,
    "stop": "END",
    "thinking": True,
    "reasoning_effort": "high",
}
WAYS = ("invoke", "stream", "ainvoke", "astream", "events")


@tool
def get_weather(city: str) -> str:
    """Get the weather of a city."""
    return f"{city}: sunny"


class Session(requests.Session):
    """Keeps the runs that are posted; answers that all is well."""

    def __init__(self) -> None:
        super().__init__()
        self.posted: list[str] = []

    def request(self, method: Any, url: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        self.posted.append(bytes(kwargs["data"]).decode())
        response = requests.Response()
        response.status_code = 202
        response._content = b"{}"
        return response


class LangSmith:
    """A tracer, and the runs that it has posted."""

    def __init__(self) -> None:
        self.session = Session()
        client = Client(
            api_url="http://127.0.0.1:9", api_key="ls", session=self.session, auto_batch_tracing=False, info={}
        )
        self.tracer = LangChainTracer(client=client, project_name="tests")

    @property
    def config(self) -> Any:
        return {"callbacks": [self.tracer]}

    def runs(self, kind: str = "llm") -> list[dict[str, Any]]:
        """The runs of a kind as they are after their last update."""
        merged: dict[str, dict[str, Any]] = {}
        for post in self.session.posted:
            run = json.loads(post)
            merged[run["id"]] = merged.get(run["id"], {}) | {key: value for key, value in run.items() if value}
        return [run for run in merged.values() if run.get("run_type") == kind]


@pytest.fixture
def langsmith() -> Iterator[LangSmith]:
    traced = LangSmith()
    yield traced
    traced.session.close()


async def ask(model: Any, way: str, config: Any) -> None:
    if way == "invoke":
        model.invoke("hi", config)
    elif way == "stream":
        list(model.stream("hi", config))
    elif way == "ainvoke":
        await model.ainvoke("hi", config)
    elif way == "astream":
        _ = [chunk async for chunk in model.astream("hi", config)]
    else:
        list(model.stream_events("hi", config, version="v3"))


@pytest.mark.parametrize("way", WAYS)
async def test_a_run_is_described(way: str, langsmith: LangSmith, glm_server: GLMServer, make_model: Make) -> None:
    glm_server.queue(Reply("Hello.", reasoning="A greeting.", usage=USAGE, model="glm-5.2-served"))
    await ask(make_model(**SETTINGS), way, langsmith.config)
    (run,) = langsmith.runs()
    metadata = run["extra"]["metadata"]
    shown = {key: value for key, value in metadata.items() if key.startswith("ls_")}
    assert shown == {
        "ls_provider": "zai",
        "ls_model_name": "glm-5.2",
        "ls_model_type": "chat",
        "ls_temperature": 0.5,
        "ls_max_tokens": 99,
        "ls_stop": ["END"],
        "ls_integration": "langchain_chat_model",
    }
    assert metadata["usage_metadata"] == {
        "input_tokens": 100,
        "output_tokens": 40,
        "total_tokens": 140,
        "input_token_details": {"cache_read": 64},
        "output_token_details": {"reasoning": 25},
    }
    for place in (metadata, run["extra"]["invocation_params"]):
        assert (place["thinking"], place["reasoning_effort"], place["host"]) == (True, "high", "zai")
        assert (place["model"], place["stop"], place["base_url"]) == ("glm-5.2", ["END"], glm_server.base_url)
    answer = run["outputs"]["generations"][0][0]["message"]["kwargs"]
    assert answer["response_metadata"]["model_name"] == "glm-5.2-served"
    assert answer["response_metadata"]["finish_reason"] == "stop"


@pytest.mark.parametrize("way", ["invoke", "astream"])
async def test_settings_of_a_call_win(way: str, langsmith: LangSmith, make_model: Make) -> None:
    with GLMServer("kimi") as kimi:
        other = {"model_name": "kimi-k3", "host": "kimi", "base_url": kimi.base_url, "api_key": kimi.api_key}
        override = {**other, "max_completion_tokens": 50, "stop_sequences": ["Q"], "reasoning_effort": "low"}
        await ask(make_model(**SETTINGS | {"temperature": None}).bind(**override), way, langsmith.config)
    (run,) = langsmith.runs()
    metadata = run["extra"]["metadata"]
    assert (metadata["ls_model_name"], metadata["ls_max_tokens"], metadata["ls_stop"]) == ("kimi-k3", 50, ["Q"])
    params = run["extra"]["invocation_params"]
    assert (params["model"], params["host"], params["base_url"]) == ("kimi-k3", "kimi", kimi.base_url)
    assert (params["max_tokens"], params["stop"], params["reasoning_effort"]) == (50, ["Q"], "low")
    assert not {"model_name", "max_completion_tokens", "stop_sequences", "api_key"} & params.keys()


def test_another_host_is_not_traced_with_the_old_url(langsmith: LangSmith, make_model: Make) -> None:
    with pytest.raises(GLMAuthenticationError, match="MOONSHOT_API_KEY"):
        make_model().invoke("hi", langsmith.config, host="kimi", api_key=None)
    (run,) = langsmith.runs()
    assert run["extra"]["invocation_params"]["host"] == "kimi"
    assert "base_url" not in run["extra"]["invocation_params"]


async def test_an_agents_runs_are_described(langsmith: LangSmith, glm_server: GLMServer, make_model: Make) -> None:
    script = (
        Reply(reasoning="Look.", tool_calls=(ToolCall("get_weather", {"city": "Paris"}),), usage=USAGE),
        Reply("Sunny.", usage=USAGE),
    )
    glm_server.queue(*script, *script)
    agent: Any = create_agent(make_model(**SETTINGS), [get_weather])
    question = {"messages": [HumanMessage("Weather in Paris?")]}
    agent.invoke(question, langsmith.config)
    await agent.ainvoke(question, langsmith.config)
    runs = langsmith.runs()
    assert len(runs) == 4
    for run in runs:
        metadata = run["extra"]["metadata"]
        assert (metadata["ls_provider"], metadata["ls_model_name"]) == ("zai", "glm-5.2")
        assert (metadata["thinking"], metadata["reasoning_effort"], metadata["host"]) == (True, "high", "zai")
        assert metadata["usage_metadata"]["output_token_details"] == {"reasoning": 25}
        tools = run["extra"]["invocation_params"]["tools"]
        assert [entry["function"]["name"] for entry in tools] == ["get_weather"]
    assert len(langsmith.runs("tool")) == 2


@pytest.mark.parametrize("wired", [False, True], ids=["object", "dict"])
@pytest.mark.filterwarnings("ignore::langchain_glm.GLMWarning")
def test_secrets_are_not_traced(wired: bool, langsmith: LangSmith, make_model: Make) -> None:
    """Neither what the constructor got nor what a call brings; LangSmith dumps every object that it is given."""
    server = MCPServer(server_label="l", server_url="https://mcp.example", headers={"Authorization": "mcp-secret"})
    model = make_model(api_key="key.secret", default_headers={"x-token": "header-secret"})
    with pytest.raises(Exception, match="1000"):
        model.invoke("hi", langsmith.config, tools=[dict(server) if wired else server], api_key="call.secret")
    posted = "".join(langsmith.session.posted)
    assert "https://mcp.example" in posted
    for secret in ("key.secret", "header-secret", "mcp-secret", "call.secret"):
        assert secret not in posted
