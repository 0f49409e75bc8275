"""The server, in its own process: it reads a request and writes bytes that were rendered before.

    POST /{dialect}/{work}/chat/completions     dialect: glm, or strict for clients that insist on OpenAI's keys
    POST /embed/{milliseconds}/embeddings       answers after this time
    GET  /release                               sends what the streams of the work `held` hold back
    GET  /cpu                                   seconds of CPU that the server has used

It prints its port, and ends when its standard input is closed.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import threading
import time

import orjson

from benchmarks.frames import embedded, response, streamed
from benchmarks.works import Work

__all__ = ["HOLD"]

HOLD = 2.0
"""Seconds after which a stream that is held back continues by itself."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_held: dict[_Connection, bytes] = {}


class _Connection(asyncio.Protocol):
    """One connection: any number of requests, one after the other."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._wanted = 0  # bytes of the request that is being received, once its head is known

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport
        transport.set_write_buffer_limits(high=1 << 26)

    def connection_lost(self, exc: Exception | None) -> None:
        _held.pop(self, None)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while self._is_whole():
            head, _, body = bytes(self._received[: self._wanted]).partition(b"\r\n\r\n")
            del self._received[: self._wanted]
            self._wanted = 0
            self._answer(head.split(b" ")[1].decode(), body)

    def _is_whole(self) -> bool:
        if not self._wanted:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return False
            length = _LENGTH.search(self._received, 0, end)
            self._wanted = end + 4 + (int(length[1]) if length else 0)
        return len(self._received) >= self._wanted

    def _answer(self, path: str, body: bytes) -> None:
        if path == "/cpu":
            self._tell(repr(time.process_time()))
        elif path == "/release":
            for connection in list(_held):
                connection.release()
            self._tell("released")
        elif path.startswith("/embed/"):
            asked = orjson.loads(body)
            answer = embedded(len(asked["input"]), asked.get("dimensions", 2048))
            asyncio.get_running_loop().call_later(int(path.split("/")[2]) / 1e3, self.transport.write, answer)
        else:
            _, dialect, name, *_ = path.split("/")
            work = Work.named(name)
            if work.kind == "held":
                self._hold(work, strict=dialect == "strict")
            else:
                self.transport.write(response(work, strict=dialect == "strict"))

    def _tell(self, text: str) -> None:
        self.transport.write(f"HTTP/1.1 200 OK\r\ncontent-length: {len(text)}\r\n\r\n{text}".encode())

    def _hold(self, work: Work, *, strict: bool) -> None:
        head, (first, *rest) = streamed(work, strict=strict)
        self.transport.write(head + first)
        _held[self] = b"".join(rest)
        asyncio.get_running_loop().call_later(HOLD, self.release)

    def release(self) -> None:
        """Send what is held back, if anything is."""
        self.transport.write(_held.pop(self, b""))


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", 0, backlog=4096)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    asyncio.run(_serve())
