"""An answer that content safety stopped, as an exception."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from langchain_core import exceptions

from langchain_glm.errors import GLMContentFilterError

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage

__all__ = ["is_refused", "refusal"]

_STOPPED_BY_CONTENT_SAFETY: Final = frozenset({"sensitive", "content_filter"})
"""Finish reasons of Zhipu's hosts and of gateways."""


def is_refused(message: BaseMessage) -> bool:
    """Whether content safety stopped an answer: it must not be asked for again."""
    return message.response_metadata.get("finish_reason") in _STOPPED_BY_CONTENT_SAFETY


def refusal(message: AIMessage) -> Exception:
    """Return what middleware knows as a refusal, where langchain-core has it (since 1.7.5)."""
    text = f"Content safety stopped the answer (finish_reason {message.response_metadata.get('finish_reason')})."
    core_error = getattr(exceptions, "ModelRefusalError", None)
    if core_error is not None:
        error: Exception = core_error(text, raw_message=message)
        return error
    stopped = GLMContentFilterError(text, partial=message)
    stopped.content_filter = message.response_metadata.get("content_filter")
    return stopped
