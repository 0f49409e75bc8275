"""What was asked of `thinking` and `reasoning_effort` → what this model on this host accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_glm.catalog.profiles import EFFORTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.catalog.profiles import Model

__all__ = ["resolve_thinking"]


def resolve_thinking(
    thinking: bool | Mapping[str, Any] | None,
    effort: str | None,
    model: Model | None,
    model_id: str,
    host: Host,
) -> tuple[dict[str, Any], list[str]]:
    """Decide which fields to send.

    GLM-5.3 refuses `disabled` and every effort but low, high and max (1210); models before GLM-5.2 ignore efforts;
    models before GLM-4.5 know neither. What a model cannot do becomes the nearest that it can, with a notice.

    Args:
        thinking: `True`, `False`, the endpoint's own object, or `None` for its default.
        effort: a word of `EFFORTS`, or `None`.
        model: what is known of the model; `None` sends everything as asked.
        model_id: its name, for notices.
        host: the endpoint.

    Returns:
        The fields `thinking` and `reasoning_effort` (those to send only), and notices for the user.
    """
    switch = {"type": "enabled" if thinking else "disabled"} if isinstance(thinking, bool) else dict(thinking or {})
    if model is None:
        return _fields(switch, effort), []
    notices: list[str] = []
    off = switch.get("type") == "disabled"
    if model.thinking == "none":
        if (switch and not off) or effort not in (None, "none"):
            notices.append(f"{model_id} does not think; thinking and reasoning_effort are left out.")
        return {}, notices
    if effort is not None and not model.efforts:
        if effort in ("none", "minimal"):
            off = True
        else:
            notices.append(f"{model_id} has no effort levels; reasoning_effort={effort!r} is left out.")
        effort = None
    if off and model.thinking == "always":
        off = False
        switch.pop("type", None)
        effort = model.efforts[0] if model.efforts else None
        instead = f"reasoning_effort={effort!r} is sent instead" if effort else "it is left on"
        notices.append(f"{model_id} always thinks and refuses to be switched off; {instead}.")
    elif effort is not None and effort not in model.efforts:
        nearest = _nearest(effort, model.efforts)
        notices.append(
            f"{model_id} knows reasoning_effort {', '.join(model.efforts)}; {nearest!r} is sent for {effort!r}."
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
    """The next accepted word upwards: medium → high, xhigh → max, as GLM's coding endpoints map them too."""
    rank = EFFORTS.index(effort)
    return next((word for word in accepted if EFFORTS.index(word) >= rank), accepted[-1])
