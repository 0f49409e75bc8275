"""Turns of an agent: a message goes in, events come out, and what came stays in the conversation if it is stopped."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final, cast

from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage, ToolMessage
from langgraph.constants import END, START

from langchain_glm import GLMError
from langchain_glm.cli.chat_page.events import chunk_events, end_events, failure, message_events

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import RunnableConfig
    from langgraph.graph.state import CompiledStateGraph

    from langchain_glm.cli.chat_page.events import Event

    Agent = CompiledStateGraph[Any, Any, Any, Any]
    Parts = AsyncGenerator[tuple[str, Any]]

__all__ = ["history", "run_turn"]

_NOT_RUN: Final = "This tool did not finish, because the turn ended before."
_LOG: Final = logging.getLogger(__name__)


async def history(agent: Agent, config: RunnableConfig) -> list[Event]:
    """Return the events of a conversation so far; none if there is no such conversation."""
    state = await agent.aget_state(config)
    events = [event for message in state.values.get("messages", ()) for event in message_events(message)]
    return [*events, {"type": "open"}] if state.next else events


async def run_turn(
    agent: Agent, config: RunnableConfig, message: HumanMessage | None, nodes: Sequence[str]
) -> AsyncGenerator[Event]:
    """Run a turn.

    If the task is cancelled or the generator is closed, the agent and its request are stopped, and the part of the
    answer that came is added to the conversation.

    Args:
        agent: the agent; its checkpointer keeps the conversation.
        config: holds the id of the conversation.
        message: what the user said; `None` runs again what failed or was stopped.
        nodes: the nodes of the agent whose model's answers are shown.

    Yields:
        Events; the last one is `done`, also after an error.
    """
    given = None if message is None else {"messages": [*await _mended(agent, config), message]}
    came = ""
    try:
        parts = cast("Parts", agent.astream(given, config, stream_mode=["messages", "updates"]))
        async with aclosing(parts):
            async for mode, data in parts:
                if mode == "updates":
                    for node, found in _messages(data):
                        if isinstance(found, ToolMessage) or node in nodes:
                            came = ""
                            for event in end_events(found):
                                yield event
                elif data[1].get("langgraph_node") in nodes:
                    came += data[0].text
                    for event in chunk_events(data[0]):
                        yield event
    except (asyncio.CancelledError, GeneratorExit):
        await _keep(agent, config, came)
        raise
    except Exception as error:  # noqa: BLE001 - whatever an agent raises, the page must say that the turn failed
        if not isinstance(error, GLMError):  # the page shows those in full
            _LOG.warning("A turn failed.", exc_info=error)
        yield failure(error)
    if (await agent.aget_state(config)).next:
        yield {"type": "open"}
    yield {"type": "done"}


def _messages(update: Mapping[str, Any]) -> list[tuple[str, BaseMessage]]:
    """Return the messages that an update of LangGraph adds, each with its node."""
    found = []
    for node, change in update.items():
        messages = change.get("messages", ()) if isinstance(change, dict) else ()
        found += [(node, message) for message in (messages if isinstance(messages, list | tuple) else [messages])]
    return found


async def _mended(agent: Agent, config: RunnableConfig) -> list[BaseMessage]:
    """Return what makes the conversation whole before another message is added to it.

    A message of the user that got no answer is removed: the next one replaces it. Tools that did not finish get a
    result that says so, because endpoints refuse a call without a result.
    """
    messages: list[BaseMessage] = (await agent.aget_state(config)).values.get("messages", [])
    kept = len(messages)
    while kept and isinstance(messages[kept - 1], HumanMessage):
        kept -= 1
    unanswered: list[BaseMessage] = [RemoveMessage(id=str(message.id)) for message in messages[kept:]]
    done = set()
    for message in reversed(messages[:kept]):
        if isinstance(message, ToolMessage):
            done.add(message.tool_call_id)
        elif isinstance(message, AIMessage):
            missing = [call for call in message.tool_calls if call["id"] not in done]
            return [*unanswered, *(ToolMessage(_NOT_RUN, tool_call_id=call["id"], status="error") for call in missing)]
        else:
            break
    return unanswered


async def _keep(agent: Agent, config: RunnableConfig, came: str) -> None:
    """Add the text that came before the stop to the conversation, without thinking and half-written calls."""
    if came.strip():
        await agent.aupdate_state(config, {"messages": [AIMessage(came)]}, as_node=START)
        await agent.aupdate_state(config, None, as_node=END)  # nothing is left to do in this turn
