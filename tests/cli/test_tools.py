"""Tools in the terminal: those of MCP servers, and the searches that need tools."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from langchain_glm.testing import GLMServer, Reply, ToolCall

from .conftest import SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator

needs_client = pytest.mark.skipif(find_spec("fastmcp") is None, reason="needs langchain[mcp]")


@pytest.fixture
def notes() -> Iterator[str]:
    """The URL of an MCP server that others wrote, with one tool."""
    import uvicorn
    from fastmcp import FastMCP

    mcp = FastMCP("notes")

    @mcp.tool
    def read_note(name: str) -> str:
        """Read a note."""
        return f"The note {name} says: buy milk."

    server = uvicorn.Server(uvicorn.Config(mcp.http_app(), port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/mcp"
    server.should_exit = True
    thread.join(20)


READS_A_NOTE = (
    Reply(reasoning="I look.", tool_calls=[ToolCall("read_note", {"name": "home"})]),
    Reply("Buy **milk**."),
)


@needs_client
def test_tools_of_an_mcp_server(glm: Any, server: GLMServer, notes: str) -> None:
    server.queue(*READS_A_NOTE)
    done = glm("--mcp", notes, "--json", "What is on my list?")
    facts = json.loads(done.stdout)
    assert facts["text"] == "Buy **milk**."
    assert [(call["name"], call["args"]) for call in facts["tool_calls"]] == [("read_note", {"name": "home"})]
    assert "buy milk" in facts["tool_calls"][0]["result"]
    assert [message["role"] for message in server.requests[-1].body["messages"]] == ["user", "assistant", "tool"]


@needs_client
def test_tools_in_a_terminal(terminal: Any, server: GLMServer, notes: str) -> None:
    server.queue(*READS_A_NOTE)
    user = terminal("--mcp", notes, "What is on my list?")
    assert user.status(100) == 0
    shown = user.text
    assert shown.index("I look.") < shown.index("Calls read_note(name='home')") < shown.index("buy milk.")
    assert shown.index("buy milk.") < shown.index("Buy milk.")


@needs_client
def test_servers_of_the_host(glm: Any) -> None:
    done = glm("--demo", "--host", "zai-coding", "--mcp", "search", "Use web_search_prime for GLM.")
    assert done.returncode == 0, done.stderr
    assert "Page 1 about: " in done.stdout


@needs_client
@pytest.mark.parametrize("url", ["http://127.0.0.1:1/mcp", "files"])
def test_a_server_that_cannot_be_used(glm: Any, server: GLMServer, url: str) -> None:
    done = glm("--mcp", url, "hi")
    assert done.returncode == (2 if url == "files" else 1)
    assert url in done.stderr
    assert not server.requests


def test_without_a_client_it_says_what_to_install(env: dict[str, str]) -> None:
    script = (
        "import sys, importlib.util as u; found = u.find_spec\n"
        "u.find_spec = lambda name, *more: None if name in ('fastmcp', 'langchain_mcp_adapters') else found(name)\n"
        "from langchain_glm.cli.main import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "--mcp", "http://a.example/mcp", "hi"],
        capture_output=True, text=True, check=False, env=env,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == '--mcp needs LangChain and an MCP client: pip install "langchain[mcp]"\n'


def test_kimi_searches_with_its_own_tool(glm: Any) -> None:
    with GLMServer("kimi", api_key=SECRET) as kimi:
        settings = {"ZAI_API_KEY": "", "MOONSHOT_API_KEY": SECRET, "MOONSHOT_BASE_URL": kimi.base_url}
        done = glm("--search", "Search the web for rain.", **settings)
        assert done.returncode == 0, done.stderr
        first, second = (request.body for request in kimi.requests)
    assert first["tools"][0]["function"]["name"] == "$web_search"
    assert first["thinking"] == {"type": "disabled"}
    assert second["messages"][-1]["role"] == "tool"


def test_a_search_beside_tools(glm: Any, server: GLMServer, request: pytest.FixtureRequest) -> None:
    if find_spec("fastmcp") is None:
        pytest.skip("needs langchain[mcp]")
    pages = [{"refer": "ref_1", "title": "Milk", "link": "https://milk.example", "content": "White.", "media": "",
              "publish_date": "", "icon": ""}]  # fmt: skip
    server.queue(
        Reply(tool_calls=[ToolCall("web_search", {"query": "milk"})]),
        Reply("Found.", web_search=pages),
        Reply("Milk is white [ref_1]."),
    )
    done = glm("--search", "--mcp", request.getfixturevalue("notes"), "What colour is milk?")
    assert (done.returncode, done.stdout) == (
        0,
        "Milk is white [ref_1].\n\nSources\n[ref_1] Milk\n  https://milk.example\n",
    ), done.stderr
