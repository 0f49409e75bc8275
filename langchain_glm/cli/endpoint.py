"""The model that a command talks to: host, model and settings from the arguments, or the embedded server (`--demo`)."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.catalog.choose_host import choose_host, missing_key_error, serves_model
from langchain_glm.catalog.hosts import GATEWAY, HOSTS
from langchain_glm.catalog.models import EFFORTS, find_model
from langchain_glm.errors import GLMAuthenticationError, GLMValueError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.chat_models import ChatGLM

__all__ = [
    "add_model_arguments",
    "connection",
    "embedded_server",
    "find_host",
    "make_model",
    "model_settings",
    "reads_images",
]

_DEMO: Final = """\
--demo: a GLM server inside this program answers, by a few rules.
For answers of a model, set {variable} to a key from
{page}
"""


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that choose the host, the model and its settings."""
    parser.add_argument(
        "--host",
        choices=list(HOSTS),
        metavar="NAME",
        help=f"who answers: {', '.join(HOSTS)} (default: the host whose key is set)",
    )
    parser.add_argument("--base-url", metavar="URL", help="another URL of the host, or a gateway of your own")
    parser.add_argument("-m", "--model", help="the model, for example glm-5.2 (default: chosen by host)")
    parser.add_argument(
        "--effort", choices=EFFORTS, metavar="LEVEL", help=f"how long the model thinks: {', '.join(EFFORTS)}"
    )
    parser.add_argument(
        "--think", dest="thinking", action="store_const", const=True, help="think before answering, if the model can"
    )
    parser.add_argument(
        "--no-think", dest="thinking", action="store_const", const=False, help="answer without thinking, if it can"
    )
    parser.add_argument("--search", action="store_true", help="let the model search the web")
    parser.add_argument("--demo", action="store_true", help="ask a GLM server inside this program; needs no key")


@contextmanager
def connection(options: argparse.Namespace, saved_host: str | None = None) -> Iterator[dict[str, Any]]:
    """Choose the endpoint.

    Args:
        options: the arguments of `add_model_arguments`.
        saved_host: the host of the conversation that goes on; an argument takes precedence.

    Returns:
        A context that yields ChatGLM's `host`, a `Host`, and with `--demo` its `api_key`. The embedded server runs
        until its end.

    Raises:
        GLMAuthenticationError: if there is no key; it says where to get one.
        GLMValueError: if there are keys of several hosts, or the URL is not valid.
    """
    name = options.host or (None if options.base_url else saved_host)
    if options.demo:
        with embedded_server(name or "zai") as settings:
            host: Host = settings["host"]
            print(_DEMO.format(page=host.key_page or host.name, variable=host.key_variable), file=sys.stderr)
            yield settings
        return
    yield {"host": find_host(name, options.base_url, os.environ, options.model)}


@contextmanager
def embedded_server(name: str) -> Iterator[dict[str, Any]]:
    """Run a GLM server until the end of the context, which yields ChatGLM's `host` and `api_key` for it.

    Args:
        name: the name of the host to imitate.
    """
    from langchain_glm.testing import GLMServer

    with GLMServer(name) as server:
        known = HOSTS[name]
        host = replace(known, base_url=server.base_url, mcp_url=known.mcp_url and server.mcp_url)
        yield {"host": host, "api_key": server.api_key}


def find_host(name: str | None, base_url: str | None, environ: Mapping[str, str], model: str | None) -> Host:
    """Return the host that answers; see `connection` for the errors."""
    try:
        host, warning = choose_host(name, base_url, environ, model)
    except GLMAuthenticationError as error:
        raise GLMAuthenticationError(error.message, hint=_how_to_get_a_key(list(HOSTS.values()))) from None
    except GLMValueError as error:
        if name is None and base_url is None:
            raise GLMValueError(f"{error}\nOn the command line: --host NAME.") from None
        raise
    if warning:
        print(warning, file=sys.stderr)
    if host.key_from(environ) is None and host.name != GATEWAY.name:
        raise GLMAuthenticationError(missing_key_error(host, environ=environ).message, hint=_how_to_get_a_key([host]))
    return host


def _how_to_get_a_key(hosts: list[Host]) -> str:
    """Return where each host has its keys and which variable is for them, and how to go on without one."""
    pages: dict[str, Host] = {}
    for host in hosts:
        pages.setdefault(host.key_page or host.name, host)
    known = [host for host in pages.values() if host.key_page or len(hosts) == 1]
    lines = [f"  {host.name:<9} {host.key_variable:<16} {host.key_page}".rstrip() for host in known]
    return "\n".join(
        [
            "Get a key and put it into the variable of its host:",
            *lines,
            f"For example: {_set_variable(known[0].key_variable)}",
            "Without a key, --demo asks a GLM server inside this program.",
        ]
    )


def _set_variable(name: str) -> str:
    return f"setx {name} YOUR_KEY" if os.name == "nt" else f"export {name}=YOUR_KEY"


def model_settings(
    options: argparse.Namespace, settings: dict[str, Any], *, saved_model: str = "", images: bool = False
) -> dict[str, Any]:
    """Return the settings for `make_model`: what `connection` yielded, and the model, thinking and search.

    Args:
        options: the arguments of `add_model_arguments`.
        settings: what `connection` yielded.
        saved_model: the model of the conversation that goes on.
        images: whether the question has images; then a model that reads images is the default.
    """
    host: Host = settings["host"]
    model = options.model or (saved_model if serves_model(host, saved_model) else "") or host.chat_model
    if images and not options.model and not reads_images(model, host):
        model = host.image_model
    return {
        **settings,
        "model": model,
        "thinking": options.thinking,
        "reasoning_effort": options.effort,
        "web_search": options.search or None,
    }


def reads_images(model: str, host: Host) -> bool:
    """Whether a model reads images, as far as is known."""
    traits = find_model(model, host)
    return traits is None or "image" in traits.inputs


def make_model(settings: dict[str, Any]) -> tuple[ChatGLM, list[Any]]:
    """Make the model, and the tools that its search needs: none on GLM's hosts, Kimi's own tool on Kimi's."""
    from langchain_glm import ChatGLM, KimiWebSearch

    model = ChatGLM(**{**settings, "web_search": None})
    if not settings.get("web_search"):
        return model, []
    if model.endpoint_host.glm_tools:
        return ChatGLM(**settings), []
    can_switch = model.traits is not None and model.traits.thinking == "toggle"
    return (model.model_copy(update={"thinking": False}) if can_switch else model), [KimiWebSearch()]
