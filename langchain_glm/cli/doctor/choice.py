"""Checks of the host: which one `ChatGLM` chooses without being told, and variables that change its URL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from langchain_glm.catalog.choose_host import choose_host, hosts_with_key, serves_model
from langchain_glm.catalog.hosts import GATEWAY, HOSTS
from langchain_glm.cli.doctor.finding import Finding
from langchain_glm.errors import GLMAuthenticationError, GLMValueError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from langchain_glm.cli.doctor.finding import Check

__all__ = ["CHOICE_CHECKS"]

_HOST: Final = "host"
_EVERYTHING_BEFORE: Final = "Set it to everything before /chat/completions, or unset it."


def chosen(environ: Mapping[str, str]) -> Iterator[Finding]:
    """The host of `ChatGLM(model=…)` without host, URL and key, for one model of each vendor."""
    failures: list[Finding] = []
    fine = False
    for model_id in dict.fromkeys(host.chat_model for host in HOSTS.values() if host.chosen_by_key):
        try:
            host, _ = choose_host(None, None, environ, model_id)
        except (GLMAuthenticationError, GLMValueError) as error:
            failures.append(_not_chosen(error, environ, model_id))
        else:
            fine = True
            yield Finding(what=_HOST, says=f'ChatGLM(model="{model_id}") uses host {host.name}, {host.base_url}.')
    if not fine:
        yield failures[0]
    else:
        yield from (finding for finding in failures if "keys of several hosts" in finding.says)


def _not_chosen(error: GLMAuthenticationError | GLMValueError, environ: Mapping[str, str], model_id: str) -> Finding:
    able = [host for host in hosts_with_key(environ) if serves_model(host, model_id)]
    usable = bool(able) or GATEWAY.key_from(environ) is not None
    bad_url = isinstance(error, GLMValueError) and sum(host.chosen_by_key for host in able) == 1
    return Finding(
        status="fail" if bad_url or not usable else "warn",
        what=_HOST,
        says=_shortened(error.message),
        why="Nothing says which host is meant." if usable and not bad_url else "No model can be made.",
        way_out=error.hint or ("Correct or unset the variable." if bad_url else "Name the host: host=…."),
    )


def _shortened(message: str) -> str:
    """Leave out what an invalid URL says, because it may be a key."""
    return re.sub(r"base_url='[^']*'", "the base URL from the environment", message)


def urls(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Each variable that gives a host another URL."""
    for host in HOSTS.values():
        used = False
        for name in host.url_variables:
            if not (url := environ.get(name, "")):
                continue
            yield (
                _url(name, url, host.name)
                if not used
                else Finding(
                    status="warn",
                    what=name,
                    says="not used, because another variable of the same host comes first.",
                    why="A change of it has no effect.",
                    way_out="Unset one of them.",
                )
            )
            used = True


def _url(name: str, url: str, host_name: str) -> Finding:
    if not url.startswith(("http://", "https://")):
        return Finding(
            status="fail",
            what=name,
            says="It is set, but not to a URL. It is not shown here, because it may be a key.",
            why=f"No request can be sent to host {host_name}.",
            way_out=_EVERYTHING_BEFORE,
        )
    try:
        host, warning = choose_host(host_name, None, {name: url})
    except GLMValueError as error:
        return Finding(
            status="fail",
            what=name,
            says=_shortened(error.message),
            why=f"No request can be sent to host {host_name}.",
            way_out=_EVERYTHING_BEFORE,
        )
    if warning:
        return Finding(
            status="warn",
            what=name,
            says=warning.replace("base_url=", ""),
            why=f"Host {host_name} takes its URL from this variable.",
            way_out=_EVERYTHING_BEFORE,
        )
    if host.base_url == HOSTS[host_name].base_url:
        return Finding(what=name, says=f"{host.base_url}, which is the URL of host {host_name} anyway.")
    if host.name != host_name:
        return Finding(what=name, says=f"{host.base_url}: with it, host {host_name} means {host.name}.")
    return Finding(what=name, says=f"{host.base_url} is used for host {host_name}.")


CHOICE_CHECKS: Final[tuple[Check, ...]] = (chosen, urls)
"""The checks of the host, in the order of the report."""
