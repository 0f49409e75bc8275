"""Checks of the way to a host: proxies and certificates, as the environment names them."""

from __future__ import annotations

import re
import ssl
from importlib.metadata import requires
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx2

from langchain_glm.catalog.choose_host import hosts_with_key
from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.cli.doctor.finding import Finding
from langchain_glm.cli.doctor.packages import installed_version
from langchain_glm.errors import GLMConnectionError
from langchain_glm.transport import clients
from langchain_glm.transport.connection_errors import proxy_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from langchain_glm.cli.doctor.finding import Check

__all__ = ["NETWORK_CHECKS"]

_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_USER: Final = re.compile(r"(?<=//)[^/]*@|^[^/]*@")
_OTHERS_CERTIFICATES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
"""Variables in which other programs look for certificates."""


def proxies(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Each proxy variable: whether a proxy of this kind can be used. Passwords are not shown."""
    for name in _PROXIES:
        upper, lower = environ.get(name, ""), environ.get(name.lower(), "")
        if upper and lower and upper != lower:
            yield Finding(
                status="warn",
                what=name,
                says=f"not used, because {name.lower()} is set to another proxy.",
                why="The name in small letters has precedence.",
                way_out="Set both to the same proxy, or unset one.",
            )
        if lower or upper:
            yield _proxy(name.lower() if lower else name, lower or upper)
    if bypass := environ.get("no_proxy") or environ.get("NO_PROXY"):
        yield Finding(what="NO_PROXY", says=bypass)


def _proxy(name: str, url: str) -> Finding:
    shown = _USER.sub("**********@", url)
    problem = _proxy_problem(url)
    if problem:
        return Finding(
            status="fail",
            what=name,
            says=f"{shown} {problem[0]}",
            why="No request through this proxy can be sent.",
            way_out=problem[1],
        )
    if "://" not in url:
        return Finding(
            status="warn",
            what=name,
            says=f"{shown} has no scheme; it is taken to be http://{shown}.",
            why="Other programs may refuse it or take it to be something else.",
            way_out=f"Set {name} to the whole URL, such as http://proxy.example:3128.",
        )
    return Finding(what=name, says=f"{shown}")


def _proxy_problem(url: str) -> tuple[str, str] | None:
    """Return what is wrong with a proxy's URL, and the way out."""
    whole = url if "://" in url else f"http://{url}"
    whole_url = "Set it to a URL such as http://proxy.example:3128 or socks5://proxy.example:1080."
    try:
        proxy = httpx2.Proxy(whole)
    except (ValueError, httpx2.InvalidURL):  # the text may hold the password
        return "is not the URL of a proxy.", whole_url
    if not proxy.url.host:
        return "names no server.", whole_url
    if proxy.url.scheme.startswith("socks") and find_spec("socksio") is None:
        return "is a SOCKS proxy, which needs a package that is not installed.", 'pip install "httpx2[socks]"'
    return None


def routes(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Whether each host that has a key is reached directly or through a proxy."""
    for host in hosts_with_key(environ) or [HOSTS["zai"], HOSTS["bigmodel"]]:
        url = host.url_from(environ) or host.base_url
        proxy = proxy_for(url)
        yield Finding(
            what="route",
            says=f"to {host.name}: {urlsplit(url).netloc}, {f'through the proxy {proxy}' if proxy else 'directly'}.",
        )


def certificates(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Which certificates are trusted, and whether they can be read."""
    try:
        with clients.borrow(HOSTS["zai"].base_url):
            pass
    except GLMConnectionError as error:
        if "proxy" not in error.message:  # `proxies` has reported it
            yield Finding(
                status="fail",
                what="certificates",
                says=f"{error.message}.",
                why="No encrypted connection can be made.",
                way_out=error.hint or "",
            )
            return
    named = next((name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if environ.get(name)), None)
    if named == "SSL_CERT_DIR" and not Path(environ[named]).is_dir():
        yield Finding(
            status="fail",
            what="certificates",
            says=f"{named} names {environ[named]}, which is no folder.",
            why="No certificate is trusted, so no encrypted connection can be made.",
            way_out=f"Correct or unset {named}.",
        )
    elif named:
        yield Finding(what="certificates", says=f"those of {named}: {environ[named]}")
    else:
        yield _default_certificates()
        yield from _meant_for_others(environ)


def _default_certificates() -> Finding:
    from_system = any("truststore" in text for text in requires("httpcore2") or ())
    if not from_system:
        return Finding(what="certificates", says=f"those of certifi {installed_version('certifi')}")
    context = httpx2.create_ssl_context()
    folder = ssl.get_default_verify_paths().openssl_capath
    if type(context) is ssl.SSLContext and not context.cert_store_stats()["x509_ca"] and not Path(folder).is_dir():
        return Finding(
            status="fail",
            what="certificates",
            says="this system has none.",
            why="No certificate is trusted, so no encrypted connection can be made.",
            way_out="Install the system's package ca-certificates, or set SSL_CERT_FILE to a file of certificates.",
        )
    return Finding(what="certificates", says="those of the system")


def _meant_for_others(environ: Mapping[str, str]) -> Iterator[Finding]:
    for name in _OTHERS_CERTIFICATES:
        if environ.get(name):
            yield Finding(
                status="warn",
                what=name,
                says=f"{environ[name]} is not read by this package.",
                why="If your network has its own certificate authority, requests fail although other programs work.",
                way_out="Set SSL_CERT_FILE to the same file.",
            )


NETWORK_CHECKS: Final[tuple[Check, ...]] = (proxies, routes, certificates)
"""The checks of the way to a host, in the order of the report."""
