"""The server's MCP servers are as strict as Z.ai's, seen by a client that sends each message by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.testing import GLMServer

if TYPE_CHECKING:
    from collections.abc import Iterator

BOTH = "application/json, text/event-stream"
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}
LIST = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}


@pytest.fixture
def server() -> Iterator[GLMServer]:
    with GLMServer("zai-coding") as server:
        yield server


def test_the_url_of_a_host_of_the_users_own() -> None:
    own = replace(HOSTS["zai"], name="mine")
    with GLMServer(own) as server:
        assert server.mcp_url == server.base_url.removesuffix("/api/paas/v4") + "/api/mcp"


class Client:
    """One HTTP client of one MCP server."""

    def __init__(self, server: GLMServer, name: str = "zread") -> None:
        self.server = server
        self.url = f"{server.mcp_url}/{name}/mcp"
        self.headers = {"authorization": f"Bearer {server.api_key}", "accept": BOTH}

    def post(self, message: Any, **headers: str) -> httpx2.Response:
        return httpx2.post(self.url, json=message, headers={**self.headers, **headers})

    def open(self, *, complete: bool = True) -> None:
        self.headers["mcp-session-id"] = self.post(INITIALIZE).headers["mcp-session-id"]
        if complete:
            assert self.post(INITIALIZED).status_code == 202

    def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        params = {"name": name, "arguments": arguments}
        return event(self.post({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": params}))


def event(response: httpx2.Response) -> dict[str, Any]:
    assert response.headers["content-type"] == "text/event-stream"
    [data] = [line.removeprefix("data:") for line in response.text.splitlines() if line.startswith("data:")]
    message: dict[str, Any] = json.loads(data)
    return message


def test_the_handshake(server: GLMServer) -> None:
    client = Client(server)
    welcome = client.post(INITIALIZE)
    assert event(welcome)["result"]["serverInfo"]["name"] == "zread"
    assert event(welcome)["result"]["protocolVersion"] == "2025-06-18"
    client.headers["mcp-session-id"] = welcome.headers["mcp-session-id"]
    assert event(client.post(LIST))["error"]["message"].endswith("notifications/initialized")
    assert client.post(INITIALIZED).status_code == 202
    assert [tool["name"] for tool in event(client.post(LIST))["result"]["tools"]] == [
        "search_doc", "get_repo_structure", "read_file",
    ]  # fmt: skip
    assert httpx2.delete(client.url, headers=client.headers).status_code == 200
    assert client.post(LIST).status_code == 404


def test_an_unknown_version_is_answered_with_one_that_the_server_speaks(server: GLMServer) -> None:
    asked = {**INITIALIZE, "params": {**INITIALIZE["params"], "protocolVersion": "2030-01-01"}}  # type: ignore[dict-item]
    assert event(Client(server).post(asked))["result"]["protocolVersion"] == "2025-06-18"


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream", "*/*"])
def test_accept_must_name_both(server: GLMServer, accept: str) -> None:
    assert Client(server).post(INITIALIZE, accept=accept).status_code == 406


def test_the_key_is_checked_first(server: GLMServer) -> None:
    refused = Client(server).post(INITIALIZE, authorization="Bearer wrong", accept="*/*")
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "1000")


@pytest.mark.parametrize("message", [[], "text", {"id": 1}, {"jsonrpc": "1.0", "id": 1, "method": "ping"}])
def test_what_is_no_message_is_refused(server: GLMServer, message: Any) -> None:
    assert Client(server).post(message).status_code == 400


def test_a_session_is_demanded(server: GLMServer) -> None:
    client = Client(server)
    assert client.post(LIST).status_code == 400
    assert client.post(LIST, **{"mcp-session-id": "unknown"}).status_code == 404
    assert httpx2.get(client.url, headers=client.headers).status_code == 405


def test_wrong_calls(server: GLMServer) -> None:
    client = Client(server)
    client.open()
    assert client.call("write_file")["error"]["code"] == -32602
    assert "lacks 'file_path'" in client.call("read_file", repo_name="a/b")["error"]["message"]
    assert client.call("read_file", repo_name="a", file_path="x")["result"]["isError"] is True
    unknown = {"jsonrpc": "2.0", "id": 4, "method": "resources/list"}
    assert event(client.post(unknown))["error"]["code"] == -32601


@pytest.mark.parametrize(
    ("name", "tool", "arguments", "says"),
    [
        ("web_search_prime", "web_search_prime", {"search_query": "GLM", "location": "cn"}, "Page 1 about: GLM"),
        ("web_reader", "webReader", {"url": "https://z.ai/a"}, "A page of z.ai"),
        ("zread", "search_doc", {"repo_name": "a/b", "query": "install"}, "About install in a/b"),
        ("zread", "get_repo_structure", {"repo_name": "a/b"}, "README.md"),
    ],
)
def test_good_calls(server: GLMServer, name: str, tool: str, arguments: dict[str, Any], says: str) -> None:
    client = Client(server, name)
    client.open()
    result = client.call(tool, **arguments)["result"]
    assert result["isError"] is False
    assert says in result["content"][0]["text"]


def test_hosts_without_mcp_servers() -> None:
    with GLMServer("kimi") as server:
        with pytest.raises(RuntimeError, match="'kimi' has no MCP servers"):
            _ = server.mcp_url
        assert httpx2.post(server.base_url.replace("/v1", "/api/mcp/zread/mcp"), json=INITIALIZE).status_code == 404
