"""Ask an endpoint to count a prompt's tokens: `POST {base_url}/tokenizer`; sync and async."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from langchain_glm.errors import GLMServerError
from langchain_glm.transport import client

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["acount", "count"]


def count(endpoint: client.Endpoint, payload: Mapping[str, Any]) -> int:
    """Return the tokens of a prompt as the endpoint counts them.

    Args:
        endpoint: the endpoint for chat.
        payload: `model`, `messages` and, where there are any, `tools`, as they would be sent for a reply.

    Raises:
        GLMError: of the class that the failure calls for.

    Source: BigModel's API description (2026-04).
    """
    return _total(client.send(replace(endpoint, path="/tokenizer"), payload, key="usage"))


async def acount(endpoint: client.Endpoint, payload: Mapping[str, Any]) -> int:
    """Return the tokens of a prompt as the endpoint counts them. The async twin of `count`."""
    return _total(await client.asend(replace(endpoint, path="/tokenizer"), payload, key="usage"))


def _total(reply: Mapping[str, Any]) -> int:
    usage = reply["usage"]
    for name in ("total_tokens", "prompt_tokens"):
        if isinstance(usage, dict) and isinstance(usage.get(name), int):
            return int(usage[name])
    raise GLMServerError("the endpoint's count holds no number of tokens", status=200)
