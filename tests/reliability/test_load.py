"""The soak on a small count; `make soak` runs the large one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.reliability import soak

if TYPE_CHECKING:
    import pytest


def test_soak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "IDLE", 5.0)
    result = soak.run(300, 32, seed=2)
    assert (result.lost, result.sent_twice, result.mismatched) == ([], [], [])
    assert result.answered + sum(result.raised.values()) == 300
    assert sum(result.faults.values()) > 5
    assert result.peak_in_flight <= 32
    assert result.files[1] <= result.files[0]
    assert "p99" in result.show()


def test_the_soak_counts_what_goes_wrong() -> None:
    """Lost, sent twice and mismatched are found where they are."""
    result = soak.Result(5, seconds=1)
    outcomes = ["whole", None, "whole", "GLMServerError", "GLMTimeoutError"]
    notes = soak.Notes({0: ["whole"], 1: ["cut"], 2: ["whole", "whole"], 3: ["whole"], 4: ["code", "silence"]})
    soak.compare(result, outcomes, [1.0] * 5, notes)
    assert [text.partition(":")[0] for text in result.lost] == ["1", "3"]
    assert result.sent_twice == [2]
    assert (result.answered, dict(result.raised)) == (2, {"GLMTimeoutError": 1})
