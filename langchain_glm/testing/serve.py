"""`glm serve`: the test server in the foreground, for clients in other processes."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from langchain_glm.catalog.hosts import HOSTS

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `glm serve`."""
    parser.add_argument("--host", default="zai", choices=list(HOSTS), help="the host to imitate (default: zai)")
    parser.add_argument("--port", type=_port, default=8787, help="the TCP port, or 0 for a free one (default: 8787)")
    parser.add_argument("--api-key", default="test.key", help="the key to accept (default: test.key)")
    parser.add_argument(
        "--max-in-flight",
        type=int,
        default=None,
        help="maximum number of requests in flight; others get 1302 (default: no limit)",
    )


def run(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C.

    Returns:
        The exit status: 0 after Ctrl-C, 1 if the server cannot be started.
    """
    from langchain_glm.testing import GLMServer

    server = GLMServer(options.host, port=options.port, api_key=options.api_key, max_in_flight=options.max_in_flight)
    try:
        server.start()
    except OSError as error:
        print(f"Port {options.port} cannot be used: {error.strerror}", file=sys.stderr)
        return 1
    stop = threading.Event()
    # Own handlers, because background jobs of a shell ignore Ctrl-C, and SIGTERM raises no exception.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    print(f"base_url={server.base_url}\napi_key={server.api_key}\nPress Ctrl-C to stop.", flush=True)
    stop.wait()
    server.stop()
    return 0


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return int(text)
