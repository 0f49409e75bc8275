from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from langchain_glm.transport import retry

if TYPE_CHECKING:
    from tenacity import RetryCallState


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between tries, which are worked out and then not waited."""
    seconds: list[float] = []
    work_out = retry.Policy.wait

    def note(self: retry.Policy, state: RetryCallState) -> float:
        seconds.append(work_out(self, state))
        return 0.0

    monkeypatch.setattr(retry.Policy, "wait", note)
    return seconds
