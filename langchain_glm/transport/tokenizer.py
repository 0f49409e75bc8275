"""Ask an endpoint to count a prompt's tokens: `POST {base_url}/tokenizer`; sync and async."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import orjson

from langchain_glm.transport.client import (
    Endpoint,
    _aopened,
    _aplace,
    _awhole,
    _deadline,
    _encoded,
    _failure,
    _opened,
    _place,
    _policy,
    _translated,
    _whole,
)
from langchain_glm.transport.retry import aretrying, retrying

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

__all__ = ["acount", "count"]

_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tokenizer(Endpoint):
    """The token counter beside an endpoint's chat."""

    @property
    def url(self) -> str:
        return f"{self.host.base_url}/tokenizer"


def count(endpoint: Endpoint, payload: Mapping[str, Any]) -> int:
    """Return the tokens of a prompt as the endpoint counts them.

    Args:
        endpoint: the endpoint for chat.
        payload: `model`, `messages` and, where there are any, `tools`, as they would be sent for a reply.

    Raises:
        GLMError: of the class that the failure calls for.

    Source: BigModel's API description (2026-04).
    """
    endpoint = _beside(endpoint)
    content, deadline = _encoded(payload), _deadline(endpoint.timeout)
    for attempt in retrying(_policy(endpoint, deadline), endpoint.on_retry):
        with (
            attempt,
            _translated(endpoint, deadline),
            _place(endpoint, deadline),
            _opened(endpoint, content, deadline, stream=False) as response,
        ):
            return _total(response, _whole(response, endpoint, deadline), endpoint)
    raise AssertionError  # tenacity re-raises the last error


async def acount(endpoint: Endpoint, payload: Mapping[str, Any]) -> int:
    """Return the tokens of a prompt as the endpoint counts them. The async twin of `count`."""
    endpoint = _beside(endpoint)
    content, deadline = _encoded(payload), _deadline(endpoint.timeout)
    async for attempt in aretrying(_policy(endpoint, deadline), endpoint.on_retry):
        with attempt, _translated(endpoint, deadline):
            async with (
                _aplace(endpoint, deadline),
                _aopened(endpoint, content, deadline, stream=False) as response,
            ):
                return _total(response, await _awhole(response, endpoint, deadline), endpoint)
    raise AssertionError  # tenacity re-raises the last error


def _beside(endpoint: Endpoint) -> _Tokenizer:
    return _Tokenizer(**{field.name: getattr(endpoint, field.name) for field in fields(Endpoint)})


def _total(response: httpx.Response, body: bytes, endpoint: Endpoint) -> int:
    data: Any = None
    if response.status_code == _OK:
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError:
            data = None
    usage = data.get("usage") if isinstance(data, dict) else None
    if isinstance(usage, dict):
        for name in ("total_tokens", "prompt_tokens"):
            if isinstance(usage.get(name), int):
                return int(usage[name])
    raise _failure(body, response, body, endpoint)
