"""API keys and secret headers: reading a key for a request, and keeping secrets out of pickles."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NoReturn

from pydantic import Secret, SecretStr

from langchain_glm.catalog.choose_host import missing_key_error
from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.errors import GLMValueError
from langchain_glm.notices import notify

if TYPE_CHECKING:
    from langchain_glm.catalog.hosts import Host

__all__ = ["ApiKey", "SecretHeaders", "account_of", "aread_key", "check_headers", "has_key", "read_key", "secret_key"]

KeyFunction = Callable[[], str | SecretStr | Awaitable[str | SecretStr]]

ApiKey = str | SecretStr | KeyFunction
"""A key, or a function (sync or async) that returns it and is called before every request."""

_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e]*")
_NOT_IN_A_HEADER: Final = "it contains a line end or another character that is not allowed in an HTTP header"
"""The message leaves the value out, because it may be a key."""


class _Key(SecretStr):
    """A key that was given. Copies keep it; pickles do not."""

    def __copy__(self) -> _Key:
        return self

    def __deepcopy__(self, memo: Any) -> _Key:
        return self

    def __reduce__(self) -> tuple[type[KeyLeftOut], tuple[()]]:
        return KeyLeftOut, ()


class KeyLeftOut:
    """Replaces the given key in an unpickled model, because pickles hold no keys."""

    def __repr__(self) -> str:
        return "KeyLeftOut()"

    def __call__(self) -> NoReturn:
        """Raise an error; `read_key` looks the key up in the environment instead of calling this."""
        raise TypeError("A pickled model does not hold its key.")


class SecretHeaders(Secret[dict[str, str]]):
    """Headers that are bound to calls; they are left out of reprs, dumps and pickles."""

    def __reduce__(self) -> tuple[type[SecretHeaders], tuple[dict[str, str]]]:
        return SecretHeaders, ({},)

    def _display(self) -> str:
        return "**********"


def secret_key(value: Any) -> Any:
    """Return a key as a secret that is left out of pickles; return a key function unchanged.

    Raises:
        ValueError: if the key is not allowed in a header, or is given as bytes.
    """
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, bytes | bytearray):  # pydantic would turn it into text that every repr shows
        raise GLMValueError("api_key: give text, not bytes.")
    return _Key(_stripped_key(value)) if isinstance(value, str) else value


def check_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers with lower-case names.

    Raises:
        ValueError: if a name or value is not allowed in a header.
    """
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError(f"default_headers: {name!r} is not a valid header name.")
        if not _HEADER_VALUE.fullmatch(value):
            raise ValueError(f"default_headers[{name!r}]: {_NOT_IN_A_HEADER}.")
    return {name.lower(): value for name, value in headers.items()}


def has_key(api_key: ApiKey | None, host: Host) -> bool:
    """Whether a key for the host was given or is in the environment."""
    return api_key is not None or host.key_from() is not None


def account_of(api_key: ApiKey | None, host: Host) -> str | KeyFunction | None:
    """Return what identifies an account of a host: the key, or the function that returns it, which is not called."""
    if not _was_given(api_key):
        return host.key_from()
    return api_key.get_secret_value() if isinstance(api_key, SecretStr) else api_key


def read_key(api_key: ApiKey | None, host: Host) -> str | None:
    """Return the key to send now: the given one, the result of the given function, or the one in the environment.

    Args:
        api_key: what was given, or `None`.
        host: the host, whose environment variables are read if nothing was given.

    Returns:
        The key, or `None` for a gateway that needs none.

    Raises:
        GLMAuthenticationError: if there is no key.
        TypeError: if the function is asynchronous.
    """
    key: Any = api_key
    if _is_function(key):
        key = key()
        if inspect.isawaitable(key):
            if inspect.iscoroutine(key):
                key.close()
            raise TypeError(
                "api_key is an async function, which a synchronous call cannot await. Use ainvoke or another async "
                "method."
            )
    return _key_text(key) if _was_given(key) else _from_environment(key, host)


async def aread_key(api_key: ApiKey | None, host: Host) -> str | None:
    """Return the key to send now; its function may be async. The async version of `read_key`."""
    key: Any = api_key
    if _is_function(key):
        key = key()
        if inspect.isawaitable(key):
            key = await key
    return _key_text(key) if _was_given(key) else _from_environment(key, host)


def _is_function(api_key: Any) -> bool:
    return callable(api_key) and not isinstance(api_key, KeyLeftOut)


def _was_given(key: Any) -> bool:
    return key is not None and not isinstance(key, KeyLeftOut)


def _from_environment(key: Any, host: Host) -> str | None:
    found = host.key_from()
    if found is None:
        if isinstance(key, KeyLeftOut) or host.name in HOSTS:
            raise missing_key_error(host)
        return None
    if isinstance(key, KeyLeftOut):
        variable = next(name for name in host.key_variables if os.environ.get(name, "").strip())
        notify(
            f"A key was left out of a pickle; the key in {variable} is used instead. To choose the key where the "
            "pickle is loaded, give api_key=… a function."
        )
    return _stripped_key(found)


def _key_text(key: Any) -> str:
    return _stripped_key(key.get_secret_value() if isinstance(key, SecretStr) else str(key))


def _stripped_key(key: str) -> str:
    """Return a key without surrounding white space, such as the line end that files often have."""
    key = key.strip()
    if not key:
        raise GLMValueError("api_key is empty.")
    if not _HEADER_VALUE.fullmatch(key):
        raise GLMValueError(f"api_key: {_NOT_IN_A_HEADER}.")
    return key
