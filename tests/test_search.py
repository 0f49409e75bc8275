"""`GLMSearchResults` and `GLMSearchRetriever`: what is sent, what comes back, and how LangChain uses them."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.load import dumps
from langchain_core.messages import ToolCall, ToolMessage
from langchain_core.tools import BaseTool, ToolException
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ValidationError

from langchain_glm import (
    GLMAuthenticationError,
    GLMInvalidRequestError,
    GLMNotFoundError,
    GLMOverloadedError,
    GLMSearchResults,
    GLMSearchRetriever,
    GLMValueError,
    GLMWarning,
)
from langchain_glm.testing import Fault, GLMServer
from langchain_glm.wire.request.functions import to_wire_tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from langchain_glm.connection import Connection

    Make = Callable[..., Any]

CALL = ToolCall(type="tool_call", name="glm_search", id="call_1", args={"query": "latest GLM model"})
LONG = "Which large language models were published in the autumn of 2026, and by whom?"


@pytest.fixture(params=["zai", "bigmodel"])
def server(request: pytest.FixtureRequest) -> Iterator[GLMServer]:
    with GLMServer(request.param) as running:
        yield running


@pytest.fixture
def make(server: GLMServer) -> Make:
    """Makes either class for the test server; keywords override."""

    def make(kind: type[Connection] = GLMSearchResults, **settings: Any) -> Any:
        given = {"host": server.host, "base_url": server.base_url, "api_key": server.api_key, "max_retries": 0}
        return kind(**{**given, **settings})

    return make


def run(runnable: Any, way: str, *args: Any, **kwargs: Any) -> Any:
    if way == "sync":
        return runnable.invoke(*args, **kwargs)
    return asyncio.run(runnable.ainvoke(*args, **kwargs))


both_ways = pytest.mark.parametrize("way", ["sync", "async"])
both_classes = pytest.mark.parametrize("kind", [GLMSearchResults, GLMSearchRetriever])


# The tool.


@both_ways
def test_a_tool_call_becomes_a_tool_message(way: str, server: GLMServer, make: Make) -> None:
    message = run(make(count=3), way, CALL)
    assert isinstance(message, ToolMessage)
    assert (message.name, message.tool_call_id, message.status) == ("glm_search", "call_1", "success")
    assert [line for line in message.text.splitlines() if line.startswith("[")] == [
        f"[{number}] latest GLM model ({number}) ({origin}2026-10-{number + 1:02d})"
        for number, origin in ((number, _site(message, number)) for number in (1, 2, 3))
    ]
    assert message.artifact["search_result"][0]["refer"] == "ref_1"
    assert message.artifact["search_intent"][0]["intent"] == "SEARCH_ALWAYS"
    assert message.artifact["request_id"]
    json.dumps(message.artifact)
    [request] = server.requests
    assert request.path == "/api/paas/v4/web_search"
    assert request.body == {
        "search_query": "latest GLM model",
        "search_engine": {"zai": "search-prime", "bigmodel": "search_std"}[server.host],
        "count": 3,
        "search_intent": False,
    }


def _site(message: ToolMessage, number: int) -> str:
    site = message.artifact["search_result"][number - 1]["media"]
    return f"{site}, " if site else ""


@both_ways
def test_arguments_without_a_call_return_the_text(way: str, make: Make) -> None:
    text = run(make(count=1), way, {"query": "GLM"})
    assert text.startswith("[1] GLM (1)")
    assert run(make(count=1), way, "GLM") == text


@both_ways
def test_the_settings_are_sent(way: str, server: GLMServer, make: Make) -> None:
    settings = {
        "search_domain_filter": "docs.z.ai",
        "search_recency_filter": "oneMonth",
        "content_size": "high",
        "search_intent": True,
        "count": 7,
    }
    run(make(**settings), way, CALL)
    assert settings.items() <= server.requests[0].body.items()


def test_the_model_chooses_the_age_of_pages(server: GLMServer, make: Make) -> None:
    tool = make(search_recency_filter="oneYear")
    tool.invoke({"query": "GLM"})
    tool.invoke({"query": "GLM", "recency": None})
    tool.invoke({"query": "GLM", "recency": "oneDay"})
    sent = [request.body["search_recency_filter"] for request in server.requests]
    assert sent == ["oneYear", "oneYear", "oneDay"]
    assert tool.search_recency_filter == "oneYear"


def test_the_model_chooses_nothing_else(server: GLMServer, make: Make) -> None:
    tool = make(api_key="secret.key", search_domain_filter="secret.example", default_headers={"X-Key": "secret"})
    for schema in (convert_to_openai_tool(tool), dict(to_wire_tool(tool))):
        function = schema["function"]
        assert function["name"] == "glm_search"
        assert list(function["parameters"]["properties"]) == ["query", "recency"]
        assert function["parameters"]["required"] == ["query"]
        assert "secret" not in json.dumps(schema)
    with pytest.raises(ValidationError):
        tool.invoke({"query": "GLM", "recency": "yesterday"})
    with pytest.raises(ValidationError):
        tool.invoke({"query": "  "})
    assert server.requests == []


def test_arguments_that_a_model_invents_are_ignored(server: GLMServer, make: Make) -> None:
    make(search_domain_filter="docs.z.ai", count=2).invoke(
        {"query": "GLM", "search_domain_filter": "evil.example", "count": 50, "search_engine": "search_pro_quark"}
    )
    body = server.requests[0].body
    assert (body["search_domain_filter"], body["count"]) == ("docs.z.ai", 2)
    assert body["search_engine"] in ("search-prime", "search_std")


@both_ways
def test_nothing_found_is_said(way: str, server: GLMServer, make: Make) -> None:
    server.queue(Fault.json({"created": 1, "id": "1", "search_result": []}, status=200), path="/web_search")
    message = run(make(), way, CALL)
    assert message.text == "The search found nothing."
    assert message.artifact == {"created": 1, "id": "1", "search_result": [], "search_intent": []}
    message = run(make(search_intent=True), way, {**CALL, "args": {"query": "Hello!"}})
    assert message.text == "Nothing was searched: the search engine found that this query needs no search."
    assert message.artifact["search_result"] == []
    assert run(make(GLMSearchRetriever, search_intent=True), way, "Hello!") == []


# The retriever.


@both_ways
def test_documents(way: str, server: GLMServer, make: Make) -> None:
    documents = run(make(GLMSearchRetriever, k=2), way, "latest GLM model")
    assert [document.metadata["refer"] for document in documents] == ["ref_1", "ref_2"]
    assert list(documents[0].metadata) == ["title", "link", "media", "publish_date", "refer"]
    assert bool(documents[0].metadata["link"]) == (server.host == "zai")
    assert "latest GLM model" in documents[0].page_content
    assert server.requests[0].body["count"] == 2


@both_ways
def test_settings_per_call(way: str, server: GLMServer, make: Make) -> None:
    retriever = make(GLMSearchRetriever)
    assert len(run(retriever, way, "GLM")) == 10
    assert len(run(retriever, way, "GLM", k=3, search_recency_filter="oneWeek")) == 3
    assert server.requests[-1].body["search_recency_filter"] == "oneWeek"
    assert (retriever.k, retriever.search_recency_filter) == (10, None)
    assert len(run(retriever.bind(k=4), way, "GLM")) == 4
    for wrong, message in (({"k": 0}, "^k: "), ({"k": 51}, "^k: "), ({"top": 3}, "top is not a setting of GLMSearchR")):
        with pytest.raises(GLMValueError, match=message):
            run(retriever, way, "GLM", **wrong)


def test_sogou_gives_the_number_that_was_asked_for() -> None:
    with GLMServer("bigmodel") as server:
        given: dict[str, Any] = {"host": "bigmodel", "base_url": server.base_url, "api_key": server.api_key}
        documents = GLMSearchRetriever(search_engine="search_pro_sogou", k=3, **given).invoke("GLM")
        message = GLMSearchResults(search_engine="search_pro_sogou", count=12, **given).invoke(CALL)
    assert len(documents) == 3
    assert len(message.artifact["search_result"]) == 12
    assert [request.body["count"] for request in server.requests] == [10, 20]


def test_the_retriever_as_a_tool(make: Make) -> None:
    tool = make(GLMSearchRetriever, k=1).as_tool(name="web", description="Search the web.", arg_types={"input": str})
    assert isinstance(tool, BaseTool)


# Long queries.


@both_classes
@both_ways
def test_bigmodel_gets_a_cut_query_with_one_warning(way: str, kind: Any, server: GLMServer, make: Make) -> None:
    search = make(kind)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run(search, way, LONG)
        run(search, way, f"{LONG} Please.")
    sent = [request.body["search_query"] for request in server.requests]
    if server.host == "bigmodel":
        assert sent == ["Which large language models were published in the autumn of 2026, and"] * 2
        [warning] = [warning for warning in caught if warning.category is GLMWarning]
        assert "reads 70 characters of a query" in str(warning.message)
    else:
        assert sent == [LONG, f"{LONG} Please."]
        assert not [warning for warning in caught if warning.category is GLMWarning]


# Hosts, keys and engines.


@pytest.mark.parametrize(
    ("variable", "host", "engine"),
    [("ZAI_API_KEY", "zai", "search-prime"), ("ZHIPUAI_API_KEY", "bigmodel", "search_std")],
)
@both_classes
def test_the_key_selects_the_host(
    variable: str, host: str, engine: str, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "k")
    search = kind()
    assert search.endpoint_host.name == host
    assert search._prepare("GLM", 3, None, None)[1]["search_engine"] == engine


@pytest.mark.parametrize("host", ["zai-coding", "bigmodel-coding", "kimi"])
@both_classes
def test_a_host_that_does_not_serve_it(kind: Any, host: str) -> None:
    with pytest.raises(GLMValueError, match=rf"host '{host}' does not serve /web_search.*ZAI_API_KEY \(zai\)"):
        kind(host=host, api_key="k")


@both_classes
def test_keys_of_other_hosts(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", "kimi.key")
    with pytest.raises(GLMAuthenticationError, match=r"serves /web_search, only MOONSHOT_API_KEY \(kimi\)"):
        kind()


@both_classes
def test_a_gateway_needs_the_name_of_an_engine(kind: Any, server: GLMServer) -> None:
    with pytest.raises(GLMValueError, match=r"^search_engine: the engines of host 'gateway' are not known"):
        kind(base_url="https://gateway.example/v1", api_key="k")
    assert kind(base_url="https://gateway.example/v1", api_key="k", search_engine="search_std")


@both_ways
def test_any_engine_is_sent(way: str, server: GLMServer, make: Make) -> None:
    tool = make(search_engine="search_pro_2027")
    with pytest.raises(GLMNotFoundError) as caught:
        run(tool, way, CALL)
    assert caught.value.code == "1211"
    assert f"host '{server.host}' has search" in str(caught.value)
    assert server.requests[0].body["search_engine"] == "search_pro_2027"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"count": 0}, "^count: "),
        ({"count": 51}, "^count: "),
        ({"content_size": "huge"}, "^content_size: "),
        ({"search_recency_filter": "yesterday"}, "^search_recency_filter: "),
        ({"engine": "search_std"}, r"^engine is not a setting of GLMSearchResults\.$"),
    ],
)
def test_wrong_settings(settings: dict[str, Any], message: str, make: Make) -> None:
    with pytest.raises(GLMValueError, match=message):
        make(**settings)
    tool = make()
    with pytest.raises(GLMValueError, match=message):
        tool.model_copy(update=settings)


# Failures.


@both_ways
def test_a_failure_is_our_exception(way: str, server: GLMServer, make: Make) -> None:
    server.queue(Fault.code("1305"), path="/web_search")
    with pytest.raises(GLMOverloadedError, match="1305"):
        run(make(), way, CALL)


@both_ways
def test_a_handled_failure_is_the_result_of_the_call(way: str, server: GLMServer, make: Make) -> None:
    server.queue(*[Fault.code("1305")] * 3, path="/web_search")
    message = run(make(handle_tool_error=True), way, CALL)
    assert (message.status, message.artifact) == ("error", None)
    assert "1305" in message.text
    assert run(make(handle_tool_error="Do without."), way, CALL).text == "Do without."
    seen: list[ToolException] = []

    def handle(error: ToolException) -> str:
        seen.append(error)
        return "Later."

    assert run(make(handle_tool_error=handle), way, CALL).text == "Later."
    assert isinstance(seen[0].__cause__, GLMOverloadedError)


@both_classes
@both_ways
def test_a_blank_query(way: str, kind: Any, server: GLMServer, make: Make) -> None:
    with pytest.raises((GLMValueError, ValidationError)):
        run(make(kind), way, " ")
    assert server.requests == []


class Retries(BaseCallbackHandler):
    def __init__(self) -> None:
        self.count = 0

    def on_retry(self, retry_state: Any, **_: Any) -> None:
        self.count += 1


class AsyncRetries(AsyncCallbackHandler):
    def __init__(self) -> None:
        self.count = 0

    async def on_retry(self, retry_state: Any, **_: Any) -> None:
        self.count += 1


@pytest.mark.usefixtures("waits")
@both_classes
@both_ways
def test_callbacks_learn_of_retries(way: str, kind: Any, server: GLMServer, make: Make) -> None:
    server.queue(Fault.code("1302"), Fault.code("1302"), path="/web_search")
    handlers: list[Any] = [Retries()] if way == "sync" else [Retries(), AsyncRetries()]
    assert run(make(kind, max_retries=2), way, "GLM", {"callbacks": handlers})
    assert [handler.count for handler in handlers] == [2] * len(handlers)
    assert len(server.requests) == 3


@both_ways
def test_with_retry(way: str, server: GLMServer, make: Make) -> None:
    server.queue(Fault.code("1302"), path="/web_search")
    tool = make().with_retry(retry_if_exception_type=(Exception,), wait_exponential_jitter=False)
    assert run(tool, way, {"query": "GLM"}).startswith("[1] GLM")


def test_batch_within_the_limit(server: GLMServer, make: Make) -> None:
    server.queue(*[Fault.silence(0.1)] * 6, path="/web_search")
    texts = make(max_concurrency=2, count=1).batch([{"query": f"GLM {number}"} for number in range(6)])
    assert [text.split("\n")[0].split(" (")[0] for text in texts] == [f"[1] GLM {number}" for number in range(6)]
    assert server.peak_in_flight == 2


# Copies and secrets.


@both_classes
def test_copies_and_pickles(kind: Any, server: GLMServer, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    search = make(kind, search_domain_filter="docs.z.ai")
    assert search.invoke("GLM")
    if kind is GLMSearchResults:
        assert search.tool_call_schema  # a class made at run time, which cannot be pickled
        search.name = "web"
        assert convert_to_openai_tool(search)["function"]["name"] == "web"
        assert convert_to_openai_tool(search.model_copy(update={"name": "net"}))["function"]["name"] == "net"
    data = pickle.dumps(search)
    assert server.api_key.encode() not in data
    monkeypatch.setenv({"zai": "ZAI_API_KEY", "bigmodel": "ZHIPUAI_API_KEY"}[server.host], server.api_key)
    with pytest.warns(GLMWarning, match="A key was left out of a pickle"):
        assert pickle.loads(data).invoke("GLM") == search.invoke("GLM")
    for other in (copy.copy(search), copy.deepcopy(search), search.model_copy(deep=True)):
        other.search_domain_filter = "other.example"
        assert other.invoke("GLM")
        assert server.requests[-1].body["search_domain_filter"] == "other.example"
    assert search.search_domain_filter == "docs.z.ai"


@both_classes
def test_no_key_is_shown(kind: Any, make: Make) -> None:
    search = make(kind, api_key="secret.key", default_headers={"X-Token": "secret.header"})
    shown = f"{search!r} {search} {search.model_dump()} {search.model_dump_json()} {dumps(search)}"
    assert "secret." not in shown
    with pytest.raises(GLMAuthenticationError) as caught:
        search.invoke("GLM")
    assert "secret." not in f"{caught.value!r} {caught.value}"


def test_a_refusal_is_an_invalid_request(server: GLMServer, make: Make) -> None:
    server.queue(Fault.code("1214"), path="/web_search")
    with pytest.raises(GLMInvalidRequestError):
        make().invoke("GLM")
