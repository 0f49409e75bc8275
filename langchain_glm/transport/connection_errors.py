"""Translate the exceptions of an HTTP library into ours, with the host's name and advice."""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from langchain_glm.errors import GLMConnectionError, GLMConnectTimeoutError, GLMError, GLMStreamError, GLMTimeoutError
from langchain_glm.transport.clients import is_local

if TYPE_CHECKING:
    from types import ModuleType

    from langchain_glm.transport.timeouts import Timeout

__all__ = ["error_from_http", "proxy_for", "total_timeout_error", "without_request"]

_PROXY_HINT = "Check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY, name this host in NO_PROXY, or give http_client=…."
_CERTIFICATE_HINT = (
    "If your proxy or server has a certificate of a private authority, set SSL_CERT_FILE to that authority's file, or "
    "give http_client=… with a client that trusts it."
)
_ADDRESS_HINT = "Check base_url=… and the network, and the proxy if HTTPS_PROXY names one or one is needed."
_STREAMING = ", or use streaming=True: the pauses in a stream are shorter."
_NAME_WORDS = ("Name or service not known", "nodename nor servname", "getaddrinfo", "No address associated",
               "Temporary failure in name resolution")  # fmt: skip


def error_from_http(error: Exception, http: ModuleType, url: str, timeout: Timeout, *, streamable: bool) -> GLMError:
    """Return our exception for one of httpx's.

    Args:
        error: what was raised.
        http: the library that raised it: `httpx2` or `httpx`.
        url: where the request went; the message names its host.
        timeout: the time limits of the request.
        streamable: whether the request could also be made as a stream.

    Returns:
        The exception, not raised. It is retryable, unless another attempt would fail in the same way.
    """
    host, proxy = urlsplit(url).netloc, proxy_for(url)
    way, address_hint = (f"{host} through the proxy {proxy}", _PROXY_HINT) if proxy else (host, _ADDRESS_HINT)
    text = str(error) or type(error).__name__
    if isinstance(error, http.PoolTimeout):  # only a user's client has a limit
        return GLMConnectTimeoutError(
            f"http_client had no connection to {host} free within timeout.queue = {timeout.queue} s",
            hint="Raise the client's limits or timeout.queue, or send fewer requests at once.",
        )
    if isinstance(error, http.ConnectTimeout):
        return GLMConnectTimeoutError(
            f"no connection to {way} within timeout.connect = {timeout.connect} s", hint=address_hint
        )
    if isinstance(error, http.TimeoutException):
        return GLMTimeoutError(
            f"{host} was silent for longer than timeout.idle = {timeout.idle} s",
            hint=f"Raise timeout.idle{_STREAMING if streamable else '.'}",
        )
    if isinstance(error, http.DecodingError):
        return GLMStreamError(f"the compression of the reply from {host} is broken: {text}")
    if isinstance(error, http.StreamConsumed | http.StreamClosed):  # a hook of the user's client has used the reply up
        return GLMStreamError(f"the reply from {host} cannot be read: {text}", is_retryable=False)
    if isinstance(error, http.StreamError):
        return GLMStreamError(f"the reply from {host} cannot be read: {text}")
    if isinstance(error, http.ProxyError):
        return GLMConnectionError(f"the proxy on the way to {host} failed: {text}", hint=_PROXY_HINT)
    if isinstance(error, http.UnsupportedProtocol | http.InvalidURL | http.TooManyRedirects):
        return GLMConnectionError(
            f"the request to {host} cannot be sent: {text}", hint=_ADDRESS_HINT, is_retryable=False
        )
    if _is_about_certificate(error, text):
        return GLMConnectionError(
            f"the certificate of {host} is not trusted: {text}", hint=_CERTIFICATE_HINT, is_retryable=False
        )
    if isinstance(error, http.ConnectError):
        if any(word in text for word in _NAME_WORDS):
            name = f"the proxy {proxy}" if proxy else host
            return GLMConnectionError(f"the name of {name} cannot be resolved: {text}", hint=address_hint)
        return GLMConnectionError(f"no connection to {way}: {text}", hint=address_hint)
    return GLMConnectionError(
        f"the connection to {host} broke: {text}",
        hint="Try again; if it happens often, check the proxies between you and the host.",
    )


def total_timeout_error(timeout: Timeout, *, chat: bool) -> GLMTimeoutError:
    """Return the exception for a call that took longer than `timeout.total`.

    Args:
        timeout: the time limits of the call.
        chat: whether it was a call of the chat endpoint; the hint then says how to get shorter answers.
    """
    return GLMTimeoutError(
        f"the call did not end within timeout.total = {timeout.total:g} s",
        hint=f"Raise timeout.total{', or set a lower max_tokens or reasoning_effort' if chat else ''}.",
    )


def without_request(error: Exception) -> Exception:
    """Return an exception of httpx without its request and response, whose headers hold the key.

    It is of the same class, or of the nearest base that a message alone makes.
    """
    for kind in type(error).__mro__:
        if issubclass(kind, Exception):
            with suppress(TypeError):
                return kind(str(error))
    return Exception(str(error))


def proxy_for(url: str) -> str | None:
    """Return the proxy that the environment names for a URL, without its user and password."""
    parts = urlsplit(url)
    if is_local(url) or proxy_bypass(parts.netloc):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return proxy.rpartition("://")[2].rpartition("@")[2].rstrip("/") if proxy else None


def _is_about_certificate(error: BaseException, text: str) -> bool:
    cause: Any = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return "CERTIFICATE_VERIFY_FAILED" in text
