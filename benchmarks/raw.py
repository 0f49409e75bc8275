"""httpx alone: it sends the bytes of a request and receives the bytes of a reply, without parsing anything."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Self

import httpx
import orjson
from langchain_core.messages import BaseMessage, convert_to_openai_messages
from langchain_core.utils.function_calling import convert_to_openai_tool

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterator, Sequence

__all__ = ["RawHttpx"]


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


class RawHttpx:
    """Has the methods of a model that the works call; request bodies are encoded only once."""

    def __init__(self, *, model: str, base_url: str, api_key: str) -> None:
        self._settings: dict[str, Any] = {"model": model}
        self._url = httpx.URL(f"{base_url}/chat/completions")
        self._headers = {"authorization": f"Bearer {api_key}", "content-type": "application/json"}
        self._client = httpx.Client(verify=_tls(), timeout=60)
        self._async_client = httpx.AsyncClient(verify=_tls(), timeout=60)
        self._bodies: dict[int, bytes] = {}

    def bind_tools(self, tools: Sequence[Any]) -> Self:
        """Send these tools too."""
        self._settings["tools"] = [convert_to_openai_tool(tool) for tool in tools]
        return self

    def invoke(self, messages: list[BaseMessage]) -> httpx.Response:
        """Post, and read the whole reply."""
        return self._client.post(self._url, content=self._body(messages), headers=self._headers)

    async def ainvoke(self, messages: list[BaseMessage]) -> httpx.Response:
        """Post, and read the whole reply."""
        return await self._async_client.post(self._url, content=self._body(messages), headers=self._headers)

    def stream(self, messages: list[BaseMessage]) -> Iterator[bytes]:
        """Post, and give the reply's bytes as they come."""
        content = self._body(messages)
        with self._client.stream("POST", self._url, content=content, headers=self._headers) as response:
            yield from response.iter_bytes()

    async def astream(self, messages: list[BaseMessage]) -> AsyncIterator[bytes]:
        """Post, and give the reply's bytes as they come."""
        content = self._body(messages)
        async with self._async_client.stream("POST", self._url, content=content, headers=self._headers) as response:
            async for piece in response.aiter_bytes():
                yield piece

    def _body(self, messages: list[BaseMessage]) -> bytes:
        body = self._bodies.get(id(messages))  # the works keep their messages as long as the process lives
        if body is None:
            body = orjson.dumps({**self._settings, "messages": convert_to_openai_messages(messages)})
            self._bodies[id(messages)] = body
        return body
