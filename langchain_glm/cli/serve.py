"""`glm serve`: the embedded GLM server in the foreground, with a page of its requests and, if asked, a chat page."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.cli.endpoint import find_host, reads_images
from langchain_glm.cli.faults import HELP, drawn_fault, planned_fault
from langchain_glm.cli.main import FAILED, UNUSABLE
from langchain_glm.cli.requests_page.app import beside, requests_app
from langchain_glm.cli.requests_page.watching import Watch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.applications import Starlette

    from langchain_glm import ChatGLM
    from langchain_glm.testing import Fault, GLMServer, Reply

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `glm serve`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = HELP
    parser.add_argument(
        "--host", choices=list(HOSTS), metavar="NAME", help=f"the host to imitate: {', '.join(HOSTS)} (default: zai)"
    )
    parser.add_argument("--port", type=_port, default=8787, help="TCP port, 0 for a free one (default: 8787)")
    parser.add_argument("--api-key", default="test.key", metavar="KEY", help="the key to accept (default: test.key)")
    parser.add_argument(
        "--max-in-flight", type=int, metavar="N", help="most requests in flight; more get 1302 (default: no limit)"
    )
    parser.add_argument(
        "--fault",
        type=planned_fault,
        action="append",
        default=[],
        metavar="NAME",
        help="let chat requests fail; see the list below",
    )
    parser.add_argument("--chat", action="store_true", help="serve a chat page too, at /chat/ (needs langchain)")
    parser.add_argument(
        "--live", action="store_true", help="let the chat page ask the real host, with your key (answers cost money)"
    )
    parser.add_argument("--model", help="the model of the chat page (default: chosen by host)")


def run(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C.

    Returns:
        The exit status: 0 after Ctrl-C, 1 if the server cannot be started, 2 if something has to be set up first.

    Raises:
        GLMError: if the chat page is to ask the real host, and no key says which one.
    """
    from langchain_glm.testing import GLMServer

    if not options.chat and (options.live or options.model):
        return _refuse("--live and --model are for the chat page: add --chat.")
    watch = Watch(options.api_key)
    pages = requests_app(watch, lambda: _about(server, options))
    server = GLMServer(
        options.host or "zai",
        port=options.port,
        api_key=options.api_key,
        max_in_flight=options.max_in_flight,
        replies=[planned.fault for planned in options.fault if planned.share is None],
        answer=lambda body: _answer(body, options),
        middleware=lambda app: beside(watch.wrap(app), pages),
    )
    try:
        server.start()
    except OSError as error:
        print(f"Port {options.port} cannot be used: {error.strerror}", file=sys.stderr)
        return FAILED
    try:
        if options.chat and (problem := _add_chat(pages, server, options)):
            return _refuse(problem)
        _wait(server, options)
    finally:
        watch.close()
        server.stop()
    return 0


def _refuse(problem: str) -> int:
    print(problem, file=sys.stderr)
    return UNUSABLE


def _answer(body: Mapping[str, Any], options: argparse.Namespace) -> Reply | Fault | None:
    if fault := drawn_fault(options.fault):
        return fault
    if not options.chat:
        return None
    from langchain_glm.cli.chat_demo import prepared_reply

    return prepared_reply(body)


def _about(server: GLMServer, options: argparse.Namespace) -> dict[str, Any]:
    host = HOSTS[server.host]
    return {
        "host": host.name,
        "base_url": server.base_url,
        "key_variable": host.key_variable,
        "model": host.chat_model,
        "chat": "chat/" if options.chat else "",
    }


def _add_chat(pages: Starlette, server: GLMServer, options: argparse.Namespace) -> str | None:
    """Add the chat page; return why it cannot be added."""
    from langchain_glm import ChatGLM

    try:
        from langchain_glm.cli.chat_demo import EXAMPLES, make_agent
        from langchain_glm.cli.chat_page import chat_app
    except ImportError as error:
        if str(error.name).partition(".")[0] not in ("langchain", "langgraph"):
            raise
        return 'glm serve --chat needs LangChain: pip install "langchain>=1.3"'
    model = ChatGLM(thinking=True, **_model_settings(server, options))
    note = _note(model, options)
    images = reads_images(model.model, model.endpoint_host)
    pages.mount("/chat", chat_app(make_agent(model), note=note, examples=EXAMPLES, images=images))
    return None


def _model_settings(server: GLMServer, options: argparse.Namespace) -> dict[str, Any]:
    """Return the settings of the chat page's model.

    Raises:
        GLMAuthenticationError: if it is live, and there is no key; it says where to get one.
        GLMValueError: if it is live, and there are keys of several hosts.
    """
    if options.live:
        host = find_host(options.host, None, os.environ, options.model)
        return {"host": host, "model": options.model or host.chat_model}
    name = options.model or HOSTS[server.host].image_model
    return {"host": server.host, "model": name, "base_url": server.base_url, "api_key": server.api_key}


def _note(model: ChatGLM, options: argparse.Namespace) -> str:
    if options.live:
        return f"{model.model} at {model.endpoint_host.base_url}"
    return "A demo without a key: rules answer here, not a model."


def _wait(server: GLMServer, options: argparse.Namespace) -> None:
    stop = threading.Event()
    # Own handlers, because background jobs of a shell ignore Ctrl-C, and SIGTERM raises no exception.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    url = "/".join(server.base_url.split("/")[:3])
    lines = [f"base_url={server.base_url}", f"api_key={server.api_key}", f"page={url}/"]
    if options.chat:
        lines.append(f"chat={url}/chat/")
    if options.live:
        lines.append("The chat page asks the real host with your key; its answers cost money.")
    print("\n".join([*lines, "Press Ctrl-C to stop."]), flush=True)
    stop.wait()


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return int(text)
