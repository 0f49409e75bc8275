"""The server: a GLM endpoint on the loopback interface, in a thread of this process."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from langchain_glm.catalog.hosts import CHAT, HOSTS, Host
from langchain_glm.testing.app import make_app
from langchain_glm.testing.endpoints import ENDPOINTS, LIBRARY_ENDPOINTS
from langchain_glm.testing.faults import Fault
from langchain_glm.testing.ledger import Ledger, RecordedRequest
from langchain_glm.testing.library import Library
from langchain_glm.testing.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from starlette.types import ASGIApp

    from langchain_glm.testing.sending import Transports

__all__ = ["GLMServer"]

_LOOPBACK = "127.0.0.1"
_ROUNDS_TO_ACCEPT = 5  # the maximum number of rounds of the event loop that this takes
_SHUTDOWN_SECONDS = 2.0  # seconds for answers to end when the server goes down


class GLMServer:
    """A GLM endpoint for tests that is as strict as the real one.

    It refuses what the host refuses, with the same status and business code, ignores what the host ignores, and fails
    in the same ways. Queued replies are used in order. When the queue is empty, the parrot answers: a small model made
    of rules, which calls tools if the user asks for them, fills in JSON, and otherwise repeats what the user said.

    Args:
        host: the host to imitate: a name from `langchain_glm.HOSTS`, or a `Host` of your own.
        port: the TCP port; 0 chooses a free one.
        api_key: the only key that is accepted.
        replies: replies to queue from the beginning.
        max_in_flight: the maximum number of requests in flight, where a stream counts until it ends; further requests
            are refused with HTTP 429 and code 1302. Default: no limit.
        has_balance: whether the account has money left. Without it, GLM refuses every request with code 1113 before
            it looks at the request.
        keep_alive: seconds after which an idle connection is closed.
        web: the pages and files on the web: URL → the HTML of a page, or the bytes of a PDF or an image. At any other
            URL, the endpoint finds a short page that is made from the URL.
        knowledge: the knowledge bases: id → name of a document → its text. An empty line begins another passage.
        answer: a function of the body of a chat request that gives the reply, or the fault, if none is queued. After
            `None`, the parrot answers.
        middleware: a function that wraps the server's ASGI application, to watch what comes and goes, or to serve pages
            beside the endpoint.

    Raises:
        ValueError: if the host is unknown.
        OSError: from `start`, if the port is taken.

    Example:
        ```python
        with GLMServer(replies=[Reply("Hello!")]) as server:
            model = ChatGLM(host="zai", base_url=server.base_url, api_key=server.api_key)
            model.invoke("Hi")
        assert server.requests[0].body["messages"] == [{"role": "user", "content": "Hi"}]
        ```
    """

    def __init__(
        self,
        host: str | Host = "zai",
        *,
        port: int = 0,
        api_key: str = "test.key",
        replies: Sequence[Reply | Fault] = (),
        max_in_flight: int | None = None,
        has_balance: bool = True,
        keep_alive: float = 5.0,
        web: Mapping[str, str | bytes] | None = None,
        knowledge: Mapping[str, Mapping[str, str]] | None = None,
        answer: Callable[[Mapping[str, Any]], Reply | Fault | None] | None = None,
        middleware: Callable[[ASGIApp], ASGIApp] | None = None,
    ) -> None:
        if isinstance(host, str) and host not in HOSTS:
            raise ValueError(f"host={host!r} is unknown. Give one of {', '.join(HOSTS)}.")
        self._host = HOSTS[host] if isinstance(host, str) else host
        self.api_key = api_key
        self._port = port
        self._keep_alive = keep_alive
        self._middleware = middleware
        library = Library(web or {}, knowledge or {})
        self._ledger = Ledger(max_in_flight, has_balance=has_balance, library=library, answer=answer)
        self.queue(*replies)
        self._runner: _Runner | None = None

    def __enter__(self) -> Self:
        """Start the server."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the server."""
        self.stop()

    def start(self) -> Self:
        """Start the server; it is ready when this returns."""
        if self._runner is None:
            make = partial(make_app, self._host, self.api_key, self._ledger)
            self._runner = _Runner(make, self._middleware, self._port, self._keep_alive)
            self._port = self._runner.port
        return self

    def stop(self) -> None:
        """Stop the server: open streams are closed, and the thread and the sockets have ended when this returns."""
        runner, self._runner = self._runner, None
        if runner:
            runner.stop()

    @property
    def host(self) -> str:
        """The name of the host that is imitated."""
        return self._host.name

    @property
    def base_url(self) -> str:
        """The URL to give to a client; its path is that of the real host.

        Raises:
            RuntimeError: if the server was never started.
        """
        if not self._port:
            raise RuntimeError("the server has no port before start(); use it as a context manager")
        return f"http://{_LOOPBACK}:{self._port}{urlsplit(self._host.base_url).path}"

    @property
    def mcp_url(self) -> str:
        """The base URL of the host's MCP servers, for `zai_servers(base_url=…)`.

        Raises:
            RuntimeError: if the server was never started, or the host has no MCP servers.
        """
        url = self._host.mcp_url
        if url is None:
            raise RuntimeError(f"host {self.host!r} has no MCP servers")
        return self.base_url.removesuffix(urlsplit(self._host.base_url).path) + urlsplit(url).path

    @property
    def requests(self) -> list[RecordedRequest]:
        """The requests so far, including refused ones, the oldest first."""
        return self._ledger.requests

    @property
    def in_flight(self) -> int:
        """How many requests are being answered now."""
        return self._ledger.in_flight

    @property
    def peak_in_flight(self) -> int:
        """The highest number of requests that were answered at the same time."""
        return self._ledger.peak_in_flight

    def queue(self, *replies: Reply | Fault, path: str = CHAT) -> None:
        """Add replies or faults, which are used in order before the server makes its own. Any thread may call this.

        Args:
            replies: the answers to the next requests. Endpoints other than chat accept only faults; with `Fault.json(…,
                status=200)` you can script an answer of theirs.
            path: the endpoint, such as `"/embeddings"`.

        Raises:
            TypeError: if an argument is neither a `Reply` nor a `Fault`.
            ValueError: if the endpoint does not accept a reply or this kind of fault, or if there is no such endpoint.
        """
        if path not in {CHAT, *(known for _, known in (*ENDPOINTS, *LIBRARY_ENDPOINTS))}:
            raise ValueError(f"path={path!r} is no endpoint of the server")
        for reply in replies:
            if not isinstance(reply, Reply | Fault):
                raise TypeError(f"queue() accepts Reply and Fault, not {type(reply).__name__}")
            if path != CHAT and (isinstance(reply, Reply) or reply.needs_chat):
                raise ValueError(f"{path} cannot answer with {reply}")
        self._ledger.queue(replies, path)

    def clear_queue(self) -> list[Reply | Fault]:
        """Remove the queued replies that were not used and return them, the next one first."""
        return self._ledger.clear_queue()


class _Runner:
    """One run of uvicorn in a thread."""

    def __init__(
        self,
        make: Callable[[Transports, asyncio.Event], ASGIApp],
        middleware: Callable[[ASGIApp], ASGIApp] | None,
        port: int,
        keep_alive: float,
    ) -> None:
        # With this protocol, asyncio sends small writes immediately; else each answer waits 40 ms for an ACK.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((_LOOPBACK, port))
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        transports: Transports = {}
        self._stopping = asyncio.Event()
        app = make(transports, self._stopping)
        config = uvicorn.Config(
            middleware(app) if middleware else app,
            http=_protocol(transports),
            ws="none",
            loop="asyncio",
            lifespan="off",
            timeout_keep_alive=keep_alive,  # type: ignore[arg-type]  # it is passed to asyncio, which accepts fractions
            log_config=None,
            log_level=logging.CRITICAL,
            access_log=False,
            server_header=False,
            date_header=False,
        )
        self._server = _Uvicorn(config, transports, self._stopping)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="glm-server", daemon=True)
        self._thread.start()
        self._server.ready.wait()

    def stop(self) -> None:
        loop = self._server.loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._socket.close()


class _Uvicorn(uvicorn.Server):
    """Uvicorn that signals when it is ready and stops immediately; its own loop checks only every tenth of a second."""

    def __init__(self, config: uvicorn.Config, transports: Transports, stopping: asyncio.Event) -> None:
        super().__init__(config)
        self._transports = transports
        self.ready = threading.Event()
        self.loop: asyncio.AbstractEventLoop | None = None
        self._stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        try:
            await super().startup(sockets)
        finally:
            self.ready.set()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self._stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for _ in range(_ROUNDS_TO_ACCEPT):  # asyncio leaves a connection open whose server closes while it is accepted
            await asyncio.sleep(0)
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        tasks = set(self.server_state.tasks)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_SHUTDOWN_SECONDS)
            for task in late:
                task.cancel()
        for transport in list(self._transports.values()):
            transport.abort()
        await asyncio.sleep(0)  # closed transports report their end in the loop's next round
        for server in self.servers:
            await server.wait_closed()


def _protocol(transports: Transports) -> type[asyncio.Protocol]:
    """Return an HTTP protocol that registers its connections, so that a fault can close one."""

    class RegisteringProtocol(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._address = tuple(transport.get_extra_info("peername"))
            transports[self._address] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            transports.pop(self._address, None)
            super().connection_lost(exc)

    return RegisteringProtocol
