"""Translate `thinking` and `reasoning_effort` into what the model accepts on this host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.catalog.models import EFFORTS
from langchain_glm.errors import GLMValueError

if TYPE_CHECKING:
    from langchain_glm.catalog.hosts import Host
    from langchain_glm.catalog.models import Model

__all__ = ["check_thinking", "resolve_thinking"]

_SWITCH: Final = {"enabled": True, "disabled": False}
_FIELDS: Final = ("type", "clear_thinking", "keep")
"""The fields of `thinking`: GLM's (docs.z.ai, 2026-10) and Kimi's (platform.moonshot.ai, 2026-10)."""

_KNOWN_FORMS: Final = (
    'give True, False, "enabled", "disabled", or an object such as {"type": "enabled", "clear_thinking": False}; '
    'its type is "enabled" or "disabled"'
)


def check_thinking(value: object) -> bool | dict[str, Any] | None:
    """Check a value of the setting `thinking`, and normalize it for `resolve_thinking`.

    Args:
        value: a bool, `"enabled"`, `"disabled"`, the endpoint's own object, `{"enabled": bool}`, or `None`.
            Unknown fields of the object are kept.

    Returns:
        A bool, the endpoint's own object, or `None`.

    Raises:
        GLMValueError: for any other value, because the endpoint would refuse it (1210); the error lists the valid ones.

    Example:
        ```python
        check_thinking({"enabled": True})  # {"type": "enabled"}
        ```

    Sources: the API descriptions of docs.z.ai and docs.bigmodel.cn, 2026-10.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value in _SWITCH:
        return _SWITCH[value]
    if not isinstance(value, Mapping):
        raise GLMValueError(f"thinking={value!r} is not valid; {_KNOWN_FORMS}.")
    fields = {name: item for name, item in value.items() if name != "enabled"}
    if isinstance(enabled := value.get("enabled"), bool):
        fields.setdefault("type", "enabled" if enabled else "disabled")
    kind = fields.get("type", "enabled")
    if not isinstance(kind, str) or kind not in _SWITCH or ("enabled" in value and _SWITCH[kind] is not enabled):
        raise GLMValueError(f"thinking={dict(value)!r} is not valid; {_KNOWN_FORMS}.")
    if not isinstance(fields.get("clear_thinking", False), bool):
        raise GLMValueError(f"thinking: clear_thinking={fields['clear_thinking']!r} must be True or False.")
    return fields


def resolve_thinking(
    thinking: object,
    effort: str | None,
    model: Model | None,
    model_id: str,
    host: Host,
) -> tuple[dict[str, Any], list[str]]:
    """Decide which fields to send.

    GLM-5.3 refuses `disabled` and every effort except low, high and max (1210); models before GLM-5.2 ignore the
    effort; models before GLM-4.5 have neither setting. If a model does not support a value, the nearest value that it
    supports is sent instead, with a notice.

    Args:
        thinking: a value that `check_thinking` accepts; `None` is the model's default.
        effort: a value of `EFFORTS`, or `None`.
        model: the catalogue's entry; `None` sends everything unchanged.
        model_id: the model's id, for notices.
        host: the endpoint.

    Returns:
        The fields `thinking` and `reasoning_effort`, if they are to be sent, and notices for the user.

    Raises:
        GLMValueError: if `thinking` is not valid; see `check_thinking`.

    Sources: the thinking pages of docs.z.ai, 2026-10-07; refusals of GLM-5.3 measured 2026-09-14; an ignored effort was
    recorded with GLM-4.7-Flash, 2026-03. That earlier models refuse `thinking` is assumed, so it is not sent to them.
    """
    checked = check_thinking(thinking)
    switch = {"type": "enabled" if checked else "disabled"} if isinstance(checked, bool) else checked or {}
    if model is None:
        return _fields(switch, effort), []
    off = switch.get("type") == "disabled"
    if model.thinking == "none":
        if (switch and not off) or effort not in (None, "none"):
            return {}, [f"{model_id} does not think; thinking and reasoning_effort are not sent."]
        return {}, []
    notices: list[str] = []
    if switch.pop("budget_tokens", None) is not None:
        instead = "; reasoning_effort limits its thinking" if model.efforts else ""
        notices.append(f"{model_id} has no thinking budget; budget_tokens is not sent{instead}.")
    if model.thinking_object and (unknown := ", ".join(name for name in switch if name not in _FIELDS)):
        notices.append(f"{model_id}: thinking has no known field {unknown}; it is sent unchanged.")
    if effort is not None and not model.efforts:
        if effort in ("none", "minimal"):
            off = True
        else:
            notices.append(f"{model_id} has no levels of effort; reasoning_effort={effort!r} is not sent.")
        effort = None
    if off and model.thinking == "always":
        off = False
        switch.pop("type", None)
        effort = model.efforts[0] if model.efforts else None
        instead = f"reasoning_effort={effort!r} is sent instead" if effort else "thinking stays on"
        notices.append(f"{model_id} cannot stop thinking; {instead}.")
    elif effort is not None and effort not in model.efforts:
        nearest = _nearest(effort, model.efforts)
        notices.append(
            f"{model_id} accepts reasoning_effort {', '.join(model.efforts)}; "
            f"{nearest!r} is sent instead of {effort!r}."
        )
        effort = nearest
    if off:
        return {"thinking": {**switch, "type": "disabled"}}, notices
    if not model.thinking_object:
        return _fields({}, effort), notices
    if host.keeps_reasoning and effort != "none":
        switch = {**model.keep_reasoning, **switch}
    return _fields(switch, effort), notices


def _fields(switch: dict[str, Any], effort: str | None) -> dict[str, Any]:
    return ({"thinking": switch} if switch else {}) | ({"reasoning_effort": effort} if effort else {})


def _nearest(effort: str, accepted: tuple[str, ...]) -> str:
    """Return the next higher effort that is accepted: medium → high, xhigh → max, as coding plans map it (2026-10)."""
    rank = EFFORTS.index(effort)
    return next((word for word in accepted if EFFORTS.index(word) >= rank), accepted[-1])
