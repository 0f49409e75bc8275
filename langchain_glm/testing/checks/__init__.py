"""The checks of requests: functions that return the problem of a request, or `None`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_glm.testing.checks.access import check_access
from langchain_glm.testing.checks.kimi import check_kimi
from langchain_glm.testing.checks.messages import check_messages
from langchain_glm.testing.checks.settings import check_length, check_settings
from langchain_glm.testing.checks.tools import check_tools
from langchain_glm.testing.refusals import Problem
from langchain_glm.testing.turn import is_kimi, serving_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_glm.catalog.hosts import Host

__all__ = ["check_access", "check_request"]


def check_request(body: Mapping[str, Any], host: Host) -> Problem | None:
    """Return the first reason to refuse a request, or `None`.

    Args:
        body: the parsed JSON body.
        host: the host whose rules apply.

    Example:
        ```python
        check_request({"model": "glm-4.7", "messages": []}, HOSTS["zai"])  # Problem("1214", "messages")
        ```
    """
    model = serving_model(body.get("model"), host)
    if model is None:
        return Problem("1211", str(body.get("model")))
    checks = (
        (check_kimi, check_length) if is_kimi(host) else (check_messages, check_settings, check_tools, check_length)
    )
    return next((problem for check in checks if (problem := check(body, model, host))), None)
