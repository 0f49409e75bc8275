"""BigModel's list prices in yuan, some of them by the length of the request and of the reply.

Source: bigmodel.cn/pricing as two public projects quote it (lidge-jun/opencodex#4444, RarogCmex/pi-bigmodel), gathered
2026-11-21. The page gives lengths in thousands of tokens. It has no price for GLM-4.6, GLM-4.5 and GLM-4.5-AirX.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.catalog.money import Price

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["YUAN_PRICES"]


def _yuan(*prices: float | None, **limits: int) -> Price:
    """Return prices of input, cached input and output."""
    settings: dict[str, Any] = {"date": "2026-11-21", "currency": "CNY", **limits}
    return Price(*prices, **settings)  # type: ignore[arg-type]


def _by_length(*prices: Price) -> Price:
    """Join prices into one: the first whose limits are kept applies."""
    return reduce(lambda longer, shorter: shorter._replace(otherwise=longer), reversed(prices))


_SHORT: Final = {"input_below": 32_000}
_SHORT_REPLY: Final = {**_SHORT, "output_below": 200}
_FREE: Final = _yuan(0, 0, 0)

YUAN_PRICES: Final[Mapping[str, Price]] = {
    "glm-5.3": _yuan(8, 2, 28),
    "glm-5.3-flash": _yuan(0.8, 0.23, 2.8),
    "glm-5.3-flashx": _yuan(2, 0.57, 7),
    "glm-5.2": _yuan(8, 2, 28),
    "glm-5.1": _by_length(_yuan(6, 1.3, 24, **_SHORT), _yuan(8, 2, 28)),
    "glm-5-turbo": _by_length(_yuan(5, 1.2, 22, **_SHORT), _yuan(7, 1.8, 26)),
    "glm-5v-turbo": _by_length(_yuan(5, 1.2, 22, **_SHORT), _yuan(7, 1.8, 26)),
    "glm-5": _by_length(_yuan(4, 1, 18, **_SHORT), _yuan(6, 1.5, 22)),
    "glm-4.7": _by_length(_yuan(2, 0.4, 8, **_SHORT_REPLY), _yuan(3, 0.6, 14, **_SHORT), _yuan(4, 0.8, 16)),
    "glm-4.7-flashx": _yuan(0.5, 0.1, 3),
    "glm-4.7-flash": _FREE,
    "glm-4.6v": _by_length(_yuan(1, 0.2, 3, **_SHORT), _yuan(2, 0.4, 6)),
    "glm-4.6v-flashx": _by_length(_yuan(0.15, None, 1.5, **_SHORT), _yuan(0.3, None, 3)),
    "glm-4.6v-flash": _FREE,
    "glm-4.5v": _by_length(_yuan(2, None, 6, **_SHORT), _yuan(4, None, 12)),
    "glm-4.5-air": _by_length(_yuan(0.8, 0.16, 2, **_SHORT_REPLY), _yuan(0.8, 0.16, 6, **_SHORT), _yuan(1.2, 0.24, 8)),
    "glm-4.5-flash": _FREE,
    "glm-4.1v-thinking-flashx": _yuan(2, None, 2),
    "glm-4.1v-thinking-flash": _FREE,
    "glm-4-flashx-250414": _yuan(0.1, 0.05, 0.1),
    "glm-4-flash-250414": _FREE,
}
"""By model id."""
