"""Send an answer over ASGI: its bytes and pauses, and both ways to end a connection early."""

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
"""The open connections by the client's address, so that a fault can close one."""

_NO_LINGER: Final = struct.pack("ii", 1, 0)


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
    """Send an answer. The status line is sent with the first bytes, so a pause may come before it.

    Args:
        answer: what to send.
        scope: the request's ASGI scope.
        receive: reports that the client has gone, which ends the sending.
        send: sends the parts of the answer.
        transports: the open connections.
        stopping: if set, ends pauses and closes the connection.
        before_last: called before the last bytes are sent, so that its effect is visible when the client has read them.
    """
    gone = asyncio.ensure_future(_until_gone(receive))
    down = asyncio.ensure_future(stopping.wait())
    started = False
    last = max((number for number, step in enumerate(answer.steps) if isinstance(step, bytes)), default=0)
    try:
        for number, step in enumerate(answer.steps):
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
                if before_last and number == last:
                    before_last()
                await send({"type": "http.response.body", "body": step, "more_body": True})
                await asyncio.sleep(0)  # lets other requests run between two events
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        transport = transports.get(tuple(scope["client"]))
        if answer.trailing and transport:
            transport.write(answer.trailing)
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
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)  # close() then sends RST
    transport.abort()
