"""A server of raw bytes on the loopback interface, for what no HTTP server would send."""

from __future__ import annotations

import socketserver
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

__all__ = ["EVENT_STREAM", "Server", "chunk", "json_reply", "serving"]

EVENT_STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(text: str) -> bytes:
    """A piece of a body with `transfer-encoding: chunked`."""
    data = text.encode()
    return b"%x\r\n%b\r\n" % (len(data), data)


def json_reply(text: str) -> bytes:
    """A whole reply."""
    body = b'{"choices":[{"message":{"content":"%b"},"finish_reason":"stop"}]}' % text.encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


class Server:
    """What the server's handlers and the test share.

    Attributes:
        url: the base URL.
        connections: how many have been opened.
        open: how many the other side has not closed yet.
        requests: the body of each request.
        heads: the request line and headers of each request, in lower case.
        over: set when the test ends.
    """

    def __init__(self) -> None:
        self.url = ""
        self.connections = 0
        self.open = 0
        self.requests: list[bytes] = []
        self.heads: list[bytes] = []
        self.over = threading.Event()

    def read_request(self, connection: socket.socket) -> bool:
        """Read one request; `False` if the other side has closed the connection."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return False
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        while len(body) < length:
            body += connection.recv(65536)
        self.heads.append(head.lower())
        self.requests.append(body)
        return True


@contextmanager
def serving(handle: Callable[[Server, socket.socket], None]) -> Iterator[Server]:
    """Serve each connection by a function, in a thread of its own; wait for all of them in the end."""
    server = Server()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            server.connections += 1
            server.open += 1
            try:
                handle(server, self.request)
            except OSError:  # the other side has gone
                pass
            finally:
                server.open -= 1

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as listener:
        listener.daemon_threads = True
        server.url = f"http://127.0.0.1:{listener.server_address[1]}/v1"
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            listener.shutdown()
            thread.join()
