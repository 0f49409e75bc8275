"""`PlanFallbackMiddleware`: another model or host answers while a plan's quota is used up."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from langchain.agents.middleware import AgentMiddleware

from langchain_glm.errors import GLMQuotaError
from langchain_glm.notices import notify

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from langchain.agents.middleware import ModelRequest, ModelResponse
    from langchain_core.language_models import BaseChatModel

__all__ = ["PlanFallbackMiddleware"]

_TEN_MINUTES: Final = timedelta(minutes=10)


class PlanFallbackMiddleware(AgentMiddleware[Any, Any, Any]):
    """Let another model answer while the quota of a coding plan is used up; after the reset, the plan answers again.

    Give the agent the plan's model as its own. When it raises `GLMQuotaError` (1304, 1308, 1310, 1316 to 1321), the
    same request goes to `fallback`, and so do all requests until the error's `reset_at`. A warning says so, because the
    other model may be billed. An expired plan (1309) and every other error are raised.

    One object stands for one plan. Agents that use the same plan can share it, from any thread or event loop. Nothing
    is written to checkpoints, so another process asks the plan once and is refused.

    Args:
        fallback: the model that answers in the meantime, such as a `ChatGLM` with `host="zai"`.
        retry_after: the time after which the plan is tried again if the error does not say when the quota is reset, or
            gives a time in the past. Default: ten minutes, because a refused request costs nothing.
        now: returns the time with a time zone. Default: the system's clock.

    Example:
        ```python
        plan = ChatGLM(model="glm-5.3", host="zai-coding")
        paid = ChatGLM(model="glm-5.3", host="zai")
        agent = create_agent(plan, tools, middleware=[PlanFallbackMiddleware(paid)])
        ```
    """

    def __init__(
        self,
        fallback: BaseChatModel,
        *,
        retry_after: timedelta = _TEN_MINUTES,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        self.fallback = fallback
        self.retry_after = retry_after
        self.now = now
        self._until: datetime | None = None
        self._lock = threading.Lock()

    @property
    def used_up_until(self) -> datetime | None:
        """The time until which the fallback answers; `None` while the plan answers."""
        with self._lock:
            if self._until is not None and self._until <= self.now():
                self._until = None
            return self._until

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Ask the plan, or the fallback while the plan is used up."""
        if self.used_up_until is None:
            try:
                return handler(request)
            except GLMQuotaError as error:
                self._note(error)
        return handler(request.override(model=self.fallback))

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """Ask the plan, or the fallback while the plan is used up."""
        if self.used_up_until is None:
            try:
                return await handler(request)
            except GLMQuotaError as error:
                self._note(error)
        return await handler(request.override(model=self.fallback))

    def _note(self, error: GLMQuotaError) -> None:
        """Remember until when the plan is used up; of errors that come at the same time, the latest reset counts."""
        now = self.now()
        until = error.reset_at if error.reset_at and error.reset_at > now else now + self.retry_after
        with self._lock:
            self._until = max(until, self._until or until)
            until = self._until
        notify(
            f"The quota of the plan is used up (code {error.code}). Until {until:%Y-%m-%d %H:%M %Z}, the fallback of "
            "PlanFallbackMiddleware answers, which may be billed."
        )
