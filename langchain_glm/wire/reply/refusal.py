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
    """Whether content safety stopped an answer; such a request must not be repeated."""
    return message.response_metadata.get("finish_reason") in _STOPPED_BY_CONTENT_SAFETY


def refusal(message: AIMessage) -> Exception:
    """Return LangChain's exception for a refusal; before langchain-core 1.7.5, which has none, return ours."""
    text = f"Content safety stopped the answer (finish_reason {message.response_metadata.get('finish_reason')})."
    core_error = getattr(exceptions, "ModelRefusalError", None)
    if core_error is not None:
        error: Exception = core_error(text, raw_message=message)
        return error
    stopped = GLMContentFilterError(text, partial=message)
    stopped.content_filter = message.response_metadata.get("content_filter")
    return stopped
