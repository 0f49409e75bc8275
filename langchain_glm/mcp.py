"""Z.ai's MCP servers (search, reader, zread) as connections for LangChain's MCP clients.

```python
from fastmcp.client.group import ClientGroup
from langchain.mcp import MCPAdapter
from langchain_glm.mcp import zai_servers

tools = await MCPAdapter(ClientGroup.from_config(zai_servers())).list_tools()
agent = create_agent(ChatGLM(model="glm-5.2", host="zai-coding"), tools)
```
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import httpx2

from langchain_glm.catalog.choose_host import choose_host, missing_key_error
from langchain_glm.catalog.hosts import HOSTS, Host
from langchain_glm.errors import GLMValueError
from langchain_glm.keys import aread_key, has_key, read_key, secret_key
from langchain_glm.notices import notify
from langchain_glm.transport.error_body import error_from_body

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from langchain_glm.keys import ApiKey

__all__ = ["SERVERS", "zai_servers"]

SERVERS: Final = {"search": "web_search_prime", "reader": "web_reader", "zread": "zread"}
"""Our names for the servers → their names in the URLs (docs.z.ai, coding plan, 2026-11)."""

_ABOUT_THE_ACCOUNT: Final = (401, 402, 403, 429)
"""The statuses of a refused key and a used-up quota; all others belong to the protocol of MCP."""


def zai_servers(
    *names: str, host: str | Host = "zai-coding", api_key: ApiKey | None = None, base_url: str | None = None
) -> dict[str, dict[str, Any]]:
    """Return connections to Z.ai's MCP servers for `langchain.mcp`, FastMCP and langchain-mcp-adapters.

    Their tools are `web_search_prime` (search), `webReader` (reader), and `search_doc`, `read_file` and
    `get_repo_structure` (zread, for repositories on GitHub). Calls count against the monthly quota of the coding plan.

    Args:
        *names: the servers, of `search`, `reader` and `zread`. Default: all three.
        host: whose servers: `zai-coding`, `bigmodel-coding`, another host that has them, or a `Host` of your own.
        api_key: the key, or a function that returns it and is called before every request. Default: the host's
            environment variable, which is read before every request. An async function needs a client that uses
            httpx2, as FastMCP does.
        base_url: everything before `/web_search_prime/mcp`, for a proxy or a test. Default: the host's own URL.

    Returns:
        For each server `{"transport": "http", "url": …, "auth": …}`. `auth` holds the key, adds it to each request, and
        leaves it out of reprs and pickles; no other value holds it.

    Raises:
        GLMValueError: if a name or the host is unknown, the host has no MCP servers, or the URL is not valid.
        GLMAuthenticationError: if there is no key.

    Example:
        ```python
        client = MultiServerMCPClient(zai_servers("search", "reader"))  # of langchain-mcp-adapters
        tools = await client.get_tools()
        ```
    """
    if not isinstance(host, Host):
        if host not in HOSTS:
            raise GLMValueError(f"host={host!r} is unknown. Give one of {_with_servers()}.")
        host = HOSTS[host]
    url = base_url or host.mcp_url
    if url is None:
        raise GLMValueError(f"host={host.name!r} has no MCP servers. Give one of {_with_servers()}; or base_url=….")
    unknown = [name for name in names if name not in SERVERS]
    if unknown:
        raise GLMValueError(f"{unknown[0]!r} is not an MCP server of Z.ai. Give {', '.join(SERVERS)}.")
    checked, warning = choose_host(replace(host, base_url=url))
    if warning:
        notify(warning)
    auth = _KeyAuth(secret_key(api_key), host)
    if host.name in HOSTS and not has_key(auth.api_key, host):
        raise missing_key_error(host)
    return {
        name: {"transport": "http", "url": f"{checked.base_url}/{SERVERS[name]}/mcp", "auth": auth}
        for name in names or SERVERS
    }


def _with_servers() -> str:
    return ", ".join(host.name for host in HOSTS.values() if host.mcp_url)


class _KeyAuth(httpx2.Auth):
    """Adds the key to each request. It is an `Auth` for httpx2 and, being callable, for httpx too."""

    def __init__(self, api_key: ApiKey | None, host: Host) -> None:
        self.api_key = api_key
        self.host = host

    def __repr__(self) -> str:
        return f"<the key of {self.host.name}>"

    def __call__(self, request: Any) -> Any:
        """Add the key to a request of httpx."""
        return _with_key(request, read_key(self.api_key, self.host))

    def sync_auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Add the key to a request of httpx2."""
        yield self(request)

    async def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """Add the key to a request of httpx2, and raise what the endpoint says about it when a session is opened.

        MCP clients replace the endpoint's words by their own. In an open session, an exception would end the session.
        """
        key = await aread_key(self.api_key, self.host)
        response = yield _with_key(request, key)
        if response.status_code in _ABOUT_THE_ACCOUNT and "mcp-session-id" not in request.headers:
            status, headers, secrets = response.status_code, dict(response.headers), [key] if key else []
            body = await response.aread()
            raise error_from_body(body, host=self.host, status=status, headers=headers, secrets=secrets)


def _with_key(request: Any, key: str | None) -> Any:
    if key is not None:
        request.headers["Authorization"] = f"Bearer {key}"
    return request
