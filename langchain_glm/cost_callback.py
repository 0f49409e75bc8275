"""`CostCallbackHandler`: a LangChain callback that adds up what the replies of `ChatGLM` cost, by currency."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration

from langchain_glm.catalog.hosts import GATEWAY, HOSTS
from langchain_glm.catalog.money import Cost
from langchain_glm.catalog.prices import split_message_cost

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import LLMResult

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.catalog.money import Price

__all__ = ["CostCallbackHandler", "answer_in", "host_of"]


def host_of(invocation_params: Mapping[str, Any] | None) -> Host | None:
    """Return the host of a run, from what LangChain reports at its start; `None` if it is not a run of `ChatGLM`."""
    params = invocation_params or {}
    return HOSTS.get(str(params.get("host")), GATEWAY) if params.get("_type") == "glm-chat" else None


def answer_in(result: LLMResult) -> AIMessage | None:
    """Return the answer in a finished run's result."""
    generation = next((found for batch in result.generations for found in batch), None)
    message = generation.message if isinstance(generation, ChatGeneration) else None
    return message if isinstance(message, AIMessage) else None


class CostCallbackHandler(BaseCallbackHandler):
    """Adds up what the replies of `ChatGLM` cost, by currency.

    Each reply is priced by its own host, model and length; it does not matter which method made the call. One handler
    may be used by many threads. It does not count the replies of other chat models, nor calls that fail or streams that
    are not read to their end, because their usage is not known.

    Args:
        prices: your own prices by model id, as the endpoint names it; see `langchain_glm.cost`.

    Attributes:
        costs: the sum of the costs, by currency (`USD`, `CNY`).
        unknown: how many replies have no known cost, by model id: coding plans, gateways without `prices`, replies
            without usage.

    Example:
        ```python
        handler = CostCallbackHandler()
        agent.invoke({"messages": "Hello"}, {"callbacks": [handler]})
        handler.costs.get("USD", 0)
        ```
    """

    def __init__(self, prices: Mapping[str, Price] | None = None) -> None:
        super().__init__()
        self.prices = prices
        self.costs: dict[str, Cost] = {}
        self.unknown: dict[str, int] = {}
        self._hosts: dict[UUID, Host] = {}  # of the runs that have begun
        self._lock = threading.Lock()

    def on_chat_model_start(
        self, serialized: dict[str, Any], messages: list[list[BaseMessage]], *, run_id: UUID, **kwargs: Any
    ) -> None:
        """Note the host of a run."""
        del serialized, messages
        if host := host_of(kwargs.get("invocation_params")):
            self._hosts[run_id] = host

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        """Price a run that has ended."""
        del kwargs
        host, answer = self._hosts.pop(run_id, None), answer_in(response)
        if host is None or answer is None:
            return
        parts = split_message_cost(answer, host=host, prices=self.prices)
        with self._lock:
            if parts is None:
                model_id = str(answer.response_metadata.get("model_name"))
                self.unknown[model_id] = self.unknown.get(model_id, 0) + 1
            else:
                currency = parts[0].currency
                self.costs[currency] = self.costs.get(currency, Cost(0, currency)) + parts[0] + parts[1]

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Forget a run that has failed."""
        del error, kwargs
        self._hosts.pop(run_id, None)
