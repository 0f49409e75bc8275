"""Decide which reasoning of earlier assistant messages is sent back, and in which field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

from langchain_glm.catalog.hosts import GATEWAY

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.catalog.profiles import Model

__all__ = ["is_our_message", "reasoning_field", "reasoning_to_send"]

Family = Literal["glm", "kimi"]

_PROVIDERS: Final[Mapping[str | None, Family | None]] = {
    None: None,  # written by hand
    GATEWAY.provider: None,  # GLM or Kimi, depending on the model's name; earlier versions wrote it for every host
    "zai": "glm",
    "zhipuai": "glm",
    "moonshotai": "kimi",
}
"""The providers whose reasoning may be sent back (`response_metadata["model_provider"]`), and their model family."""


def is_our_message(message: AIMessage) -> bool:
    """Whether an earlier answer comes from one of our providers, or from none; the reasoning of others is not sent.

    Args:
        message: an earlier answer.
    """
    provider = message.response_metadata.get("model_provider")
    return isinstance(provider, str | None) and provider in _PROVIDERS


def reasoning_to_send(message: AIMessage, host: Host, model: Model | None) -> str:
    """Return the reasoning to send back, unchanged; an empty string if there is none or it is for another model.

    Args:
        message: an earlier answer.
        host: the endpoint of the request.
        model: the catalogue's entry for the model of the request.
    """
    reasoning = message.additional_kwargs.get("reasoning_content")
    if not reasoning and isinstance(message.content, list):
        reasoning = "".join(
            str(block.get("reasoning") or "")
            for block in message.content
            if isinstance(block, Mapping) and block.get("type") == "reasoning"
        )
    if not reasoning or not isinstance(reasoning, str) or (model is not None and model.thinking == "none"):
        return ""
    return reasoning if _belongs_to(message, host, model) else ""


def reasoning_field(message: AIMessage, host: Host) -> Literal["reasoning", "reasoning_content"]:
    """Return the field that the host reads; if that is not known, the field in which the reasoning came.

    Cerebras, Groq and vLLM name the field `reasoning`. Cerebras and Groq answer 400 to `reasoning_content`; vLLM
    ignores it.
    """
    field = host.reasoning_field or message.response_metadata.get("reasoning_field")
    return "reasoning" if field == "reasoning" else "reasoning_content"


def _belongs_to(message: AIMessage, host: Host, model: Model | None) -> bool:
    """Whether the model of the request belongs to the family that wrote the reasoning."""
    if not is_our_message(message):
        return False
    metadata = message.response_metadata
    source_family = _family(metadata.get("model_name")) or _PROVIDERS[metadata.get("model_provider")]
    target_family = _family(model.id if model is not None else host.name) or ("glm" if host.native else None)
    return source_family is None or target_family is None or source_family == target_family


def _family(name: Any) -> Family | None:
    """Return the family of a model's or host's name, to which gateways add prefixes (`moonshotai/Kimi-K2`)."""
    lower = str(name).lower()
    if "kimi" in lower or "moonshot" in lower:
        return "kimi"
    return "glm" if "glm" in lower else None
