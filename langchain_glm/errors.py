"""The exceptions of this package; they derive from LangChain's, so that its middleware understands them.

`catalog/codes.py` says which error code raises which class; `transport/error_body.py` reads an endpoint's error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.exceptions import (
    ContextOverflowError,
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelError,
    ModelInvalidRequestError,
    ModelNotFoundError,
    ModelPermissionDeniedError,
    ModelRateLimitError,
    ModelTimeoutError,
)

if TYPE_CHECKING:
    from datetime import datetime

    from langchain_core.messages import AIMessage

__all__ = [
    "GLMAuthenticationError",
    "GLMBalanceError",
    "GLMConnectTimeoutError",
    "GLMConnectionError",
    "GLMContentFilterError",
    "GLMContextOverflowError",
    "GLMError",
    "GLMInvalidRequestError",
    "GLMNotFoundError",
    "GLMOverloadedError",
    "GLMPermissionError",
    "GLMQuotaError",
    "GLMRateLimitError",
    "GLMServerError",
    "GLMStreamError",
    "GLMTimeoutError",
    "GLMToolChoiceError",
    "GLMValueError",
]


class GLMError(ModelError):
    """A request failed: before it was sent, on the way to the endpoint, or at the endpoint.

    `is_retryable` (from langchain-core) says whether the same request may succeed if it is sent again.

    Args:
        message: the endpoint's message, or a description of the failure.
        code: GLM's business code as a string (`"1302"`), or the gateway's code.
        status: the HTTP status; 200 if the error came within a reply.
        request_id: the endpoint's id of the request, which the endpoint's support asks for.
        response: the reply as a `Response` of httpx2 (or of httpx, if the user's client is one), already read and
            without the request's headers; `None` if none came.
        reset_at: when a used-up quota is reset (with a time zone), if the endpoint said so.
        retry_after: how many seconds the endpoint asked to wait.
        hint: what to do about it. Default: the hint of the class.
        partial: the part of the answer that had arrived, as a message.
        is_retryable: whether the same request may succeed if it is sent again. Default: that of the class.

    Example:
        ```python
        try:
            model.invoke("hi")
        except GLMQuotaError as error:
            print(error.code, error.reset_at, error.hint)
        ```
    """

    hint: str | None = None

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        response: Any = None,
        reset_at: datetime | None = None,
        retry_after: float | None = None,
        hint: str | None = None,
        partial: AIMessage | None = None,
        is_retryable: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.request_id = request_id
        self.response = response
        self.reset_at = reset_at
        self.retry_after = retry_after
        self.partial = partial
        if hint is not None:
            self.hint = hint
        if is_retryable is not None:
            self.is_retryable = is_retryable

    def __str__(self) -> str:
        """Return message, code, status and request id in one line, and the hint, if any, in a second."""
        facts = [
            text
            for text in (
                f"code {self.code}" if self.code else "",
                f"HTTP {self.status}" if self.status else "",
                f"request {self.request_id}" if self.request_id else "",
            )
            if text
        ]
        line = f"{self.message} ({', '.join(facts)})" if facts else self.message
        return f"{line}\n{self.hint}" if self.hint else line


class GLMAuthenticationError(GLMError, ModelAuthenticationError):
    """The key is missing, wrong or expired."""

    hint = "Check the key: it comes from api_key=… or from the host's environment variable."


class GLMPermissionError(GLMError, ModelPermissionDeniedError):
    """The account is not allowed to do this: it is locked, or its plan does not include the model."""

    hint = "Check in the endpoint's console what this account and this key are allowed to use."


class GLMBalanceError(GLMPermissionError):
    """The account has no balance or package for this endpoint. It is not retryable, although the HTTP status is 429."""

    hint = "Recharge the account or buy a package in the endpoint's console."


class GLMInvalidRequestError(GLMError, ModelInvalidRequestError):
    """The endpoint refuses the request because something in it is wrong."""

    hint: str | None = "Correct what the message names; without a change, the request will be refused again."


class GLMValueError(GLMInvalidRequestError, ValueError):
    """A message or a setting cannot be sent; raised before any byte is sent.

    The text names the field or the index and says what to do, so there is no hint. In a validator of pydantic it
    becomes part of a `ValidationError`, like every `ValueError`.

    Example:
        ```python
        raise GLMValueError("messages[2].content[0]: glm-5.2 cannot read images; leave this block out.")
        ```
    """

    hint = None


class GLMContextOverflowError(GLMInvalidRequestError, ContextOverflowError):
    """The prompt is longer than the model's context."""

    hint = "Shorten the conversation, for example with trim_messages or SummarizationMiddleware."


class GLMContentFilterError(GLMInvalidRequestError):
    """Content safety stopped the prompt or the answer (1301).

    Attributes:
        content_filter: the endpoint's `contentFilter` list: `{"role", "level"}`, where level 0 is the most severe.
    """

    hint = "Change what you send: content safety stopped it or the answer to it; `content_filter` may say which."
    content_filter: list[dict[str, Any]] | None = None


class GLMNotFoundError(GLMError, ModelNotFoundError):
    """The model or the path does not exist."""

    hint = "Check model=…; hosts and plans have different model ids."


class GLMRateLimitError(GLMError, ModelRateLimitError):
    """There are too many requests in flight, or they follow each other too quickly; a short wait helps."""

    hint = "Send fewer requests at the same time, for example with max_concurrency=…."


class GLMQuotaError(GLMError, ModelRateLimitError):
    """A quota is used up; requests fail until `reset_at`."""

    is_retryable = False
    hint = "Wait until the quota is reset (`reset_at`, if it is known), or use another model, plan or host."


class GLMOverloadedError(GLMError, ModelAPIError):
    """The service or the model is overloaded; a long wait helps."""

    hint = "Try again in a few minutes, or use another model."


class GLMServerError(GLMError, ModelAPIError):
    """The endpoint failed, although the request was valid."""

    hint = "Try again; if the error persists, give its request id to the endpoint's support."


class GLMConnectionError(GLMError, ModelConnectionError):
    """The endpoint could not be reached, or the connection broke."""

    hint = "Check base_url=…, the network and the proxy settings (HTTPS_PROXY, NO_PROXY)."


class GLMStreamError(GLMConnectionError):
    """A reply broke off or held data that cannot be read; `partial` holds what came before."""

    hint = "Try again; `partial` holds what came before, if anything did."


class GLMToolChoiceError(GLMError, ModelAPIError):
    """`tool_choice` demanded a tool call, but the model answered without one; `partial` is its answer."""

    is_retryable = False
    hint = "Also ask for the call in the prompt; force_tool_choice=… decides what happens if none comes."


class GLMTimeoutError(GLMError, ModelTimeoutError):
    """No byte arrived, or the call did not end, within the time limit; `partial` holds what came before.

    It is not retryable: the endpoint may still be serving the first request, and a second one would be billed too.
    """

    is_retryable = False
    hint = "Raise the limit that the message names, with timeout=Timeout(…), or use less thinking."


class GLMConnectTimeoutError(GLMConnectionError, GLMTimeoutError):
    """No connection was made within the time limit. It is retryable, because nothing was sent."""

    is_retryable = True
    hint = "Check base_url=…, the network and the proxy settings, or allow more time with timeout=Timeout(connect=…)."
