"""GLM's own tools beside functions, wherever agents take tools; and what functions return that no model can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import LLMToolSelectorMiddleware, ModelRetryMiddleware, wrap_model_call
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import StructuredTool, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, create_react_agent, tools_condition

from langchain_glm import GLMWarning, MCPServer, Retrieval, WebSearch
from langchain_glm.testing import GLMServer, Reply
from langchain_glm.wire.request.functions import legal_name
from tests.agents.acting import answer, ask, call, get_weather, results, thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_glm import ChatGLM
    from tests.agents.acting import Run

pytestmark = pytest.mark.filterwarnings("ignore::langchain_glm.GLMWarning")

OWN = [WebSearch(count=3), Retrieval(knowledge_id="k"), MCPServer(server_label="s")]
SEARCH: dict[str, Any] = {"type": "web_search", "web_search": {"enable": True, "search_result": True}}


def types_offered(server: GLMServer, at: int = -1) -> list[str]:
    return [entry["type"] for entry in server.requests[at].body["tools"]]


async def test_an_agent_takes_glms_own_tools(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(call("get_weather", city="Paris"), answer("Sunny."))
    await run(create_agent(model, [*OWN, get_weather]), ask("Weather?"))
    for request in glm_server.requests:
        assert sorted(entry["type"] for entry in request.body["tools"]) == [
            "function",
            "mcp",
            "retrieval",
            "web_search",
        ]
    assert {"type": "web_search", "web_search": {**SEARCH["web_search"], "count": 3}} in glm_server.requests[0].body[
        "tools"
    ]


async def test_the_type_alone_is_a_web_search(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(answer("Found."))
    await run(create_agent(model, [{"type": "web_search"}]), ask("Search!"))
    assert glm_server.requests[-1].body["tools"] == [SEARCH]


@pytest.mark.filterwarnings("ignore:create_react_agent")
async def test_langgraphs_agent_takes_them(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(call("get_weather", city="Paris"), answer("Sunny."))
    await run(create_react_agent(model, [WebSearch(), get_weather]), ask("Weather?"))
    assert sorted(types_offered(glm_server)) == ["function", "web_search"]


async def test_a_graph_with_a_tool_node_takes_them(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    bound = model.bind_tools([WebSearch(), get_weather])
    graph: Any = StateGraph(MessagesState)
    graph.add_node("model", lambda state: {"messages": [bound.invoke(state["messages"])]})
    graph.add_node("tools", ToolNode([get_weather]))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", tools_condition, ["tools", END])
    graph.add_edge("tools", "model")
    glm_server.queue(call("get_weather", city="Paris"), answer("Sunny."))
    await run(graph.compile(), ask("Weather?"))
    assert results(glm_server) == ["Paris: sunny, 21 °C"]
    assert types_offered(glm_server) == ["web_search", "function"]


async def test_middleware_passes_them_on_and_adds_them(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    @wrap_model_call
    def with_retrieval(request: Any, handler: Callable[[Any], Any]) -> Any:
        return handler(request.override(tools=[*request.tools, Retrieval(knowledge_id="k")]))

    @wrap_model_call
    async def awith_retrieval(request: Any, handler: Callable[[Any], Any]) -> Any:
        return await handler(request.override(tools=[*request.tools, Retrieval(knowledge_id="k")]))

    is_sync = getattr(run, "__name__", "") == "sync"
    middleware: Any = [
        ModelRetryMiddleware(),
        LLMToolSelectorMiddleware(model=model, max_tools=1),
        with_retrieval if is_sync else awith_retrieval,
    ]
    glm_server.queue(Reply('{"tools": ["get_weather"]}'), answer("Sunny."))
    await run(create_agent(model, [WebSearch(), get_weather], middleware=middleware), ask("Weather?"))
    assert sorted(types_offered(glm_server)) == ["function", "retrieval", "web_search"]


PNG = "iVBORw0KGgo="


@tool
def take_screenshot() -> list[dict[str, Any]]:
    """Take a screenshot."""
    return [{"type": "text", "text": "Done."}, {"type": "image", "base64": PNG, "mime_type": "image/png"}]


async def test_an_agent_goes_on_after_an_image_that_its_model_cannot_read(
    run: Run, model: ChatGLM, glm_server: GLMServer
) -> None:
    """In this turn, and in the turns after it, which a checkpointer gives the same history."""
    glm_server.queue(call("take_screenshot"), answer("I cannot see it."), answer("Still here."))
    agent: Any = create_agent(model, [take_screenshot], checkpointer=InMemorySaver())
    await run(agent, ask("Look!"), thread())
    await run(agent, ask("And now?"), thread())
    said = "Done.\n[The tool returned an image (image/png), which the model cannot read.]"
    assert results(glm_server, 1) == results(glm_server, 2) == [said]


async def test_tools_of_any_name_are_offered_and_their_history_is_sent(
    run: Run, model: ChatGLM, glm_server: GLMServer
) -> None:
    name = "文件.read/lines"
    read = StructuredTool.from_function(lambda path: path, name=name, description="Read.")
    history = [
        HumanMessage("Read a."),
        AIMessage("", tool_calls=[{"name": name, "args": {"path": "a"}, "id": "c0"}]),
        ToolMessage("a", tool_call_id="c0", name=name),
    ]
    glm_server.queue(answer("Read."))
    await run(create_agent(model, [read]), {"messages": history})
    body = glm_server.requests[-1].body
    legal = body["tools"][0]["function"]["name"]
    assert legal.isascii()
    assert body["messages"][1]["tool_calls"][0]["function"]["name"] == legal
    assert legal == legal_name(name, model.endpoint_host)


def test_a_repair_goes_on_after_nothing_but_thinking(model: ChatGLM, glm_server: GLMServer) -> None:
    schema = {"title": "City", "type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    glm_server.queue(Reply(reasoning="Hm.", finish_reason="length"), Reply('{"name": "Paris"}'))
    asked: Any = model.with_structured_output(schema, method="json_mode", repair=1)
    assert asked.invoke("Which city? Answer in JSON.") == {"name": "Paris"}
    assert [message["role"] for message in glm_server.requests[-1].body["messages"]] == ["user", "user"]


def test_parallel_calls_per_call_are_a_notice(model: ChatGLM, glm_server: GLMServer) -> None:
    with pytest.warns(GLMWarning, match="parallel_tool_calls"):
        model.invoke("hi", parallel_tool_calls=False)
    assert "parallel_tool_calls" not in glm_server.requests[-1].body
