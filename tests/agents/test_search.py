"""Agents that search with `GLMSearchResults`, on a server that answers both the chat and the search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ToolRetryMiddleware
from langchain_core.messages import AIMessage, ToolCall, ToolMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode

from langchain_glm import GLMBalanceError, GLMError, GLMSearchResults
from langchain_glm.testing import Fault, Reply
from langchain_glm.testing import ToolCall as Call

if TYPE_CHECKING:
    from langchain_glm import ChatGLM
    from langchain_glm.testing import GLMServer
    from tests.agents.acting import Run


@pytest.fixture
def search(glm_server: GLMServer) -> GLMSearchResults:
    """The tool, with the settings of the model's own host."""
    return GLMSearchResults(
        host=glm_server.host, base_url=glm_server.base_url, api_key=glm_server.api_key, count=2, max_retries=0
    )


def result_of(state: dict[str, Any]) -> ToolMessage:
    [message] = [message for message in state["messages"] if isinstance(message, ToolMessage)]
    return message


async def test_the_parrot_searches_and_the_artifact_stays(
    run: Run, model: ChatGLM, search: GLMSearchResults, glm_server: GLMServer
) -> None:
    state = await run(create_agent(model, [search]), {"messages": "Use glm_search for the latest GLM model."})
    message = result_of(state)
    assert message.name == "glm_search"
    assert len(message.artifact["search_result"]) == 2
    assert message.text.startswith("[1] ")
    [asked, searched, answered] = glm_server.requests
    assert asked.body["tools"][0]["function"]["name"] == "glm_search"
    assert searched.path.endswith("/web_search")
    sent = next(message for message in answered.body["messages"] if message["role"] == "tool")
    assert sent["content"] == message.text
    assert "search_result" not in str(answered.body)  # the artifact is for the program, not for the model


async def test_what_the_model_chooses(
    run: Run, model: ChatGLM, search: GLMSearchResults, glm_server: GLMServer
) -> None:
    glm_server.queue(
        Reply(tool_calls=[Call("glm_search", {"query": "智谱最新模型", "recency": "oneWeek"})]), Reply("[1]")
    )
    state = await run(create_agent(model, [search]), {"messages": "最新的模型？"})
    assert glm_server.requests[1].body["search_query"] == "智谱最新模型"
    assert glm_server.requests[1].body["search_recency_filter"] == "oneWeek"
    assert "智谱最新模型" in result_of(state).text


async def test_a_wrong_argument_goes_back_to_the_model(
    run: Run, model: ChatGLM, search: GLMSearchResults, glm_server: GLMServer
) -> None:
    glm_server.queue(Reply(tool_calls=[Call("glm_search", {"query": "GLM", "recency": "yesterday"})]), Reply("Sorry."))
    state = await run(create_agent(model, [search]), {"messages": "Search."})
    assert result_of(state).status == "error"
    assert "recency" in result_of(state).text
    assert len(glm_server.requests) == 2


async def test_a_failed_search_ends_the_agent(
    run: Run, model: ChatGLM, search: GLMSearchResults, glm_server: GLMServer
) -> None:
    glm_server.queue(Reply(tool_calls=[Call("glm_search", {"query": "GLM"})]))
    glm_server.queue(Fault.code("1113"), path="/web_search")
    with pytest.raises(GLMBalanceError):
        await run(create_agent(model, [search]), {"messages": "Search."})


@pytest.mark.parametrize("how", ["handle_tool_error", "middleware"])
async def test_a_failed_search_can_go_back_to_the_model(
    how: str, run: Run, model: ChatGLM, search: GLMSearchResults, glm_server: GLMServer
) -> None:
    glm_server.queue(Reply(tool_calls=[Call("glm_search", {"query": "GLM"})]), Reply("I could not search."))
    glm_server.queue(Fault.code("1113"), path="/web_search")
    middleware = []
    if how == "handle_tool_error":
        search.handle_tool_error = True
    else:
        middleware = [ToolRetryMiddleware(max_retries=0, retry_on=(GLMError,), on_failure="continue")]
    state = await run(create_agent(model, [search], middleware=middleware), {"messages": "Search."})
    assert result_of(state).status == "error"
    assert state["messages"][-1].text == "I could not search."


async def test_a_tool_node_can_handle_failures(run: Run, search: GLMSearchResults, glm_server: GLMServer) -> None:
    glm_server.queue(Fault.code("1113"), path="/web_search")
    graph = StateGraph(MessagesState)
    graph.add_node("tools", ToolNode([search], handle_tool_errors=True))
    graph.add_edge(START, "tools")
    call = ToolCall(type="tool_call", name="glm_search", id="1", args={"query": "GLM"})
    state = await run(graph.compile(), {"messages": [AIMessage("", tool_calls=[call])]})
    assert result_of(state).status == "error"
    assert "GLMBalanceError" in result_of(state).text
