"""The tools of MCP servers that the user names, through whichever of LangChain's two MCP clients is installed."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.errors import GLMConnectionError, GLMError, GLMValueError
from langchain_glm.mcp import SERVERS, zai_servers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from langchain_glm.chat_models import ChatGLM

__all__ = ["check_mcp", "mcp_tools"]

MISSING: Final = '--mcp needs LangChain and an MCP client: pip install "langchain[mcp]"'


def check_mcp() -> None:
    """Check that a client for MCP servers is installed.

    Raises:
        GLMValueError: if none is; it says what to install.
    """
    if not find_spec("langchain") or not (find_spec("fastmcp") or find_spec("langchain_mcp_adapters")):
        raise GLMValueError(MISSING)


@asynccontextmanager
async def mcp_tools(servers: Sequence[str], model: ChatGLM) -> AsyncIterator[list[Any]]:
    """Connect to MCP servers.

    Args:
        servers: URLs; or names of Z.ai's own servers: `search`, `reader`, `zread`.
        model: the model, whose host and key those own servers need.

    Returns:
        A context that yields the tools; the connections end with it.

    Raises:
        GLMValueError: if no client is installed.
        GLMConnectionError: if a server cannot be reached.
    """
    if not servers:
        yield []
        return
    check_mcp()
    connections: dict[str, dict[str, Any]] = {}
    for number, server in enumerate(servers, 1):
        if server in SERVERS:
            connections |= zai_servers(server, host=model.endpoint_host, api_key=model.api_key)
        elif server.startswith(("https://", "http://")):
            connections[f"mcp{number}"] = {"transport": "http", "url": server}
        else:
            raise GLMValueError(f"--mcp {server}: give a URL, or one of {', '.join(SERVERS)} (Z.ai's own servers).")
    async with AsyncExitStack() as stack:
        try:
            tools = await _connect(connections, stack)
        except Exception as error:
            raise _unreachable(servers, error) from error
        yield tools


async def _connect(connections: dict[str, dict[str, Any]], stack: AsyncExitStack) -> list[Any]:
    if find_spec("fastmcp"):
        from fastmcp.client.group import ClientGroup
        from langchain.mcp import MCPAdapter

        # A group puts the server's name before each tool's, which one server does not need.
        client: Any = connections if len(connections) == 1 else ClientGroup.from_config(connections)
        adapter = await stack.enter_async_context(MCPAdapter(client))
        return list(await adapter.list_tools())
    from langchain_mcp_adapters.client import MultiServerMCPClient

    return list(await MultiServerMCPClient(connections).get_tools())


def _unreachable(servers: Sequence[str], error: BaseException) -> GLMError:
    """Return the error of the endpoint if there is one behind the client's, else one that names the servers."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, GLMError):
            return cause
        cause = cause.__cause__ or cause.__context__
    first = error
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return GLMConnectionError(
        f"The MCP servers cannot be used ({', '.join(servers)}): {type(first).__name__}: {first}",
        hint="Check the URL; it often ends in /mcp.",
    )
