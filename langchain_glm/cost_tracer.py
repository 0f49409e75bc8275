"""`CostTracer`: LangSmith's tracer for LangChain, which also tells LangSmith what each reply of `ChatGLM` costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from langchain_core.outputs import ChatGeneration, Generation
from langchain_core.tracers import LangChainTracer

from langchain_glm.catalog.prices import split_message_cost
from langchain_glm.cost_callback import answer_in, host_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from langchain_core.outputs import LLMResult
    from langchain_core.tracers.schemas import Run

    from langchain_glm.catalog.money import Price

__all__ = ["CostTracer"]


class CostTracer(LangChainTracer):
    """Records runs in LangSmith with what they cost.

    Costs in US dollars become `input_cost`, `output_cost` and `total_cost` of the run's `usage_metadata`, which
    LangSmith adds up and shows. LangSmith knows no other currency, so the run's metadata also hold every cost, as
    `cost` and `cost_currency`. Messages are not changed, because LangChain cannot add usages that hold fractions.

    Args:
        args: the arguments of `LangChainTracer`.
        prices: your own prices by model id, as the endpoint names it; see `langchain_glm.cost`.
        kwargs: the keywords of `LangChainTracer`, such as `project_name` and `client`.

    Example:
        ```python
        agent.invoke({"messages": "Hello"}, {"callbacks": [CostTracer(project_name="support")]})
        ```

    Source: LangSmith's documents on cost tracking, 2026-11.
    """

    def __init__(self, *args: Any, prices: Mapping[str, Price] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prices = prices

    def copy_with_metadata_defaults(self, **defaults: Any) -> CostTracer:
        """Return a copy with other metadata and tags, as LangGraph asks for it, and the same prices."""
        copied = cast("CostTracer", super().copy_with_metadata_defaults(**defaults))
        copied.prices = self.prices
        return copied

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> Run:
        """Add the cost to the run before it is sent."""
        run, answer = self.run_map.get(str(run_id)), answer_in(response)
        host = host_of(run.extra.get("invocation_params")) if run else None
        parts = split_message_cost(answer, host=host, prices=self.prices) if answer and host else None
        if run is None or answer is None or parts is None:
            return super().on_llm_end(response, run_id=run_id, **kwargs)
        total = parts[0] + parts[1]
        metadata: dict[str, Any] = {"cost": float(total), "cost_currency": total.currency}
        if total.currency == "USD":
            spent = {"input_cost": float(parts[0]), "output_cost": float(parts[1]), "total_cost": float(total)}
            metadata["usage_metadata"] = {**(answer.usage_metadata or {}), **spent}
            response = _without_usage(response)
        run.add_metadata(metadata)
        return super().on_llm_end(response, run_id=run_id, **kwargs)


def _without_usage(response: LLMResult) -> LLMResult:
    """Return a copy whose messages hold no usage, with which the tracer would replace the one that has the costs."""
    generations = [[_bare(generation) for generation in batch] for batch in response.generations]
    return response.model_copy(update={"generations": generations})


def _bare(generation: Generation) -> Generation:
    if not isinstance(generation, ChatGeneration):
        return generation
    return generation.model_copy(update={"message": generation.message.model_copy(update={"usage_metadata": None})})
