"""Carrying an answer out over ASGI: bytes, pauses, and the two ways to end a connection early."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, Final

from langchain_glm.testing.steps import Answer, Hangup, Pause

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope, Send

__all__ = ["Transports", "send_answer"]

Transports = dict[tuple[str, int], asyncio.Transport]
"""The open connections by the client's address, so that one can be cut."""

_LINGER_NOT: Final = struct.pack("ii", 1, 0)


async def send_answer(
    answer: Answer,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    transports: Transports,
    stopping: asyncio.Event,
    before_last: Callable[[], None] | None,
) -> None:
    """Send an answer. The status line goes with the first bytes, so that silence comes before it too.

    Args:
        answer: what to send.
        scope: the request's ASGI scope.
        receive: tells when the client is gone; sending ends then.
        send: takes the answer.
        transports: the open connections.
        stopping: ends pauses and cuts the connection when set.
        before_last: called before the last bytes go out: who has read them may count on its having happened.
    """
    gone = asyncio.ensure_future(_until_gone(receive))
    down = asyncio.ensure_future(stopping.wait())
    started = False
    try:
        for number, step in enumerate(answer.steps, 1):
            if isinstance(step, Pause):
                await asyncio.wait({gone, down}, timeout=step.seconds, return_when=asyncio.FIRST_COMPLETED)
            if isinstance(step, Hangup) or down.done():
                _hang_up(transports.get(tuple(scope["client"])), reset=isinstance(step, Hangup) and step.reset)
                await gone
            if gone.done():
                return
            if isinstance(step, bytes):
                if not started:
                    lines = [(name.encode(), value.encode()) for name, value in answer.headers]
                    await send({"type": "http.response.start", "status": answer.status, "headers": lines})
                    started = True
                if before_last and number == len(answer.steps):
                    before_last()
                await send({"type": "http.response.body", "body": step, "more_body": True})
                await asyncio.sleep(0)  # other requests get their turn between two events
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        gone.cancel()
        down.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _hang_up(transport: asyncio.Transport | None, *, reset: bool) -> None:
    if transport is None:
        return
    if not reset:
        transport.close()
        return
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)  # close() then sends RST
    transport.abort()
