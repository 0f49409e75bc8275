"""What asking and chatting share: a turn is run and shown, and what came is kept, also after Ctrl-C or an error."""

from __future__ import annotations

import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, NamedTuple

from langchain_glm.cli.echo import no_echo
from langchain_glm.cli.endpoint import make_model
from langchain_glm.cli.mcp_tools import mcp_tools
from langchain_glm.cli.turn import run_turn, sources_of
from langchain_glm.errors import GLMError, GLMValueError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from langchain_core.messages import BaseMessage

    from langchain_glm.cli.show import Printer

__all__ = ["Outcome", "talk"]


class Outcome(NamedTuple):
    """What came of a turn.

    Args:
        messages: the messages that came, in their order; after an error or Ctrl-C those that are whole, and the
            beginning of the answer.
        seconds: how long it took.
        error: what failed; `None` if nothing did.
        interrupted: whether Ctrl-C ended it.
    """

    messages: list[BaseMessage]
    seconds: float
    error: GLMError | None
    interrupted: bool


def talk(
    runner: asyncio.Runner,
    settings: dict[str, Any],
    messages: Sequence[BaseMessage],
    servers: Sequence[str],
    printer: Printer,
) -> Outcome:
    """Run a turn and show it while it comes.

    Args:
        runner: what runs it; its event loop keeps connections open between turns.
        settings: the settings of the model, as `model_settings` returns them.
        messages: the conversation, the question last.
        servers: MCP servers whose tools the model may call.
        printer: what shows the turn.

    Raises:
        GLMValueError: if a setting or a message cannot be sent, or a package is missing.
    """
    came: list[BaseMessage] = []
    error: GLMError | None = None
    interrupted = False
    printer.wait(f"{settings['model']} is asked")  # the first model takes a moment to import
    try:
        model, search_tools = make_model(settings)
    except BaseException:
        printer.end()
        raise

    async def turn() -> None:
        try:
            async with (
                mcp_tools(servers, model) as tools,
                aclosing(run_turn(model, messages, [*search_tools, *tools], came)) as events,
            ):
                async for event in events:
                    printer.event(event)
        finally:
            printer.end()

    began = time.monotonic()
    try:
        with no_echo():
            runner.run(turn())
    except GLMValueError:
        raise
    except GLMError as failure:
        error = failure
    except KeyboardInterrupt:
        interrupted = True
    except ModuleNotFoundError as missing:
        if str(missing.name).partition(".")[0] not in ("langchain", "langgraph"):
            raise
        raise GLMValueError('Tools need LangChain: pip install "langchain[mcp]"') from None
    printer.sources(sources_of(came))
    return Outcome(came, time.monotonic() - began, error, interrupted)
