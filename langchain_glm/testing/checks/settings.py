"""The settings of a request: their ranges and values, and settings that a model does not accept.

Ranges: the API descriptions of both hosts. Refusals: recorded 400 replies of 2026.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from langchain_glm.catalog.profiles import EFFORTS, Model
from langchain_glm.testing.refusals import Problem
from langchain_glm.testing.tokens import prompt_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from langchain_glm.catalog.hosts import Host

__all__ = ["check_length", "check_settings"]

_LOWEST: Final = {"temperature": 0, "top_p": 0.01, "max_tokens": 1}
_LENGTHS: Final = {"request_id": (6, 64), "user_id": (6, 128)}
_RESPONSE_FORMATS: Final = ("text", "json_object", "json_schema")


def check_settings(body: Mapping[str, Any], model: Model, host: Host) -> Problem | None:
    """Return the first setting that GLM refuses, or `None`; unknown fields and null are ignored."""
    checks: tuple[Callable[[Mapping[str, Any], Model, Host], Problem | None], ...] = (
        _ranges,
        _thinking,
        _effort,
        _response_format,
        _stop,
        _ids,
        _metadata,
    )
    return next((problem for check in checks if (problem := check(body, model, host))), None)


def check_length(body: Mapping[str, Any], model: Model, _: Host) -> Problem | None:
    """Refuse a prompt that is longer than the model's context (1261)."""
    return Problem("1261") if prompt_tokens(body) > model.context else None


def _ranges(body: Mapping[str, Any], model: Model, _: Host) -> Problem | None:
    if not model.id.startswith("glm-"):  # gateways serve other families under other rules
        return None
    for name, low in _LOWEST.items():
        high = model.max_output if name == "max_tokens" else 1
        value = body.get(name)
        number = int if name == "max_tokens" else (int, float)
        if value is not None and (isinstance(value, bool) or not isinstance(value, number) or not low <= value <= high):
            return Problem("1210", f"{name} [{low}, {high}]")
    return None


def _thinking(body: Mapping[str, Any], model: Model, host: Host) -> Problem | None:
    thinking = body.get("thinking")
    if thinking is None:
        return None
    kind = thinking.get("type") if isinstance(thinking, dict) else ""
    if kind not in (None, "enabled", "disabled"):
        return Problem("1210", "thinking.type")
    if kind == "disabled" and model.thinking == "always" and not host.coding_plan:
        return Problem("1210", f"{model.id} always thinks; use reasoning_effort")
    return None


def _effort(body: Mapping[str, Any], model: Model, host: Host) -> Problem | None:
    effort = body.get("reasoning_effort")
    if effort is None:
        return None
    # Models without the setting ignore it.
    allowed = EFFORTS if host.coding_plan or not model.efforts else model.efforts
    return None if effort in allowed else Problem("1210", f"reasoning_effort {list(allowed)}")


def _response_format(body: Mapping[str, Any], model: Model, _: Host) -> Problem | None:
    response_format = body.get("response_format")
    if response_format is None:
        return None
    kind = response_format.get("type") if isinstance(response_format, dict) else None
    if kind not in _RESPONSE_FORMATS:
        return Problem("1214", "response_format.type")
    return None if kind == "text" or model.json_mode else Problem("1210", "response_format")


def _stop(body: Mapping[str, Any], _: Model, host: Host) -> Problem | None:
    stop = body.get("stop")
    if stop is None or (isinstance(stop, str) and not host.native):
        return None
    return None if isinstance(stop, list) and all(isinstance(word, str) for word in stop) else Problem("1214", "stop")


def _ids(body: Mapping[str, Any], _: Model, host: Host) -> Problem | None:
    for name, (low, high) in _LENGTHS.items():
        value = body.get(name)
        if value is None or (name == "request_id" and not host.native and isinstance(value, str)):
            continue
        if not isinstance(value, str) or not low <= len(value) <= high:
            return Problem("1214", name)
    return None


def _metadata(body: Mapping[str, Any], _: Model, host: Host) -> Problem | None:
    return Problem("1210", "metadata") if host.native and body.get("metadata") is not None else None
