"""What can be set on `ChatGLM`: the fields, their aliases, their ranges, and which endpoint they select."""

from __future__ import annotations

import dataclasses
import inspect
import re
import warnings
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

import httpx
from langchain_core.language_models.chat_models import BaseChatModel
from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveInt,
    PrivateAttr,
    SecretStr,
    field_validator,
    model_validator,
)

from langchain_glm.catalog.hosts import HOSTS, Host, choose_host
from langchain_glm.catalog.profiles import find_model
from langchain_glm.notices import notify
from langchain_glm.tools import WebSearch
from langchain_glm.transport import pool
from langchain_glm.transport.client import Endpoint
from langchain_glm.transport.limits import InFlightLimiter, shared_limiter
from langchain_glm.transport.timeouts import Timeout
from langchain_glm.version import __version__

if TYPE_CHECKING:
    from tenacity import RetryCallState

__all__ = ["ALIASES", "OWN_FIELDS", "SECRET", "ApiKey", "GLMSettings", "OwnProfile"]

ApiKey = SecretStr | Callable[[], str | SecretStr | Awaitable[str | SecretStr]]
"""A key, or a function (sync or async) that is asked for one before every request."""

ALIASES: Final[Mapping[str, str]] = {
    "model_name": "model",
    "stop_sequences": "stop",
    "request_timeout": "timeout",
    "max_completion_tokens": "max_tokens",
    "api_base": "base_url",
    "glm_api_key": "api_key",
    "glm_api_base": "base_url",
}
"""What LangChain and its partner packages call our fields."""

_RANGES: Final[Mapping[str, tuple[float, float]]] = {"temperature": (0, 1), "top_p": (0.01, 1)}
_LENGTHS: Final[Mapping[str, tuple[int, int]]] = {"request_id": (6, 64), "user_id": (6, 128)}
_MOST_TOKENS: Final = 131_072
"""The upper end of GLM's `max_tokens`; beyond it the endpoint answers 1210."""

_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e]*")
_NO_HEADER: Final = "it holds a line end or another character that no HTTP header can carry"
"""Without the value: it may be a key."""

_FIVE_HOURS: Final = 5 * 3600.0 + 60
"""The longest of the coding plans' rolling windows, and a minute."""

_KEY_LEFT_OUT: Final = "key_left_out"
_CLIENTS: Final = ("http_client", "http_async_client")
_SHARED: Final = (*_CLIENTS, "api_key", "cache", "rate_limiter", "max_concurrency", "callbacks")
SECRET: Final = frozenset({"api_key", "default_headers", *_CLIENTS})
"""Settings that must reach no trace and no cache key."""


def _search(value: Any) -> Any:
    """Check a search by its class, keep it as the plain dict that it is sent as: models must be JSON."""
    if isinstance(value, Mapping):
        value = WebSearch(**value)
    return value.to_wire()["web_search"] if isinstance(value, WebSearch) else value


def _times(value: Any) -> Any:
    if isinstance(value, Timeout):
        return dataclasses.asdict(value)
    if isinstance(value, httpx.Timeout):
        return {"connect": value.connect, "idle": value.read}
    return value


class _EnvironmentKey(SecretStr):
    """A key that was read from the environment, for the host that this variable belongs to."""

    def __init__(self, key: str, variable: str) -> None:
        super().__init__(key)
        self.variable = variable


class OwnProfile(dict[str, Any]):
    """A profile that was looked up by the model's id, not given: with another id it is looked up again."""


class GLMSettings(BaseChatModel):
    """The fields of `ChatGLM`; see there for what each means."""

    model: str = Field(min_length=1)
    host: str | None = None
    base_url: str | None = None
    api_key: ApiKey | None = None

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = Field(default=None, ge=1)
    stop: list[str] | str | None = None
    do_sample: bool | None = None
    thinking: bool | dict[str, Any] | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    web_search: Annotated[bool | dict[str, Any] | None, BeforeValidator(_search)] = None
    tool_stream: bool | None = None
    force_tool_choice: Literal["check", "retry", "ignore"] = "check"
    response_format: dict[str, Any] | None = None
    request_id: str | None = None
    user_id: str | None = None
    model_kwargs: dict[str, Any] = Field(default_factory=dict)
    extra_body: dict[str, Any] = Field(default_factory=dict)

    timeout: Annotated[
        float | dict[Literal["connect", "idle", "queue", "total"], float | None] | None, BeforeValidator(_times)
    ] = None
    max_retries: int = Field(default=2, ge=0)
    wait_for_reset: bool | NonNegativeFloat = False
    max_concurrency: PositiveInt | Literal["auto"] | InFlightLimiter | None = None
    streaming: bool | None = None  # LangChain takes `False` as a veto, also where it copied a default
    stream_usage: bool | None = None
    default_headers: dict[str, str] = Field(default_factory=dict, exclude=True, repr=False)
    http_client: httpx.Client | None = Field(default=None, exclude=True, repr=False)
    http_async_client: httpx.AsyncClient | None = Field(default=None, exclude=True, repr=False)

    _host: Host = PrivateAttr()

    model_config = ConfigDict(
        arbitrary_types_allowed=True,
        populate_by_name=True,
        hide_input_in_errors=True,  # pydantic would print what it was given, keys among it, into its errors
        defer_build=True,  # of three classes only the last is ever validated; building all took 25 ms of every import
    )

    @model_validator(mode="before")
    @classmethod
    def _sort_keywords(cls, given: Any) -> Any:
        """Resolve aliases, put unknown keywords into `model_kwargs`, and known ones found there in their place."""
        if not isinstance(given, dict):
            return given
        values: dict[str, Any] = {}
        extra = dict(given.get("model_kwargs") or {})
        for name, value in given.items():
            field = ALIASES.get(name, name)
            if name != field and field in given:
                raise ValueError(f"{name}= and {field}= are two names of one setting; give one of them.")
            if field in cls.model_fields:
                values[field] = value
            else:
                warnings.warn(f"{name} is no setting of ChatGLM; it is sent as it is, from model_kwargs.", stacklevel=4)
                extra[name] = value
        if isinstance(values.get("profile"), OwnProfile) and values.keys() >= cls.model_fields.keys():
            del values["profile"]  # LangChain copies by giving every field
        for name in extra.keys() & (cls.model_fields.keys() | ALIASES.keys()):
            value = extra.pop(name)
            if values.get(ALIASES.get(name, name)) is None:
                values[ALIASES.get(name, name)] = value
        if extra or "model_kwargs" in values:
            values["model_kwargs"] = extra
        return values

    @field_validator("temperature", "top_p", "request_id", "user_id")
    @classmethod
    def _check_range(cls, value: Any, info: Any) -> Any:
        name = info.field_name
        if value is not None and name in _RANGES:
            low, high = _RANGES[name]
            if not low <= value <= high:
                raise ValueError(f"{name}={value} is outside of [{low}, {high}], which is what GLM takes (1210).")
        if value is not None and name in _LENGTHS:
            shortest, longest = _LENGTHS[name]
            if not shortest <= len(value) <= longest:
                raise ValueError(f"{name} has {len(value)} characters; GLM takes {shortest} to {longest} (1214).")
        return value

    @field_validator("default_headers")
    @classmethod
    def _check_headers(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name):
                raise ValueError(f"default_headers: {name!r} is no name of a header.")
            if not _HEADER_VALUE.fullmatch(value):
                raise ValueError(f"default_headers[{name!r}]: {_NO_HEADER}.")
        return headers

    @model_validator(mode="after")
    def _choose_endpoint(self) -> Self:
        self._host, warning = choose_host(self.host, self.base_url)
        if warning:
            notify(warning)
        if isinstance(self.api_key, _EnvironmentKey) and self.api_key.variable not in self._host.key_variables:
            self.__dict__["api_key"] = (
                None  # LangChain copies by giving every field; one host's key is none for another
            )
        self._look_up_key()
        known = find_model(self.model)
        most = max(_MOST_TOKENS, known.max_output if known else 0)
        if self.max_tokens is not None and self.max_tokens > most:
            raise ValueError(f"max_tokens={self.max_tokens} is outside of [1, {most}], which is what is taken (1210).")
        return self

    def _look_up_key(self) -> None:
        if self.api_key is None and (key := self._host.key_from()):
            # Past pydantic's record of what was set: a copy must look the key up again.
            self.__dict__["api_key"] = _EnvironmentKey(key, self._host.key_variable)
        if self.api_key is None and self._host.name in HOSTS:
            raise ValueError(
                f"There is no key for host {self._host.name!r}: set {self._host.key_variable} or give api_key=…."
            )

    def given_settings(self) -> dict[str, Any]:
        """What the user set, by field name; values from the environment are not among them."""
        return {name: getattr(self, name) for name in self.model_fields_set & OWN_FIELDS}

    def changed_settings(self) -> dict[str, Any]:
        """The settings that are not at their default, without secrets: what tells this model from another."""
        return {name: value for name, default in _DEFAULTS.items() if (value := getattr(self, name)) != default}

    def with_settings(self, overrides: Mapping[str, Any]) -> Self:
        """Return a model with other settings, validated as the constructor does; `self` if there are none."""
        if not overrides:
            return self
        overrides = {ALIASES.get(name, name): value for name, value in overrides.items()}
        given = self.given_settings()
        if "host" in overrides:  # another host has another URL, and another company's host must not get this key
            given.pop("base_url", None)
            other = HOSTS.get(overrides["host"] or "")
            if other and not set(other.key_variables) & set(self._host.key_variables):
                given.pop("api_key", None)
        left = {"base_url", "api_key"} | ({"profile"} if isinstance(self.profile, OwnProfile) else set())
        inherited = {name: getattr(self, name) for name in self.model_fields_set - given.keys() - left}
        given["model_kwargs"] = {**given.get("model_kwargs", {}), **overrides.get("model_kwargs", {})}
        return type(self)(**{**inherited, **given, **{k: v for k, v in overrides.items() if k != "model_kwargs"}})

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy the model; an update is validated, and a changed host is looked up again."""
        if update:
            copied = self.with_settings(update)
            return copied.model_copy(deep=True) if deep else copied
        return super().model_copy(deep=deep)

    @property
    def timeouts(self) -> Timeout:
        """The time limits; a number bounds connecting and silence, since GLM may think for minutes in all."""
        if self.timeout is None:
            return Timeout()
        if isinstance(self.timeout, dict):
            return Timeout(**{str(name): limit for name, limit in self.timeout.items()})
        return Timeout(connect=min(self.timeout, Timeout().connect or self.timeout), idle=self.timeout)

    @property
    def endpoint_host(self) -> Host:
        """The host that the settings selected, with the base URL that is used."""
        return self._host

    def current_key(self) -> str | None:
        """Return the key to send now, asking `api_key` for it if it is a function."""
        key = self.api_key() if callable(self.api_key) else self.api_key
        if inspect.isawaitable(key):
            if inspect.iscoroutine(key):
                key.close()
            raise TypeError(
                "api_key is an async function; a synchronous call cannot wait for it. Use ainvoke or astream."
            )
        return _plain(key)

    async def acurrent_key(self) -> str | None:
        """Return the key to send now; `api_key` may be a sync or an async function."""
        key = self.api_key() if callable(self.api_key) else self.api_key
        return _plain(await key if inspect.isawaitable(key) else key)

    def endpoint(self, key: str | None, on_retry: Callable[[RetryCallState], Any] | None) -> Endpoint:
        """Return where this model's requests go, and how.

        Args:
            key: the key, or `None` for a gateway that wants none.
            on_retry: called before each wait between tries.
        """
        headers = {"content-type": "application/json", "user-agent": f"langchain-zai-glm/{__version__}"}
        if key:
            headers["authorization"] = f"Bearer {key}"
        return Endpoint(
            host=self._host,
            headers={**headers, **{name.lower(): value for name, value in self.default_headers.items()}},
            timeout=self.timeouts,
            max_retries=self.max_retries,
            reset_limit=_FIVE_HOURS if self.wait_for_reset is True else float(self.wait_for_reset),
            client=self.http_client,
            async_client=self.http_async_client,
            on_retry=on_retry,
            limiter=self._limiter(key),
        )

    def _limiter(self, key: str | None) -> InFlightLimiter | None:
        if self.max_concurrency is None or isinstance(self.max_concurrency, InFlightLimiter):
            return self.max_concurrency
        return shared_limiter(
            self._host.base_url, self.api_key if callable(self.api_key) else key, self.max_concurrency
        )

    def close(self) -> None:
        """Close the connections of sync calls, which all models of the process share; the next call opens new ones.

        Requests in flight end first, whoever makes them. A client of yours stays open.
        """
        pool.close()

    async def aclose(self) -> None:
        """Close the connections of async calls on the running event loop; the async twin of `close`."""
        await pool.aclose()

    def __enter__(self) -> Self:
        """Use the model in a `with` block, at whose end `close` is called."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    async def __aenter__(self) -> Self:
        """Use the model in an `async with` block, at whose end `aclose` is called."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self.aclose()

    def __setattr__(self, name: str, value: Any) -> None:
        """Forget what LangChain made of the old value: its cache keys are of it."""
        super().__setattr__(name, value)
        self.__dict__.pop("_serialized", None)

    def __getstate__(self) -> dict[Any, Any]:
        """Leave out the key, which would lie in whatever file the pickle goes to, and injected clients."""
        state = super().__getstate__()
        state["__dict__"] = {**state["__dict__"], **dict.fromkeys(_CLIENTS)}
        if isinstance(self.api_key, SecretStr):
            state["__dict__"]["api_key"] = None
            state[_KEY_LEFT_OUT] = True
        state["__dict__"].pop("_serialized", None)
        return state

    def __setstate__(self, state: dict[Any, Any]) -> None:
        """Look the key up in the environment where the copy is.

        Raises:
            ValueError: if there is none.
        """
        super().__setstate__(state)
        if self.api_key is None and state.get(_KEY_LEFT_OUT) and not self._host.key_from():
            raise ValueError(
                f"No pickle of ChatGLM holds its key, and there is none for host {self._host.name!r} here: set "
                f"{self._host.key_variable}, or give the model a function that returns the key, api_key=…."
            )
        self._look_up_key()

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Share with the copy what is held on purpose: clients, key functions, caches, limiters, callbacks."""
        memo = memo if memo is not None else {}
        memo |= {id(held): held for name in _SHARED if (held := getattr(self, name)) is not None}
        return super().__deepcopy__(memo)


OWN_FIELDS: Final = GLMSettings.model_fields.keys() - BaseChatModel.model_fields.keys()
"""The fields that are ours; the others are LangChain's."""

_DEFAULTS: Final[Mapping[str, Any]] = {
    name: {} if GLMSettings.model_fields[name].default_factory else GLMSettings.model_fields[name].default
    for name in sorted(OWN_FIELDS - SECRET)
}


def _plain(key: Any) -> str | None:
    """The key as text, without the line end that variables and files often bring along."""
    if isinstance(key, SecretStr):
        key = key.get_secret_value()
    if key is None:
        return None
    key = str(key).strip()
    if not key:
        raise ValueError("api_key is empty.")
    if not _HEADER_VALUE.fullmatch(key):
        raise ValueError(f"api_key: {_NO_HEADER}.")
    return str(key)
