"""Translate `usage` from endpoints into LangChain's `UsageMetadata`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["sum_usage", "to_usage_metadata"]


def to_usage_metadata(usage: Mapping[str, Any]) -> UsageMetadata:
    """Translate token counts. A detail that was not sent is absent; a detail that was sent as 0 stays 0.

    Args:
        usage: `prompt_tokens`, `completion_tokens`, `total_tokens`, and details if the host sends them:
            `prompt_tokens_details.cached_tokens` (GLM), `cached_tokens` at the top (Kimi),
            `cached_write_tokens` with its 5-minute and 1-hour parts (PhanEdge),
            `completion_tokens_details.reasoning_tokens`.

    Returns:
        `input_tokens` and `output_tokens` as sent (they include cached and reasoning tokens),
        `total_tokens`, `input_token_details`, `output_token_details`.
    """
    prompt = _details(usage, "prompt_tokens_details")
    completion = _details(usage, "completion_tokens_details")
    cached = prompt.get("cached_tokens")
    input_details = _counts(
        cache_read=usage.get("cached_tokens") if _count(cached) is None else cached,
        cache_creation=prompt.get("cached_write_tokens"),
        # the names of langchain-anthropic
        ephemeral_5m_input_tokens=prompt.get("cached_write_5m_tokens"),
        ephemeral_1h_input_tokens=prompt.get("cached_write_1h_tokens"),
        audio=prompt.get("audio_tokens"),
    )
    output_details = _counts(reasoning=completion.get("reasoning_tokens"), audio=completion.get("audio_tokens"))
    input_tokens = _count(usage.get("prompt_tokens")) or 0
    output_tokens = _count(usage.get("completion_tokens")) or 0
    total = _count(usage.get("total_tokens"))
    metadata = UsageMetadata(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        total_tokens=input_tokens + output_tokens if total is None else total,
    )
    if input_details:
        metadata["input_token_details"] = InputTokenDetails(**input_details)  # type: ignore[typeddict-item]
    if output_details:
        metadata["output_token_details"] = OutputTokenDetails(**output_details)  # type: ignore[typeddict-item]
    return metadata


def sum_usage(usages: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Add up the `usage` objects of several replies, with their details; values that are not counts are left out.

    Example:
        ```python
        sum_usage([{"total_tokens": 3}, {"total_tokens": 4}])  # {"total_tokens": 7}
        ```
    """
    total: dict[str, Any] = {}
    for usage in usages:
        _add_counts(total, usage)
        for name, details in usage.items():
            if isinstance(details, dict) and isinstance(total.setdefault(name, {}), dict):
                _add_counts(total[name], details)
    return total


def _add_counts(total: dict[str, Any], counts: Mapping[str, Any]) -> None:
    for name, count in _counts(**counts).items():
        if isinstance(before := total.get(name, 0), int):
            total[name] = before + count


def _counts(**sent: Any) -> dict[str, int]:
    return {name: count for name, value in sent.items() if (count := _count(value)) is not None}


def _details(usage: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = usage.get(name)
    return value if isinstance(value, dict) else {}


def _count(value: Any) -> int | None:
    """Return the value as a count, or `None`; some gateways send `10.0`."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
