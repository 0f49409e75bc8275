"""Choose the endpoint: by its name, by a URL, or by the key in the environment."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from langchain_glm.catalog.hosts import CHAT, GATEWAY, HOSTS, Host
from langchain_glm.errors import GLMAuthenticationError, GLMValueError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["check_serves", "choose_host", "host_of_key", "hosts_with_key", "missing_key_error", "serves_model"]

_COMPANIES: Final = (
    (("zai", "zai-coding", "bigmodel", "bigmodel-coding"), ("glm-", "charglm-", "codegeex-", "autoglm-", "emohaa")),
    (("kimi", "kimi-cn"), ("kimi-", "moonshot-")),
)
"""For each company, its hosts, which serve only its own models, and the prefixes of those models' ids. A gateway may
serve any model. Source: the companies' lists of models, 2026-10."""


def choose_host(
    name: str | Host | None = None,
    base_url: str | None = None,
    environ: Mapping[str, str] = os.environ,
    model: str | None = None,
    *,
    path: str = CHAT,
    key_given: bool = False,
) -> tuple[Host, str | None]:
    """Choose the endpoint.

    Args:
        name: a key of `HOSTS`; or a `Host` that the user defined; or `None`.
        base_url: a URL that the user gave. With `name` it only replaces the URL; alone it also selects the host.
        environ: the environment variables, for a key that selects the host and for a URL.
        model: the id of the model. A key of a company that does not serve it selects no host.
        path: the path that is needed. A key of a host that does not serve it selects no host.
        key_given: whether the user gave a key, which does not say which host it is for.

    Returns:
        The host, with the `base_url` to use, and the text of a warning (or `None`).

    Raises:
        GLMValueError: if the name is unknown, the URL is not valid, or keys of several hosts are in the environment.
        GLMAuthenticationError: if nothing selects a host.

    Example:
        ```python
        host, warning = choose_host(None, None, {"ZAI_API_KEY": "k", "MOONSHOT_API_KEY": "l"}, "glm-5.2")
        host.name  # "zai"
        ```
    """
    if isinstance(name, Host):
        url, warning = _check_url(name.base_url if base_url is None else base_url)
        return replace(name, base_url=url), warning
    if name is not None and name not in HOSTS:
        raise GLMValueError(f"host={name!r} is unknown. Give one of {', '.join(HOSTS)}; or give base_url=….")
    if name is None and base_url is not None:
        url, warning = _check_url(base_url)
        return replace(_host_by_url(url), base_url=url), warning
    host = HOSTS[name] if name is not None else _host_by_key(environ, model, path, key_given=key_given)
    url, warning = _check_url(host.url_from(environ) or host.base_url if base_url is None else base_url)
    # A variable such as ZAI_BASE_URL may hold the URL of the company's other plan, which is a different host.
    other_plan = HOSTS.get(host.other_plan or "")
    if other_plan and other_plan.base_url == url:
        if base_url is None and host.may_serve(path) and not other_plan.may_serve(path):
            url = host.base_url  # the variable is meant for chat
        else:
            host = other_plan
    return replace(host, base_url=url), warning


def host_of_key(name: str) -> str | None:
    """Return the host that the name of a key selects.

    Args:
        name: a keyword or a variable.

    Example:
        ```python
        host_of_key("zhipuai_api_key")  # "bigmodel"
        ```
    """
    hosts = (host for host in HOSTS.values() if host.chosen_by_key)
    return next((host.name for host in hosts if name.upper() in host.key_variables), None)


def missing_key_error(host: Host, path: str = CHAT, environ: Mapping[str, str] = os.environ) -> GLMAuthenticationError:
    """Make the exception for a host without a key.

    Args:
        host: the host that was chosen.
        path: the path that is needed; hosts that have a key but do not serve it are named.
        environ: the environment variables.

    Returns:
        The exception, not raised; its hint says where to put the key, and where to get one.
    """
    others = [known for known in hosts_with_key(environ) if not known.may_serve(path)]
    unusable = f" The keys of {_with_variables(others, environ)} cannot be used: these hosts do not serve {path}."
    source = f" You get a key at {host.key_page}" if host.key_page else ""
    return GLMAuthenticationError(
        f"There is no key for host {host.name!r}.{unusable if others else ''}",
        hint=f"Set the environment variable {' or '.join(host.key_variables)}, or give api_key=….{source}",
    )


def check_serves(host: Host, path: str) -> None:
    """Check that a host serves a path.

    Args:
        host: the host that was chosen.
        path: the path that is needed.

    Raises:
        GLMValueError: if the host is known not to serve it.
    """
    if not host.may_serve(path):
        able = [known for known in HOSTS.values() if known.serves and path in known.serves]
        raise GLMValueError(
            f"host {host.name!r} does not serve {path}. Give the name and the key of a host that does: "
            f"{_with_variables(able, {})}."
        )


_URL: Final = re.compile(r"https?://[^\s/?#\\\x00-\x20\x7f]+?(:\d{1,5})?(/[^\s?#\x00-\x20\x7f]*)?")
_USER: Final = re.compile(r"(^|//)[^/?#]*@")
_LOOPBACK: Final = re.compile(r"localhost|.+\.localhost|127(\.\d{1,3}){3}|::1")


def _check_url(url: str) -> tuple[str, str | None]:
    """Return the URL without the path of the endpoint, and the text of a warning (or `None`)."""
    if _USER.search(url):  # the client would send it instead of the key, and the URL is shown in places
        raise GLMValueError("base_url contains a user name or password; give api_key=… or default_headers=… instead.")
    shown_url = re.split(r"[?#]", url)[0]  # the rest may be a key
    if not url.startswith(("http://", "https://")):
        raise GLMValueError(f"base_url={shown_url!r} must begin with https://, or with http:// for your own server.")
    try:
        parts = urlsplit(url)
        valid = _URL.fullmatch(url) and parts.port != 0
    except ValueError:  # a port above 65535, or half an IPv6 address
        valid = False
    if not valid:
        raise GLMValueError(f"base_url={shown_url!r} must be a host and a path, without spaces, line breaks, ? or #.")
    url = url.rstrip("/").removesuffix("/chat/completions").rstrip("/")
    for host in HOSTS.values():
        if url in host.wrong_urls:
            return (
                host.base_url,
                f"base_url={url} does not exist; {host.base_url} (host={host.name!r}) is used instead.",
            )
    name = parts.hostname or ""
    if parts.scheme == "http" and not _LOOPBACK.fullmatch(name):
        return url, f"base_url={url} is not encrypted, so others on the network can read the key. Use https://."
    return url, None


def _host_by_url(url: str) -> Host:
    """Return the host on the URL's server whose path shares the longest prefix with the URL's path."""
    server, *path = _segments(url)
    same_server = [host for host in HOSTS.values() if _segments(host.base_url)[0] == server]

    def common(host: Host) -> int:
        pairs = zip(path, _segments(host.base_url)[1:], strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

    return max(same_server, key=common, default=GATEWAY)


def _segments(url: str) -> list[str]:
    parts = urlsplit(url)
    return [parts.netloc.lower(), *parts.path.strip("/").split("/")]


def _host_by_key(environ: Mapping[str, str], model: str | None, path: str, *, key_given: bool) -> Host:
    """Return the one host that has its key in the environment and may serve the model and the path."""
    selectable = [host for host in HOSTS.values() if host.chosen_by_key]
    with_key = hosts_with_key(environ)
    able = [host for host in with_key if host.may_serve(path) and serves_model(host, model)]
    found = [host for host in able if host.chosen_by_key]
    if len(found) == 1:
        return found[0]
    if found:
        raise GLMValueError(
            f"The environment holds keys of several hosts: {_with_variables(found, environ)}. Choose one with host=…."
        )
    if key_given:
        raise GLMAuthenticationError(
            "A key is given, but it does not say which host it is for.",
            hint=f"Give host=… (one of {', '.join(HOSTS)}) or base_url=….",
        )
    if able:
        raise GLMAuthenticationError(
            f"The environment holds no key that selects a host, only {_with_variables(able, environ)}.",
            hint=f"Give host={able[0].name!r}: a coding plan is used only if it is named.",
        )
    if with_key:
        needed = path if path != CHAT else model
        message = (
            f"The environment holds no key for a host that serves {needed}, only {_with_variables(with_key, environ)}."
        )
    elif GATEWAY.key_from(environ):
        message = f"{GATEWAY.key_variable} is set, but it does not say which host its key is for."
    else:
        message = "No host is given, and no key is in the environment."
    usable = [host for host in selectable if host.may_serve(path) and serves_model(host, model)]
    raise GLMAuthenticationError(
        message,
        hint=f"Set one of {_with_variables(usable, {})}; or give api_key=… with host=… (one of {', '.join(HOSTS)}) "
        "or base_url=….",
    )


def hosts_with_key(environ: Mapping[str, str]) -> list[Host]:
    """Return the hosts whose key is in the environment; a plan's key is only in a variable that no other host has.

    Args:
        environ: the environment variables.

    Example:
        ```python
        [host.name for host in hosts_with_key({"ZAI_API_KEY": "k"})]  # ["zai"]
        ```
    """
    selecting = {variable for host in HOSTS.values() if host.chosen_by_key for variable in host.key_variables}

    def has_key(host: Host) -> bool:
        own = (variable for variable in host.key_variables if host.chosen_by_key or variable not in selecting)
        return any(environ.get(variable, "").strip() for variable in own)

    return [host for host in HOSTS.values() if has_key(host)]


def _with_variables(hosts: list[Host], environ: Mapping[str, str]) -> str:
    """List the hosts as text, each preceded by the environment variable for its key."""
    named = ((next(filter(environ.get, host.key_variables), host.key_variable), host.name) for host in hosts)
    return ", ".join(f"{variable} ({name})" for variable, name in named)


def serves_model(host: Host, model: str | None) -> bool:
    """Whether a host may serve a model: a company's hosts serve only its own models; a gateway may serve any.

    Args:
        host: the host.
        model: the id of the model; any host may serve `None`.

    Example:
        ```python
        serves_model(HOSTS["kimi"], "glm-5.2")  # False
        ```
    """
    plain_id = (model or "").rsplit("/", 1)[-1].lower()
    maker_hosts = next((hosts for hosts, prefixes in _COMPANIES if plain_id.startswith(prefixes)), None)
    company_hosts = next((hosts for hosts, _ in _COMPANIES if host.name in hosts), None)
    return maker_hosts is None or company_hosts is None or maker_hosts == company_hosts
