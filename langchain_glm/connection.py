"""`Connection`: the settings for the host, the key, time limits, retries and concurrency.

Every class that talks to an endpoint has these fields, with the same meaning. They hold the values that the user gave.
The host, the key and the limits that follow from them are determined when they are needed.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Self

import httpx2
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PlainValidator,
    PositiveInt,
    PrivateAttr,
    ValidationError,
    WrapValidator,
    model_validator,
)

from langchain_glm import keys
from langchain_glm.catalog.choose_host import check_serves, choose_host, host_of_key, missing_key_error
from langchain_glm.catalog.hosts import CHAT, HOSTS, Host
from langchain_glm.errors import GLMValueError
from langchain_glm.keys import ApiKey, SecretHeaders, check_headers, secret_key
from langchain_glm.keywords import ALIASES, sort_keywords
from langchain_glm.notices import notify
from langchain_glm.transport.exchange import Endpoint
from langchain_glm.transport.limits import InFlightLimiter, shared_limit
from langchain_glm.transport.timeouts import Timeout, read_timeout
from langchain_glm.validation import JsonSchema, as_glm_value_error, own_settings, validate_setting
from langchain_glm.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Set

    from tenacity import RetryCallState

__all__ = ["HOST_FIELDS", "SECRET_FIELDS", "Connection", "in_flight"]

SECRET_FIELDS: Final = frozenset({"api_key", "default_headers", "http_client", "http_async_client"})
"""Settings that must not appear in traces or cache keys."""

HOST_FIELDS: Final = frozenset({"host", "base_url", "model"})
"""Settings that select the host."""

_CLIENTS: Final = ("http_client", "http_async_client")
_FIVE_HOURS: Final = 5 * 3600.0 + 60
"""The longest rolling window of the coding plans, plus a minute."""


def _timeout(value: Any) -> Any:
    read_timeout(value)
    return float(value) if isinstance(value, int) else value


def _client(kind: str) -> Callable[[Any], Any]:
    """Return a validator for the user's client, which may be one of httpx2 or of httpx."""

    def check(value: Any) -> Any:
        if value is None or isinstance(value, getattr(httpx2, kind)):
            return value
        httpx = sys.modules.get("httpx")  # a client of httpx can only exist if httpx has been imported
        if httpx is not None and isinstance(value, getattr(httpx, kind)):
            return value
        raise ValueError(f"give an httpx2.{kind} or an httpx.{kind}.")

    return check


def in_flight(value: Any, check: Callable[[Any], Any]) -> Any:
    """Validate `max_concurrency`."""
    try:
        return check(value)
    except ValidationError:
        raise ValueError("max_concurrency: give a whole number of at least 1, or an InFlightLimiter.") from None


def _headers(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretHeaders) else value or {}


class Connection(BaseModel):
    """The settings of the connection; every class that talks to an endpoint inherits them."""

    model_config = ConfigDict(
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,  # pydantic would show the given values in its errors, keys among them
        defer_build=True,  # only the classes that inherit from this one are validated
    )

    host: str | Host | None = Field(
        default=None,
        description="A name from `langchain_glm.HOSTS`, or a `Host` that you define. Default: the host whose key is in "
        "the environment.",
    )
    base_url: str | None = Field(
        default=None,
        description="The URL of a gateway or proxy: everything before `/chat/completions`. Default: the URL of `host`.",
    )
    api_key: Annotated[ApiKey | None, BeforeValidator(secret_key)] = Field(
        default=None,
        description="The key, or a function (sync or async) that returns it and is called before every request. "
        "Default: the host's environment variable.",
    )
    timeout: Annotated[
        Timeout | float | tuple[float | None, float | None] | dict[str, float | None] | httpx2.Timeout | None,
        PlainValidator(_timeout, json_schema_input_type=float | dict[str, float | None] | None),
    ] = Field(
        default=None,
        description="How many seconds the endpoint may be silent: a number, a pair (connect, idle), or a "
        "`Timeout`. Default: connect 10, idle 600, queue 600, no total.",
    )
    max_retries: NonNegativeInt | None = Field(
        default=2, description="How many times a request is retried after a retryable failure. Default 2."
    )
    wait_for_reset: bool | NonNegativeFloat = Field(
        default=False,
        description="Whether to wait until a used-up quota (1308, 1310) is reset, if the endpoint says when "
        "that is: `True` waits for up to five hours, a number for up to that many seconds. "
        "Default: raise `GLMQuotaError` with `reset_at`.",
    )
    max_concurrency: Annotated[PositiveInt | InFlightLimiter | None, WrapValidator(in_flight)] = Field(
        default=None,
        description="The maximum number of requests that this process has in flight with this host and key, "
        "where a stream counts until it ends; or your own `InFlightLimiter`. Default: no limit.",
    )
    default_headers: Annotated[dict[str, str], BeforeValidator(_headers), AfterValidator(check_headers)] = Field(
        default_factory=dict,
        exclude=True,
        repr=False,
        description="Additional headers. They are never traced or serialized.",
    )
    http_client: Annotated[Any, BeforeValidator(_client("Client"))] = Field(
        default=None,
        exclude=True,
        repr=False,
        description="Your own `httpx2.Client` or `httpx.Client`; the model never closes it.",
    )
    http_async_client: Annotated[Any, BeforeValidator(_client("AsyncClient"))] = Field(
        default=None,
        exclude=True,
        repr=False,
        description="Your own `httpx2.AsyncClient` or `httpx.AsyncClient`; the model never closes it.",
    )

    _shared_fields: ClassVar[tuple[str, ...]] = (*_CLIENTS, "api_key", "max_concurrency")
    """Fields whose values copies share with the original."""

    _path: ClassVar[str] = CHAT
    """The path that the class posts to; it selects only hosts that serve it."""

    _default_host: ClassVar[str | None] = None
    """The host if neither `host` nor `base_url` is given; `None` is the one whose key is in the environment."""

    _resolved_host: Host | None = PrivateAttr(default=None)

    if not TYPE_CHECKING:

        def __init__(self, *args: Any, **settings: Any) -> None:
            with as_glm_value_error():
                super().__init__(*args, **settings)

    @model_validator(mode="before")
    @classmethod
    def _sort_keywords(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        settings, others = sort_keywords(given, cls.model_fields)
        if settings.get("host") is None and settings.get("base_url") is None:
            settings["host"] = next(filter(None, map(host_of_key, given)), None)
        return cls._with_other_keywords(settings, others) if others else settings

    @classmethod
    def _with_other_keywords(cls, settings: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
        """Return the settings for a constructor that was also given keywords that are no settings."""
        raise GLMValueError(f"{', '.join(others)} is not a setting of {cls.__name__}.")

    @model_validator(mode="after")
    def _check_connection(self) -> Self:
        check_serves(self.endpoint_host, self._path)
        self._check_key()
        return self

    def model_post_init(self, context: Any, /) -> None:
        """Also run LangChain's hook; pydantic's own hook for private attributes does not."""
        super().model_post_init(context)

    @property
    def endpoint_host(self) -> Host:
        """The host that the settings or the environment select, with the base URL in use.

        Raises:
            GLMValueError: if the host is unknown, or keys of several hosts are in the environment.
            GLMAuthenticationError: if nothing selects a host.
        """
        chosen = self._resolved_host
        if chosen is None:
            chosen, warning = choose_host(
                self._default_host if self.host is None and self.base_url is None else self.host,
                self.base_url,
                model=getattr(self, "model", None),
                path=self._path,
                key_given=self.api_key is not None,
            )
            self._resolved_host = chosen
            if warning:
                notify(warning)
        return chosen

    def _check_key(self) -> None:
        host = self.endpoint_host
        if host.name in HOSTS and not keys.has_key(self.api_key, host):
            raise missing_key_error(host, self._path)

    def _endpoint(self, on_retry: Callable[[RetryCallState], Any] | None = None) -> Endpoint:
        """Return the endpoint that the settings describe.

        Args:
            on_retry: called before each wait between attempts.
        """
        host = self.endpoint_host
        other_plan = HOSTS.get(host.other_plan or "")
        if other_plan and not other_plan.may_serve(self._path):
            host = replace(host, other_plan=None)  # hints must not advise a host that does not serve the path
        return Endpoint(
            host=host,
            read_key=lambda: keys.read_key(self.api_key, host),
            aread_key=lambda: keys.aread_key(self.api_key, host),
            headers={"user-agent": f"langchain-zai-glm/{__version__}", **self.default_headers},
            timeout=read_timeout(self.timeout),
            max_retries=2 if self.max_retries is None else self.max_retries,
            reset_limit=_FIVE_HOURS if self.wait_for_reset is True else float(self.wait_for_reset),
            http_client=self.http_client,
            http_async_client=self.http_async_client,
            on_retry=on_retry,
            limiter=self._limiter(host),
        )

    def _limiter(self, host: Host) -> InFlightLimiter | None:
        if not isinstance(self.max_concurrency, int):
            return self.max_concurrency
        return shared_limit(host.base_url, keys.account_of(self.api_key, host), self.max_concurrency)

    def _serialized_connection(self) -> dict[str, Any]:
        """Return host, base URL and timeout as JSON values, for LangChain's serialization."""
        host, known = self.endpoint_host, HOSTS.get(self.endpoint_host.name)
        serialized: dict[str, Any] = {}
        if isinstance(self.host, Host):
            serialized["host"] = asdict(self.host)
        elif known:
            serialized["host"] = host.name
        if known is None or known.base_url != host.base_url:
            serialized["base_url"] = host.base_url
        if not isinstance(self.timeout, float | dict | None):
            serialized["timeout"] = asdict(read_timeout(self.timeout))
        return serialized

    def _with_settings(self, changes: Mapping[str, Any]) -> Self:
        """Return a copy with changed settings, validated as in the constructor; `self` if none change.

        Another host also brings its own URL, unless `base_url` is given too.
        """
        if not changes:
            return self
        values = {name: validate_setting(type(self), name, value) for name, value in changes.items()}
        host = values.get("host")
        if host is not None and getattr(host, "name", host) != self.endpoint_host.name:
            values.setdefault("base_url", None)
        changed = super().model_copy(update=values)
        changed._apply_changes(values.keys(), self.endpoint_host)  # noqa: SLF001 - of the same class
        changed._check_key()  # noqa: SLF001
        return changed

    def _apply_changes(self, changed: Set[str], before: Host) -> None:
        """Update what depends on the changed settings.

        The given key is dropped if the host changes to another company's, so that it is not sent there.
        """
        for name in self.__dict__.keys() - type(self).model_fields.keys():
            del self.__dict__[name]  # a cached property, such as LangChain's keys for caches
        if not changed & HOST_FIELDS:
            return
        self._resolved_host = None
        now = self.endpoint_host
        check_serves(now, self._path)
        another = now.base_url != before.base_url and not set(now.key_variables) & set(before.key_variables)
        if another and "api_key" not in changed and (self.host is not None or now.name in HOSTS):
            super().__setattr__("api_key", None)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy the model; an update is validated and takes effect as in the constructor.

        Raises:
            GLMValueError: if a value is not valid, or a name is not a setting.
        """
        settings, others = sort_keywords(update or {}, type(self).model_fields)
        if others:
            raise GLMValueError(f"{', '.join(others)} is not a setting of {type(self).__name__}.")
        return super(Connection, self._with_settings(settings)).model_copy(deep=deep)

    def __setattr__(self, name: str, value: Any) -> None:
        """Validate the new value of a setting and apply it; if that fails, nothing changes."""
        name = ALIASES.get(name, name)
        if name not in own_settings(type(self)):
            super().__setattr__(name, value)
            return
        settings, host = dict(self.__dict__), self._resolved_host
        super().__setattr__(name, validate_setting(type(self), name, value))
        try:
            self._apply_changes({name}, host or self.endpoint_host)
        except Exception:
            self.__dict__.update(settings)
            self._resolved_host = host
            raise

    def __getstate__(self) -> dict[Any, Any]:
        """Leave out clients (they cannot be pickled), headers (they may hold secrets) and cached properties."""
        if self.default_headers:
            notify(
                f"default_headers: a pickle of a {type(self).__name__} leaves them out; assign them again afterwards."
            )
        state = super().__getstate__()
        fields = {name: value for name, value in state["__dict__"].items() if name in type(self).model_fields}
        state["__dict__"] = {**fields, **dict.fromkeys(_CLIENTS), "default_headers": {}}
        return state

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Share clients, key functions and limiters with the copy; they are meant to be shared."""
        memo = {} if memo is None else memo
        memo |= {id(value): value for name in self._shared_fields if (value := getattr(self, name)) is not None}
        return super().__deepcopy__(memo)

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the settings and their descriptions as a JSON schema; functions and clients are left out."""
        kwargs.setdefault("schema_generator", JsonSchema)
        return super().model_json_schema(*args, **kwargs)
