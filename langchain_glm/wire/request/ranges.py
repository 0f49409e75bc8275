"""Check that settings are within GLM's ranges before they are sent.

Sources: the API descriptions of docs.z.ai and docs.bigmodel.cn, 2026-10, and recorded 400 replies of 2026.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from langchain_glm.errors import GLMValueError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.catalog.models import Model

__all__ = ["LENGTHS", "RANGES", "check_ranges"]

RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "temperature": (0, 1),  # 1210 for more was measured on BigModel, 2026-08-28
    "top_p": (0.01, 1),  # the same for more than 1
    "max_tokens": (1, 131_072),  # the message of a refusal names it, 2026-10-09
}
# The API descriptions, 2026-10; that values outside are refused, and with which code, is assumed.
LENGTHS: Final[Mapping[str, tuple[int, int]]] = {"request_id": (6, 64), "user_id": (6, 128)}


def check_ranges(settings: Mapping[str, Any], host: Host, model: Model | None) -> None:
    """Refuse a setting that is outside GLM's range.

    The ranges apply on Zhipu's own hosts, and to listed models on any host. The ranges of an unlisted model on another
    host are unknown, so nothing is checked.

    Args:
        settings: `ChatGLM`'s settings by name; those that are absent or `None` are not checked.
        host: the endpoint.
        model: the catalogue's entry; its output limit applies if it is higher than GLM's.

    Raises:
        GLMValueError: if a value is outside its range; the error names the field, the range and GLM's error code.

    Example:
        ```python
        check_ranges({"temperature": 1.2}, HOSTS["zai"], None)  # ValueError
        check_ranges({"temperature": 1.2}, GATEWAY, None)
        ```
    """
    if not host.native and (model is None or model.guessed_from):
        return
    for name, (low, high) in RANGES.items():
        value = settings.get(name)
        if name == "max_tokens" and model is not None:
            high = max(high, model.max_output)
        if value is not None and not low <= value <= high:
            raise GLMValueError(f"{name}={value} is outside GLM's range of {low} to {high} (1210).")
    for name, (shortest, longest) in LENGTHS.items():
        value = settings.get(name)
        if value is not None and not shortest <= len(value) <= longest:
            raise GLMValueError(f"{name} has {len(value)} characters; GLM accepts {shortest} to {longest} (1214).")
