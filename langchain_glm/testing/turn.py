"""The facts about a request on which the form of its answer depends: host, model, ids, streaming."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.catalog.models import MODELS, Model, find_model
from langchain_glm.testing.wording import beijing_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_glm.catalog.hosts import Host

__all__ = ["Turn", "in_context", "is_chinese", "is_kimi", "new_id", "serving_model", "thinks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The facts about one request on which the form of its answer depends.

    Args:
        host: the host to imitate.
        model: the model id in the answer.
        id: the id of the answer.
        created: the Unix time of the request.
        stream: whether the answer is streamed.
        tool_stream: whether arguments are streamed in fragments.
        include_usage: whether `stream_options` asks for usage.
        think_tags: whether the model writes its reasoning between tags in the content.
        prompt_tokens: tokens of the prompt.
        cached_tokens: how many of them belong to the beginning that an earlier prompt shares.
        earlier_calls: how many tool calls the conversation already has; Kimi continues their numbering.
        flat_errors: whether errors have the form of BigModel's side services.
    """

    host: Host
    model: str
    id: str
    created: int
    stream: bool = False
    tool_stream: bool = False
    include_usage: bool = False
    think_tags: bool = False
    prompt_tokens: int = 0
    cached_tokens: int = 0
    earlier_calls: int = 0
    flat_errors: bool = False


_OTHER_FAMILIES: Final = ("gpt-", "claude-")
"""Families other than GLM in PhanEdge's documents."""


def is_kimi(host: Host) -> bool:
    """Whether the host is Moonshot's."""
    return host.name.startswith("kimi")


def is_chinese(host: Host) -> bool:
    """Whether the host writes its errors in Chinese."""
    return host.name.startswith("bigmodel")


def serving_model(model_id: object, host: Host) -> Model | None:
    """Return the model that answers for an id on a host, or `None` if the host does not serve it."""
    if not isinstance(model_id, str):
        return None
    if is_kimi(host):
        return MODELS.get(model_id) if model_id.startswith("kimi-") else None
    if not host.native:
        if host.name == "phanedge" and model_id.startswith(_OTHER_FAMILIES):
            return Model(id=model_id, context=128_000, max_output=16_384, inputs=("image",))
        model = find_model(model_id)
        return model if model and model.id.startswith("glm-") and not model.guessed_from else None
    if not model_id.startswith("glm-"):
        return None
    return MODELS.get(host.served_as.get(model_id, model_id))


def new_id(host: Host, created: int) -> str:
    """Return an id for an answer, in the form of the host's ids; `created` is the Unix time of the request."""
    if host.native:
        return f"{beijing_time(created):%Y%m%d%H%M%S}{secrets.token_hex(8)}"
    return f"chatcmpl-{secrets.token_hex(12)}"


def in_context(body: Mapping[str, Any], host: Host) -> list[Mapping[str, Any]]:
    """Return the messages that the model reads: without the reasoning of earlier turns, unless it is kept.

    Ordinary hosts keep it only when asked; coding plans keep it unless asked not to (docs.z.ai, 2026-10).
    """
    messages: list[Mapping[str, Any]] = body["messages"]
    given = body.get("thinking")
    thinking = given if isinstance(given, dict) else {}
    kept = thinking.get("clear_thinking") is False or thinking.get("keep") == "all"
    if host.keeps_reasoning and (kept or (host.coding_plan and "clear_thinking" not in thinking)):
        return messages
    last_user = max((at for at, message in enumerate(messages) if message["role"] == "user"), default=-1)
    return [
        {name: value for name, value in message.items() if name != "reasoning_content"} if at < last_user else message
        for at, message in enumerate(messages)
    ]


def thinks(body: Mapping[str, Any], model: Model, host: Host) -> bool:
    """Whether the model reasons before it answers (thinking tables of both hosts' API descriptions)."""
    if model.thinking != "toggle":
        return model.thinking == "always"
    thinking = body.get("thinking")
    if isinstance(thinking, dict) and thinking.get("type") == "disabled":
        return False
    return is_kimi(host) or not model.efforts or body.get("reasoning_effort") not in ("none", "minimal")
