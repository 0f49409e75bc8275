"""Serve one documented reply to a model, and read it in every way."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx

from langchain_glm import ChatGLM

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from langchain_core.messages import AIMessage, AIMessageChunk


def answers(reply: dict[str, Any] | str, **settings: Any) -> list[AIMessage]:
    """The reply as invoke, ainvoke, and, if it is a stream, stream and astream hold it.

    Args:
        reply: a body, or the text of a stream.
        **settings: for `ChatGLM`.
    """
    streamed = isinstance(reply, str)
    kind = "text/event-stream" if streamed else "application/json"
    content = reply.encode() if isinstance(reply, str) else json.dumps(reply).encode()

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=content, headers={"content-type": kind})

    async def acollect(chunks: AsyncIterator[AIMessageChunk]) -> list[AIMessageChunk]:
        return [chunk async for chunk in chunks]

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        async_client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
        model = ChatGLM(
            api_key="k",
            http_client=client,
            http_async_client=async_client,
            streaming=streamed,
            max_retries=0,
            **settings,
        )
        held: list[AIMessage] = [model.invoke("hi"), asyncio.run(model.ainvoke("hi"))]
        if streamed:
            held += [_added(list(model.stream("hi"))), _added(asyncio.run(acollect(model.astream("hi"))))]
            held.append(model.stream_events("hi", version="v3").output)
        asyncio.run(async_client.aclose())
    return held


def _added(chunks: list[AIMessageChunk]) -> AIMessageChunk:
    total = chunks[0]
    for chunk in chunks[1:]:
        total += chunk
    return total
