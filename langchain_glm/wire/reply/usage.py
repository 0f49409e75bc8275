"""`usage` as endpoints send it → LangChain's `UsageMetadata`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["to_usage_metadata"]


def to_usage_metadata(usage: Mapping[str, Any]) -> UsageMetadata:
    """Translate token counts; a detail that was not sent is absent, one that was sent as 0 stays 0.

    Args:
        usage: `prompt_tokens`, `completion_tokens`, `total_tokens`, and details where the host sends them:
            `prompt_tokens_details.cached_tokens` (GLM), `cached_tokens` at the top (Kimi),
            `cached_write_tokens` with its 5-minute and 1-hour parts (PhanEdge),
            `completion_tokens_details.reasoning_tokens`.

    Returns:
        `input_tokens` and `output_tokens` as sent (cached and reasoning tokens are inside them),
        `total_tokens`, `input_token_details`, `output_token_details`.
    """
    prompt = _details(usage, "prompt_tokens_details")
    completion = _details(usage, "completion_tokens_details")
    cached = _count(prompt.get("cached_tokens"))
    counts: dict[str, int | None] = {
        "cache_read": _count(usage.get("cached_tokens")) if cached is None else cached,
        "cache_creation": _count(prompt.get("cached_write_tokens")),
        # langchain-anthropic's names for the same two numbers
        "ephemeral_5m_input_tokens": _count(prompt.get("cached_write_5m_tokens")),
        "ephemeral_1h_input_tokens": _count(prompt.get("cached_write_1h_tokens")),
        "audio": _count(prompt.get("audio_tokens")),
    }
    input_details = {name: count for name, count in counts.items() if count is not None}
    counts = {
        "reasoning": _count(completion.get("reasoning_tokens")),
        "audio": _count(completion.get("audio_tokens")),
    }
    output_details = {name: count for name, count in counts.items() if count is not None}
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


def _details(usage: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = usage.get(name)
    return value if isinstance(value, dict) else {}


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
