"""Tools of MCP servers, over the real protocol: by `langchain.mcp`, or by langchain-mcp-adapters."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessageChunk, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver

from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.testing import Reply, ToolCall
from langchain_glm.wire.request.functions import legal_name
from tests.agents.acting import THOUGHT, answer, ask, call, offered, results, thoughts, thread
from tests.agents.mcp_serving import (
    NAMES,
    has_adapters,
    has_langchain_mcp,
    make_server,
    tools_by_adapters,
    tools_by_langchain,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from langchain_core.tools import BaseTool

    from langchain_glm import ChatGLM
    from langchain_glm.testing import GLMServer

pytestmark = pytest.mark.skipif(
    not (has_langchain_mcp() or has_adapters()), reason="needs langchain[mcp], or langchain-mcp-adapters with mcp 1"
)


@pytest.fixture
async def tools() -> AsyncIterator[list[BaseTool]]:
    """The tools of the server; for langchain-mcp-adapters, a task keeps their session open during the test."""
    if has_langchain_mcp():
        yield await tools_by_langchain()
        return
    memory = importlib.import_module("mcp.shared.memory")
    loaded: asyncio.Future[list[BaseTool]] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()

    async def keep_open() -> None:
        async with memory.create_connected_server_and_client_session(make_server()) as session:
            loaded.set_result(await tools_by_adapters(session))
            await done.wait()

    task = asyncio.create_task(keep_open())
    yield await loaded
    done.set()
    await task


def agent_of(model: ChatGLM, tools: list[BaseTool], **settings: Any) -> Any:
    return create_agent(model, tools, **settings)


def parameters(server: GLMServer, name: str) -> dict[str, Any]:
    """The schema of a tool as it was sent."""
    [found] = [
        entry["function"]["parameters"]
        for entry in server.requests[0].body["tools"]
        if entry["function"]["name"] == name
    ]
    assert isinstance(found, dict)
    return found


async def test_nested_arguments(model: ChatGLM, tools: list[BaseTool], glm_server: GLMServer) -> None:
    """The server publishes `$defs` and `$ref`, which GLM does not understand, and reads what GLM made of them."""
    [published] = [tool.args_schema for tool in tools if tool.name == "store"]
    assert isinstance(published, dict)
    assert "$defs" in published
    box = {"label": "A", "kind": "wood", "size": {"width": 2.5}}
    glm_server.queue(
        call("store", thought=THOUGHT, boxes=[{**box, "inside": [{"label": "B", "size": {"width": 1}}]}]),
        answer("Stored."),
    )
    result = await agent_of(model, tools).ainvoke(ask("Store it"))
    assert results(glm_server) == ["1: A of wood, 2.5 cm, holds B"]
    assert result["messages"][-1].text == "Stored."
    assert thoughts(glm_server) == [THOUGHT]

    sent = parameters(glm_server, "store")
    assert "$ref" not in str(sent)
    assert "$defs" not in str(sent)
    item = sent["properties"]["boxes"]["items"]
    assert item["properties"]["size"]["properties"]["width"] == {"type": "number"}
    assert item["properties"]["kind"]["enum"] == ["paper", "wood"]
    assert item["properties"]["inside"]["items"]["type"] == "object"  # a box in a box in a box has no end


async def test_arguments_that_glm_writes_as_text(model: ChatGLM, tools: list[BaseTool], glm_server: GLMServer) -> None:
    """GLM writes lists and objects as strings at times; they reach the server as what its schema asks for."""
    boxes = '[{"label": "A", "size": {"width": 2.5}, "inside": [{"label": "B", "size": {"width": 1}}]}]'
    glm_server.queue(call("store", boxes=boxes), answer("Stored."))
    await agent_of(model, tools).ainvoke(ask("Store it"))
    assert results(glm_server) == ["1: A of paper, 2.5 cm, holds B"]


async def test_a_list_is_text(model: ChatGLM, tools: list[BaseTool], glm_server: GLMServer) -> None:
    glm_server.queue(call("shelves"), answer("B is empty."))
    await agent_of(model, tools).ainvoke(ask("What is where?"))
    [said] = results(glm_server)
    assert isinstance(said, str)
    assert "A: 3 boxes" in said
    assert "B: empty" in said


async def test_an_image_for_a_model_that_cannot_see(
    model: ChatGLM, tools: list[BaseTool], glm_server: GLMServer
) -> None:
    glm_server.queue(call("photo"), answer("I cannot see it."))
    with pytest.warns(UserWarning, match="cannot read"):
        await agent_of(model, tools).ainvoke(ask("Look!"))
    assert results(glm_server) == ["Shelf A:\n[The tool returned an image (image/png), which the model cannot read.]"]


async def test_an_image_for_a_model_that_sees(
    version: str, make_model: Callable[..., ChatGLM], tools: list[BaseTool], glm_server: GLMServer
) -> None:
    glm_server.queue(call("photo"), answer("One grey pixel."))
    seeing = make_model(model="glm-4.6v", thinking=True, output_version=version)
    await agent_of(seeing, tools).ainvoke(ask("Look!"))
    messages = glm_server.requests[-1].body["messages"]
    parts = [part for message in messages if isinstance(message["content"], list) for part in message["content"]]
    [image] = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    assert image.startswith("data:image/png;base64,iVBOR")


async def test_an_error_of_a_tool_reaches_the_model(
    model: ChatGLM, tools: list[BaseTool], glm_server: GLMServer
) -> None:
    glm_server.queue(call("weigh", label="A"), answer("It could not be weighed."))
    result = await agent_of(model, tools).ainvoke(ask("Weigh A"))
    [said] = [message for message in result["messages"] if isinstance(message, ToolMessage)]
    assert said.status == "error"
    assert "the scale is broken, so A was not weighed" in results(glm_server)[0]


async def test_names_that_glm_refuses(model: ChatGLM, tools: list[BaseTool], glm_server: GLMServer) -> None:
    """They are sent under legal names; calls and history come back under the server's own."""
    legal = {name: legal_name(name, HOSTS["zai"]) for name in NAMES}
    glm_server.queue(
        Reply(tool_calls=[ToolCall(sent, {"path": f"/{number}"}) for number, sent in enumerate(legal.values())]),
        answer("All read."),
        answer("Still here."),
    )
    agent = agent_of(model, tools, checkpointer=InMemorySaver())
    result = await agent.ainvoke(ask("Read"), thread())
    await agent.ainvoke(ask("And now?"), thread())

    assert set(legal.values()) <= set(offered(glm_server))
    assert not set(NAMES) & set(offered(glm_server))
    assert results(glm_server, 1) == [f"{name} was called with /{number}" for number, name in enumerate(NAMES)]
    assert [made["name"] for made in result["messages"][1].tool_calls] == list(NAMES)
    assert [message.name for message in result["messages"] if isinstance(message, ToolMessage)] == list(NAMES)
    for at in (1, 2):
        [turn, *_] = [message for message in glm_server.requests[at].body["messages"] if message.get("tool_calls")]
        assert [made["function"]["name"] for made in turn["tool_calls"]] == list(legal.values())


async def test_a_stream_shows_the_servers_own_names(
    model: ChatGLM, tools: list[BaseTool], glm_server: GLMServer
) -> None:
    glm_server.queue(call(legal_name("files.read", HOSTS["zai"]), path="/etc"), answer("Read."))
    parts = [part async for part, _ in agent_of(model, tools).astream(ask("Read"), stream_mode="messages")]
    chunks = [part for part in parts if isinstance(part, AIMessageChunk)]
    names = [piece["name"] for chunk in chunks for piece in chunk.tool_call_chunks if piece["name"]]
    assert names == ["files.read"]
    assert "".join(chunk.text for chunk in chunks) == "Read."


async def test_a_synchronous_model_calls_them_and_an_agent_cannot_run_them(
    model: ChatGLM, tools: list[BaseTool], glm_server: GLMServer
) -> None:
    """MCP's clients are asynchronous: `invoke` of a bound model works, and running a tool needs `ainvoke`."""
    glm_server.queue(call("weigh", label="A"), call("weigh", label="A"))
    assert model.bind_tools(tools).invoke("Weigh A").tool_calls[0]["args"] == {"label": "A"}
    with pytest.raises(NotImplementedError, match="sync"):
        agent_of(model, tools).invoke(ask("Weigh A"))
