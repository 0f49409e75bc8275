"""Z.ai's MCP servers: what `zai_servers` returns, who can use it, and that it shows no key."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest
from langchain.agents import create_agent
from langchain_core.messages import ToolMessage
from pydantic import SecretStr

from langchain_glm import HOSTS, ChatGLM, GLMAuthenticationError, GLMWarning, Host
from langchain_glm.errors import GLMValueError
from langchain_glm.mcp import SERVERS, zai_servers
from langchain_glm.testing import Fault, GLMServer, Reply, ToolCall
from tests.agents.acting import ask
from tests.agents.mcp_serving import has_adapters, has_langchain_mcp

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "abcdef.a-secret-key"


@pytest.fixture
def server() -> Iterator[GLMServer]:
    with GLMServer("zai-coding", api_key=KEY) as server:
        yield server


def servers_of(server: GLMServer, *names: str, **settings: Any) -> dict[str, dict[str, Any]]:
    return zai_servers(*names, **{"api_key": KEY, "base_url": server.mcp_url, **settings})


def test_urls_of_the_hosts() -> None:
    assert {name: at["url"] for name, at in zai_servers(api_key=KEY).items()} == {
        "search": "https://api.z.ai/api/mcp/web_search_prime/mcp",
        "reader": "https://api.z.ai/api/mcp/web_reader/mcp",
        "zread": "https://api.z.ai/api/mcp/zread/mcp",
    }
    [bigmodel] = zai_servers("zread", host="bigmodel-coding", api_key=KEY).values()
    assert bigmodel["url"] == "https://open.bigmodel.cn/api/mcp/zread/mcp"
    own = Host(name="own", base_url="https://own.invalid/v1", key_variables=(), mcp_url="https://own.invalid/mcp/")
    assert zai_servers("search", host=own)["search"]["url"] == "https://own.invalid/mcp/web_search_prime/mcp"


def test_only_the_named_servers() -> None:
    assert list(zai_servers(api_key=KEY)) == list(SERVERS)
    assert list(zai_servers("zread", "search", api_key=KEY)) == ["zread", "search"]


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"names": ["web_search_prime"]}, GLMValueError, "'web_search_prime' is not an MCP server .* search, reader"),
        ({"host": "zhipu"}, GLMValueError, "'zhipu' is unknown. Give one of zai, zai-coding, bigmodel"),
        ({"host": "kimi"}, GLMValueError, "'kimi' has no MCP servers"),
        ({"api_key": None}, GLMAuthenticationError, "no key for host 'zai-coding'"),
        ({"api_key": "two\nlines"}, GLMValueError, "api_key: it contains a line end"),
        ({"api_key": b"bytes"}, GLMValueError, "text, not bytes"),
        ({"api_key": ""}, GLMValueError, "api_key is empty"),
        ({"base_url": "api.z.ai/api/mcp"}, GLMValueError, "must begin with https://"),
        ({"base_url": f"https://{KEY}@api.z.ai/api/mcp"}, GLMValueError, "contains a user name or password"),
    ],
)
def test_bad_arguments(given: dict[str, Any], error: type[Exception], says: str) -> None:
    settings: dict[str, Any] = {"api_key": KEY, **given}
    with pytest.raises(error, match=says):
        zai_servers(*settings.pop("names", ()), **settings)


def sent_by_httpx2(servers: dict[str, Any]) -> str:
    request = httpx2.Request("POST", "https://api.invalid/")
    return str(next(iter(servers["search"]["auth"].sync_auth_flow(request))).headers["authorization"])


def test_the_key_is_read_for_each_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAI_API_KEY", "first.key")
    servers = zai_servers()
    assert sent_by_httpx2(servers) == "Bearer first.key"
    monkeypatch.setenv("ZAI_CODING_API_KEY", "second.key")
    assert sent_by_httpx2(servers) == "Bearer second.key"
    keys = iter((SecretStr("third.key"), SecretStr("fourth.key")))
    servers = zai_servers(api_key=lambda: next(keys))
    assert [sent_by_httpx2(servers), sent_by_httpx2(servers)] == ["Bearer third.key", "Bearer fourth.key"]


async def test_an_async_key_function() -> None:
    async def key() -> str:
        return KEY

    servers = zai_servers(api_key=key)
    request = httpx2.Request("POST", "https://api.invalid/")
    authorized = await anext(servers["search"]["auth"].async_auth_flow(request))
    assert authorized.headers["authorization"] == f"Bearer {KEY}"
    with pytest.raises(TypeError, match="async function"):
        sent_by_httpx2(servers)


def test_httpx_takes_the_auth_too(server: GLMServer) -> None:
    with httpx.Client(auth=servers_of(server)["search"]["auth"]) as client:
        client.get(server.base_url + "/models")
    assert server.requests[-1].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_a_redirect_does_not_take_the_key_to_another_server(library: Any, server: GLMServer) -> None:
    """Some MCP clients follow redirects."""
    auth = servers_of(server)["search"]["auth"]
    with GLMServer("zai") as other, library.Client(auth=auth, follow_redirects=True) as client:
        server.queue(Fault.redirect(other.base_url + "/models"))
        body = {"model": "glm-5.3", "messages": [{"role": "user", "content": "Hello"}]}
        client.post(server.base_url + "/chat/completions", json=body)
        assert server.requests[-1].headers["authorization"] == f"Bearer {KEY}"
        assert "authorization" not in other.requests[-1].headers


def test_the_key_is_not_shown() -> None:
    servers = zai_servers(api_key=KEY)
    shown = [repr(servers), str(servers["search"]["auth"]), repr(vars(servers["search"]["auth"])), f"{servers}"]
    assert not [text for text in shown if "a-secret-key" in text]
    assert b"a-secret-key" not in pickle.dumps(servers)


def test_copies_keep_the_key_and_pickles_find_it_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    servers = zai_servers(api_key=KEY)
    assert sent_by_httpx2(copy.deepcopy(servers)) == f"Bearer {KEY}"
    loaded = pickle.loads(pickle.dumps(servers))
    with pytest.raises(GLMAuthenticationError, match="no key"):
        sent_by_httpx2(loaded)
    monkeypatch.setenv("ZAI_API_KEY", "other.key")
    with pytest.warns(GLMWarning, match="left out of a pickle"):
        assert sent_by_httpx2(loaded) == "Bearer other.key"


# With the clients of LangChain.


async def tools_of(servers: dict[str, Any]) -> list[Any]:
    if has_langchain_mcp():
        from fastmcp.client.group import ClientGroup
        from langchain.mcp import MCPAdapter

        return list(await MCPAdapter(ClientGroup.from_config(servers)).list_tools())
    from langchain_mcp_adapters.client import MultiServerMCPClient

    return list(await MultiServerMCPClient(servers).get_tools())


needs_client = pytest.mark.skipif(
    not (has_langchain_mcp() or has_adapters()), reason="needs langchain[mcp], or langchain-mcp-adapters with mcp 1"
)


@needs_client
async def test_an_agent_searches_reads_and_looks_into_a_repository(server: GLMServer) -> None:
    tools = {tool.name.partition("_")[2] if has_langchain_mcp() else tool.name: tool for tool in await tools_of(
        servers_of(server)
    )}  # fmt: skip
    assert sorted(tools) == ["get_repo_structure", "read_file", "search_doc", "webReader", "web_search_prime"]
    model = ChatGLM(model="glm-5.2", host="zai-coding", base_url=server.base_url, api_key=KEY)
    server.queue(
        Reply(
            tool_calls=[
                ToolCall(tools["web_search_prime"].name, {"search_query": "GLM"}),
                ToolCall(tools["webReader"].name, {"url": "https://z.ai/blog"}),
                ToolCall(tools["read_file"].name, {"repo_name": "zai-org/GLM-5", "file_path": "README.md"}),
                ToolCall(tools["read_file"].name, {"repo_name": "nobody", "file_path": "README.md"}),
            ]
        ),
        Reply("Done."),
    )
    agent: Any = create_agent(model, list(tools.values()))
    with pytest.warns(GLMWarning, match=r"glm-5\.3"):
        result = await agent.ainvoke(ask("Go"))
    said = [message for message in result["messages"] if isinstance(message, ToolMessage)]
    assert [message.status for message in said] == ["success", "success", "success", "error"]
    assert "Page 1 about: GLM" in said[0].text
    assert "A page of z.ai" in said[1].text
    assert "# README.md of zai-org/GLM-5" in said[2].text
    assert "Repository not found" in said[3].text
    called = [request for request in server.requests if request.path.startswith("/api/mcp/")]
    assert {request.headers["authorization"] for request in called} == {f"Bearer {KEY}"}


@needs_client
async def test_a_wrong_key_is_an_error_that_does_not_show_it(
    server: GLMServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = KEY[::-1]
    with pytest.raises(Exception, match=r".") as caught:  # each library has errors of its own
        await tools_of(servers_of(server, api_key=wrong))
    assert wrong not in "".join(traceback.format_exception(caught.value))
    assert wrong not in caplog.text
    assert server.requests[-1].status == 401
    if has_langchain_mcp():
        assert isinstance(caught.value.__cause__, GLMAuthenticationError)
        assert "ZAI_CODING_API_KEY" in str(caught.value)


@pytest.mark.skipif(not has_langchain_mcp(), reason="needs langchain[mcp]")
async def test_the_connections_are_a_configuration_of_fastmcp(server: GLMServer) -> None:
    """Then all servers are behind one, which leaves out those that cannot be reached."""
    from langchain.mcp import MCPAdapter

    tools = await MCPAdapter(servers_of(server, "search", "zread")).list_tools()
    assert [tool.name for tool in tools] == [
        "search_web_search_prime", "zread_search_doc", "zread_get_repo_structure", "zread_read_file",
    ]  # fmt: skip


async def test_what_the_endpoint_says_about_the_key_is_raised_when_a_session_is_opened(server: GLMServer) -> None:
    """In an open session, the client gets the answer, because an exception would end the session."""
    auth = servers_of(server, api_key=KEY[::-1])["search"]["auth"]
    async with httpx2.AsyncClient(auth=auth) as client:
        with pytest.raises(GLMAuthenticationError, match="code 1000, HTTP 401") as caught:
            await client.post(f"{server.mcp_url}/zread/mcp", json={})
        assert KEY[::-1] not in repr(vars(caught.value))
        answer = await client.post(f"{server.mcp_url}/zread/mcp", json={}, headers={"mcp-session-id": "1"})
        assert answer.status_code == 401


async def test_answers_of_the_protocol_are_not_raised(server: GLMServer) -> None:
    async with httpx2.AsyncClient(auth=servers_of(server)["search"]["auth"]) as client:
        answer = await client.post(f"{server.mcp_url}/zread/mcp", json={}, headers={"accept": "*/*"})
        assert answer.status_code == 406


def test_hosts_with_mcp_servers() -> None:
    assert [name for name, host in HOSTS.items() if host.mcp_url] == [
        "zai", "zai-coding", "bigmodel", "bigmodel-coding",
    ]  # fmt: skip
