"""`chat_app`: a Starlette application with one page on which people talk to an agent or a chat model."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from langchain_glm.cli.chat_page.turns import history, run_turn
from langchain_glm.cli.web.guard import LOOPBACK, RefusedError, guarded, read_json
from langchain_glm.cli.web.html import PRIVATE, page_response
from langchain_glm.cli.web.sending import EventStream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.runnables import RunnableConfig
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from langchain_glm.cli.chat_page.turns import Agent

__all__ = ["chat_app"]

_HTML: Final = Path(__file__).with_name("chat.html")
_SECONDS_TO_END: Final = 2.0
_THREAD: Final = re.compile(r"[\w-]{16,64}")
_IMAGE: Final = re.compile(r"data:(image/(?:png|jpeg|webp|gif));base64,([A-Za-z0-9+/]+=*)")


def chat_app(
    agent: Agent | BaseChatModel,
    *,
    title: str = "GLM",
    note: str = "",
    examples: Sequence[str] = (),
    images: bool = True,
    nodes: Sequence[str] = ("model",),
    hosts: Sequence[str] = (),
    max_bytes: int = 20_000_000,
) -> Starlette:
    """Make a web application with one page on which people talk to an agent.

    The page shows thinking, answers as they come, tool calls, sources, tokens and prices. It needs no other file and
    no network. Keys stay in this process. Each browser tab has its own conversation, which the agent's checkpointer
    keeps; leaving the page or its stop button ends the request to the model.

    The application refuses requests that do not come from its own page, and it answers only to the names of this
    computer. It does not know who its users are: before you let others reach it, put your own sign-in in front of it.

    Args:
        agent: an agent of `create_agent` or another LangGraph graph whose state has `messages`, with a checkpointer;
            or a chat model, which becomes an agent without tools.
        title: the title of the page.
        note: a sentence under the title, such as which model answers.
        examples: questions that a new conversation offers.
        images: whether people can add images to their messages.
        nodes: the nodes of the graph whose model's answers are shown. That of `create_agent` is `"model"`.
        hosts: further host names under which the page may be opened, such as `"chat.example.org"`.
        max_bytes: the largest message in bytes, images included.

    Returns:
        A Starlette application. Run it with any ASGI server, or mount it below a path ending in `/`.

    Raises:
        ValueError: if the agent has no checkpointer, or no such node.

    Example:
        ```python
        agent = create_agent(ChatGLM(model="glm-5.2"), [get_weather], checkpointer=InMemorySaver())
        uvicorn.run(chat_app(agent), host="127.0.0.1", port=8000)
        ```
    """
    graph = _with_memory(agent) if isinstance(agent, BaseChatModel) else agent
    if not graph.checkpointer:
        raise ValueError("The agent has no checkpointer to keep conversations in: pass checkpointer=InMemorySaver().")
    if unknown := set(nodes) - graph.nodes.keys():
        known = ", ".join(name for name in graph.nodes if not name.startswith("__"))
        raise ValueError(f"The agent has no node {', '.join(map(repr, sorted(unknown)))}; nodes=… may name: {known}.")
    page = _Page(graph, nodes, max_bytes)
    about = {"title": title, "note": note, "examples": list(examples), "images": images, "max_bytes": max_bytes}

    names = LOOPBACK | set(hosts)

    async def show_page(request: Request) -> Response:
        return page_response(_HTML)

    async def show_about(request: Request) -> Response:
        return JSONResponse(about)

    return Starlette(
        routes=[
            Route("/", guarded(show_page, names)),
            Route("/about", guarded(show_about, names)),
            Route("/thread/{thread}", guarded(page.show_thread, names)),
            Route("/chat", guarded(page.chat, names), methods=["POST"]),
        ]
    )


class _Page:
    """The conversations of one agent, and those of its turns that run now."""

    def __init__(self, agent: Agent, nodes: Sequence[str], max_bytes: int) -> None:
        self._agent = agent
        self._nodes = nodes
        self._max_bytes = max_bytes
        self._running: dict[str, EventStream] = {}

    async def show_thread(self, request: Request) -> Response:
        thread = _checked_thread(request.path_params["thread"])
        if thread in self._running:  # a turn ends when its page is loaded again; what came of it belongs to the answer
            with suppress(TimeoutError):
                await asyncio.wait_for(self._running[thread].ended.wait(), _SECONDS_TO_END)
        events = await history(self._agent, _config(thread))
        return JSONResponse(events, headers=PRIVATE)

    async def chat(self, request: Request) -> ASGIApp:
        body = await read_json(request, self._max_bytes)
        if not isinstance(body, dict):
            raise RefusedError(400, "The request must be a JSON object.")
        thread = _checked_thread(body.get("thread"))
        message = None if body.get("again") is True else _user_message(body.get("text"), body.get("images", []))
        while thread in self._running:  # in another tab, or stopped a moment ago
            await self._running[thread].stop()
        events = run_turn(self._agent, _config(thread), message, self._nodes)
        stream = EventStream(events, lambda: self._forget(thread))
        self._running[thread] = stream
        return stream

    def _forget(self, thread: str) -> None:
        del self._running[thread]


def _config(thread: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread}}


def _checked_thread(thread: Any) -> str:
    if not isinstance(thread, str) or not _THREAD.fullmatch(thread):
        raise RefusedError(400, "thread must be 16 to 64 letters, digits, - and _.")
    return thread


def _user_message(text: Any, images: Any) -> HumanMessage:
    if not isinstance(text, str) or not isinstance(images, list):
        raise RefusedError(400, "text must be a string, and images a list.")
    if not text.strip() and not images:
        raise RefusedError(400, "The message is empty.")
    if not images:
        return HumanMessage(text)
    blocks: list[str | dict[str, Any]] = [{"type": "text", "text": text}] if text.strip() else []
    for image in images:
        found = _IMAGE.fullmatch(image) if isinstance(image, str) else None
        if found is None:
            raise RefusedError(400, "An image must be PNG, JPEG, WebP or GIF, as a data URL.")
        blocks.append({"type": "image", "mime_type": found[1], "base64": found[2]})
    return HumanMessage(blocks)


def _with_memory(model: BaseChatModel) -> Agent:
    from langchain.agents import create_agent
    from langgraph.checkpoint.memory import InMemorySaver

    return create_agent(model, checkpointer=InMemorySaver())
