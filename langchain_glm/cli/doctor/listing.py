"""Online checks that cost nothing: one `GET /models` shows whether a host is reached and whether it accepts the key."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx2

from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.catalog.models import find_model
from langchain_glm.cli.doctor.finding import Finding, first_of, with_code
from langchain_glm.errors import GLMAuthenticationError, GLMError
from langchain_glm.json import read_json
from langchain_glm.transport.clients import borrow
from langchain_glm.transport.connection_errors import error_from_http, proxy_for
from langchain_glm.transport.error_body import error_from_body
from langchain_glm.transport.timeouts import Timeout
from langchain_glm.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from langchain_glm.catalog.hosts import Host

__all__ = ["Listing", "Target", "list_models", "listing_findings"]

_TIMEOUT: Final = Timeout(connect=10.0, idle=30.0)
_CLOCK_SECONDS: Final = 300
"""How far the clocks of this machine and of a host may be apart; certificates are valid for weeks."""

_SHOWN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A host to ask.

    Args:
        host: the host, with the base URL to use.
        key: its key; `None` for a gateway that needs none.
    """

    host: Host
    key: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What came of the question for the models.

    Args:
        target: the host that was asked.
        seconds: how long the answer took.
        headers: the headers of the reply; `None` if none came.
        models: the ids that the host lists; `None` if it does not list them.
        error: why there is no list.
    """

    target: Target
    seconds: float
    headers: Mapping[str, str] | None = None
    models: tuple[str, ...] | None = None
    error: GLMError | None = None


def list_models(target: Target) -> Listing:
    """Ask a host for its models once. Whatever fails is in the result."""
    url = target.host.url_of("/models")
    headers = {"user-agent": f"langchain-zai-glm/{__version__}", "accept": "application/json"}
    if target.key:
        headers["authorization"] = f"Bearer {target.key}"
    timeout = httpx2.Timeout(_TIMEOUT.idle, connect=_TIMEOUT.connect)
    start = time.monotonic()
    try:
        with borrow(url) as client:
            response = client.get(url, headers=headers, timeout=timeout, follow_redirects=False)
    except GLMError as error:
        return Listing(target=target, seconds=time.monotonic() - start, error=error)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        failure = error_from_http(error, httpx2, url, _TIMEOUT, streamable=False)
        return Listing(target=target, seconds=time.monotonic() - start, error=failure)
    seconds = time.monotonic() - start
    models = _ids(response.content) if response.status_code == httpx2.codes.OK else None
    refusal = None
    if models is None:
        refusal = error_from_body(
            response.content,
            host=target.host,
            status=response.status_code,
            headers=response.headers,
            secrets=[target.key] if target.key else [],
        )
    return Listing(target=target, seconds=seconds, headers=response.headers, models=models, error=refusal)


def _ids(content: bytes) -> tuple[str, ...] | None:
    try:
        body: Any = read_json(content)
    except ValueError:
        return None
    entries = body.get("data") if isinstance(body, dict) else None
    if not isinstance(entries, list):
        return None
    return tuple(entry["id"] for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str))


def listing_findings(listing: Listing, now: datetime | None = None) -> Iterator[Finding]:
    """Return whether the host was reached, whether its clock agrees, whether it takes the key, and its models."""
    yield _reached(listing)
    if listing.headers is None:
        return
    yield from _clock(listing.headers, now or datetime.now(UTC))
    yield _key(listing)
    if listing.models is not None:
        yield _models(listing.models, listing.target.host)


def _reached(listing: Listing) -> Finding:
    url = listing.target.host.base_url
    proxy = proxy_for(url)
    if listing.headers is None and listing.error is not None:
        return Finding(
            status="fail",
            what="reachable",
            says=f"{listing.error.message}.",
            why="Nothing else can be asked of this host.",
            way_out=listing.error.hint or "",
        )
    encrypted = "encrypted" if urlsplit(url).scheme == "https" else "not encrypted"
    way = f"through the proxy {proxy}" if proxy else "directly"
    return Finding(
        what="reachable", says=f"{urlsplit(url).netloc} answered in {listing.seconds:.2f} s, {way}, {encrypted}."
    )


def _clock(headers: Mapping[str, str], now: datetime) -> Iterator[Finding]:
    """Compare the clock with the host's; hosts that send no date are not compared with."""
    try:
        theirs = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    apart = (now - theirs).total_seconds()
    if abs(apart) <= _CLOCK_SECONDS:
        yield Finding(what="clock", says=f"agrees with the host's, within {max(abs(apart), 1):.0f} s.")
        return
    yield Finding(
        status="warn",
        what="clock",
        says=f"{abs(apart) / 60:.0f} minutes {'ahead of' if apart > 0 else 'behind'} the host's.",
        why="Certificates may seem to be invalid, and the times at which quotas are reset are computed wrongly.",
        way_out="Set the clock of this machine, best from a time server.",
    )


def _key(listing: Listing) -> Finding:
    error, host = listing.error, listing.target.host
    if isinstance(error, GLMAuthenticationError):
        others = [
            other.name
            for other in HOSTS.values()
            if other.name != host.name and set(other.key_variables) & set(host.key_variables)
        ]
        elsewhere = (
            f" Hosts with the same variable: {', '.join(others)}; --host NAME asks one of them." if others else ""
        )
        return Finding(
            status="fail",
            what="key",
            says=f"refused: {with_code(error)}.",
            why="The host does not know the key, or it has expired.",
            way_out=f"{error.hint}{elsewhere}",
        )
    if error is not None:
        return Finding(
            status="warn",
            what="models",
            says=f"no list: {with_code(error)}, HTTP {error.status}.",
            why="Some hosts and gateways list no models, so this says nothing about the key; the chat does.",
            way_out="Look at the result of the chat.",
        )
    return Finding(what="key", says="accepted.")


def _models(ids: tuple[str, ...], host: Host) -> Finding:
    new = [model_id for model_id in ids if (found := find_model(model_id, host)) is not None and found.guessed_from]
    more = f"; newer than this version: {first_of(new, _SHOWN)}" if new else ""
    return Finding(what="models", says=f"{len(ids)} listed{more}. A host may serve models that it does not list.")
