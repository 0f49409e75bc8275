"""A gateway for pages: it asks for the header `api-key` and the parameter `api-version`, as Azure's do."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_glm.testing import GLMServer

__all__ = ["KEY", "gateway"]

KEY: Final = "gateway.key"


@contextmanager
def gateway(server: GLMServer) -> Iterator[str]:
    """Run a gateway before a server.

    Yields:
        Its base URL.
    """
    target = urlsplit(server.base_url)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            versions = parse_qs(urlsplit(self.path).query).get("api-version")
            if self.headers["api-key"] != KEY or not versions or self.headers["authorization"]:
                self._answer(401, b'{"error": {"code": "401", "message": "api-key or api-version is missing"}}')
                return
            connection = HTTPConnection(target.hostname or "", target.port)
            headers = {"authorization": f"Bearer {server.api_key}", "content-type": "application/json"}
            connection.request("POST", f"{target.path}/chat/completions", body, headers)
            reply = connection.getresponse()
            self._answer(reply.status, reply.read())
            connection.close()

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_address[1]}/openai/deployments/glm-5-2"
        finally:
            running.shutdown()
            thread.join()
