"""Checks of the variables that hold keys: which are set, for which host, and whether the key looks right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from langchain_glm.catalog.hosts import GATEWAY, HOSTS
from langchain_glm.cli.doctor.finding import KEY_VARIABLES, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.cli.doctor.finding import Check

__all__ = ["KEY_CHECKS"]

_FORMS: Final = {
    "id.secret": re.compile(r"(?!sk-)[^.\s]+\.[^.\s]+"),
    "sk-…": re.compile(r"sk-[^.\s]+"),
}
"""What keys of each `Host.key_form` look like; a text has one of the forms at most."""

_PLACEHOLDER: Final = re.compile(
    r"(?i)^(your|my|the|some|insert|replace)[-_ ]|[-_ ]here$|changeme|^<.*>$|^\$\{?\w+\}?$|^(sk-)?[x*.…]+$"
    r"|^((api[-_]?)?key|test|todo|none)$"
)
_QUOTES: Final = "\"'`“”‘’"


def variables(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Each key variable that is set: its hosts, the form of its key, and what is wrong with it."""
    found = [name for name in KEY_VARIABLES if name in environ]
    if not found:
        yield Finding(
            status="warn",
            what="keys",
            says="No variable holds a key.",
            why="Without a key in the environment, every model needs api_key=….",
            way_out=f"Get a key, then set its variable: {'; '.join(_pages())}. Without a key: glm doctor --demo.",
        )
    for name in found:
        yield _variable(name, environ[name])


def _pages() -> list[str]:
    """Return the page for keys of each vendor, with the variable that a key is put into."""
    pages = {host.key_page: host for host in [*HOSTS.values()][::-1] if host.key_page and host.chosen_by_key}
    return [f"{host.key_variable} from {page}" for page, host in reversed(pages.items())]


def _variable(name: str, value: str) -> Finding:
    hosts = [host for host in (*HOSTS.values(), GATEWAY) if name in host.key_variables]
    owner = f"for {' and '.join(host.name for host in hosts)}" if hosts != [GATEWAY] else "for a gateway (base_url=…)"
    key = value.strip()
    form = next((form for form, pattern in _FORMS.items() if pattern.fullmatch(key)), None)
    shown = f"set, {owner}{f'; its form is {form}' if form else ''}"
    if not key:
        return Finding(
            status="warn",
            what=name,
            says=f"set, {owner}, but empty.",
            why="An empty variable counts as one that is not set.",
            way_out=f"Set {name} to the key, or unset it.",
        )
    if wrong := _mistake(key):
        return Finding(
            status="fail",
            what=name,
            says=f"{shown}; {wrong}",
            why="It is sent as it stands, so the host refuses it.",
            way_out=f"Set {name} to the key alone, as the console of the host shows it.",
        )
    if form and (expected := _expected_form(hosts)) and form != expected:
        return Finding(
            status="warn",
            what=name,
            says=f"{shown}, but keys {owner} look like {expected}.",
            why="A key of one vendor is not valid on another, so the host will refuse it.",
            way_out=_right_variable(form),
        )
    if value != key:
        return Finding(
            status="warn",
            what=name,
            says=f"{shown}; there is white space or a line end around it.",
            why="ChatGLM leaves that out, but other programs send it and are refused.",
            way_out=f"Set {name} without the white space; a file of keys often ends with a line end.",
        )
    return Finding(what=name, says=f"{shown}.")


def _mistake(key: str) -> str | None:
    """Return what makes a text no key at all, in words that do not quote it."""
    if key.lower().startswith("bearer "):
        return 'it begins with "Bearer", which is added to every request anyway.'
    if key[0] in _QUOTES or key[-1] in _QUOTES:
        return "there are quotation marks around it."
    if _PLACEHOLDER.search(key):
        return "it is a placeholder."
    if re.search(r"\s", key):
        return "there is white space or a line end in the middle of it."
    if not key.isascii() or not key.isprintable():
        return "it contains a character that no key has, perhaps one that cannot be seen."
    return None


def _expected_form(hosts: list[Host]) -> str | None:
    return next((host.key_form for host in hosts if host.key_form), None)


def _right_variable(form: str) -> str:
    names = [host.key_variable for host in HOSTS.values() if host.key_form == form and host.chosen_by_key]
    return f"If it is a key of another vendor, put it into that vendor's variable, such as {' or '.join(names)}."


def shadowed(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Variables of a host that are set but not used, because another one of the same host comes first."""
    for host in HOSTS.values():
        used, *unused = [name for name in host.key_variables if environ.get(name, "").strip()] or [""]
        for name in unused:
            if host.chosen_by_key and environ[name].strip() != environ[used].strip():
                yield Finding(
                    status="warn",
                    what=name,
                    says=f"not used for {host.name}, because {used} comes first and holds another key.",
                    why="A new key in this variable would have no effect.",
                    way_out="Unset the one that you do not need, or give ChatGLM the key as api_key=….",
                )


def shared(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Variables of different vendors that hold the same key."""
    holders: dict[str, list[Host]] = {}
    for host in HOSTS.values():
        key = host.key_from(environ)
        if key and host.chosen_by_key:
            holders.setdefault(key, []).append(host)
    for hosts in holders.values():
        if len(hosts) > 1:
            names = " and ".join(
                next(name for name in host.key_variables if environ.get(name, "").strip()) for host in hosts
            )
            yield Finding(
                status="warn",
                what="keys",
                says=f"{names} hold the same key.",
                why="A key of one host is not valid on another: Z.ai, BigModel and the gateways have their own keys.",
                way_out="Keep the key in the variable of the host that made it, and unset the other.",
            )


KEY_CHECKS: Final[tuple[Check, ...]] = (variables, shadowed, shared)
"""The checks of keys, in the order of the report."""
