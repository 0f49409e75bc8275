"""`python -m langchain_glm serve`: the test server in the foreground, for clients in other processes."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from typing import TYPE_CHECKING

from langchain_glm.catalog.hosts import HOSTS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["run"]

_MISSING = 'The test server needs starlette and uvicorn: pip install "langchain-zai-glm[testing]"'


def run(argv: Sequence[str]) -> int:
    """Serve until Ctrl-C.

    Args:
        argv: the arguments after `serve`.

    Returns:
        The exit status: 0 after Ctrl-C, 1 if the server cannot be started.

    Raises:
        SystemExit: from argparse, for bad arguments.
    """
    parser = argparse.ArgumentParser(
        prog="python -m langchain_glm serve", description="A GLM endpoint to test against."
    )
    parser.add_argument("--host", default="zai", choices=list(HOSTS), help="whose dialect to speak (default: zai)")
    parser.add_argument("--port", type=_port, default=8787, help="TCP port, 0 for a free one (default: 8787)")
    parser.add_argument("--api-key", default="test.key", help="the key to accept (default: test.key)")
    parser.add_argument(
        "--max-in-flight",
        type=int,
        default=None,
        help="requests at a time, more get 1302 (default: no limit)",
    )
    options = parser.parse_args(argv)
    try:
        from langchain_glm.testing.server import GLMServer
    except ModuleNotFoundError as error:
        if error.name not in {"starlette", "uvicorn", "h11"}:
            raise
        print(_MISSING, file=sys.stderr)
        return 1
    server = GLMServer(options.host, port=options.port, api_key=options.api_key, max_in_flight=options.max_in_flight)
    try:
        server.start()
    except OSError as error:
        print(f"Port {options.port} cannot be used: {error.strerror}", file=sys.stderr)
        return 1
    stop = threading.Event()
    # By hand: what a shell starts in the background ignores Ctrl-C, and SIGTERM raises nothing.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    print(f"base_url={server.base_url}\napi_key={server.api_key}\nCtrl-C stops it.", flush=True)
    stop.wait()
    server.stop()
    return 0


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port (0 to 65535)")
    return int(text)
