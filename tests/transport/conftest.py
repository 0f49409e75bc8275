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
    work_out = retry._Wait.__call__

    def note(self: retry._Wait, state: RetryCallState) -> float:
        seconds.append(work_out(self, state))
        return 0.0

    monkeypatch.setattr(retry._Wait, "__call__", note)
    return seconds
