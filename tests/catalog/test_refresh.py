"""The command that brings names, dates and prices up to date."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from scripts import refresh_models

if TYPE_CHECKING:
    from pathlib import Path

# As models.dev's api.json: providers, their models. Every fact is made up.
SOURCE: dict[str, Any] = {
    "zai": {
        "id": "zai",
        "env": ["ZHIPU_API_KEY"],
        "npm": "@ai-sdk/openai-compatible",
        "models": {
            "glm-5.2": {
                "id": "glm-5.2",
                "name": "GLM-5.2 renamed",
                "attachment": False,
                "reasoning": True,
                "tool_call": True,
                "temperature": True,
                "release_date": "2026-06-13",
                "last_updated": "2026-11-11",
                "modalities": {"input": ["text", "pdf"], "output": ["text"]},
                "open_weights": True,
                "limit": {"context": 777_777, "output": 131_072},
                "cost": {"input": 1, "output": 3.5, "cache_read": 0.2},
            },
            "glm-77": {"id": "glm-77", "name": "GLM-77"},
        },
    },
    "zhipuai": {
        "models": {
            "glm-5.2": {"name": "not looked at"},
            "glm-4-plus": {"name": "GLM-4-Plus", "status": "deprecated", "cost": {"input": 7, "output": 7}},
        }
    },
    "moonshotai": {"models": {"kimi-k2.6": {"name": "Kimi K2.6", "cost": {"input": 0.5, "output": 2}}}},
    "openai": {"models": {"gpt-0": {"name": "of nobody's concern"}}},
}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A copy of the table."""
    copy = tmp_path / "models.py"
    copy.write_text(refresh_models.TABLE.read_text(encoding="utf-8"), encoding="utf-8")
    return copy


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "api.json"
    path.write_text(json.dumps(SOURCE))
    return path


def read(table: Path) -> dict[str, Any]:
    namespace: dict[str, Any] = {}
    exec(table.read_text(encoding="utf-8"), namespace)
    return namespace


def test_it_writes_what_models_dev_says_and_nothing_else(table: Path, source: Path) -> None:
    before = read(table)
    assert refresh_models.main([str(source), "--write", "--date", "2026-11-12"], table) == 0
    after = read(table)
    assert after["REFRESHED"]["glm-5.2"] == {
        "name": "GLM-5.2 renamed",
        "release_date": "2026-06-13",
        "last_updated": "2026-11-11",
        "open_weights": True,
        "price": (1.0, 0.2, 3.5, "2026-11-12"),
    }
    assert after["REFRESHED"]["kimi-k2.6"]["price"] == (0.5, None, 2.0, "2026-11-12")
    # BigModel bills in yuan, so its provider gives no price in dollars.
    assert after["REFRESHED"]["glm-4-plus"] == {"name": "GLM-4-Plus", "status": "deprecated"}
    assert after["REFRESHED"]["glm-5.3"] == before["REFRESHED"]["glm-5.3"]
    for name in ("GLM", "KIMI", "GLM_DEFAULTS", "KIMI_DEFAULTS", "EFFORTS"):
        assert after[name] == before[name]
    assert (
        table.read_text().partition(refresh_models.MARK)[0]
        == (refresh_models.TABLE.read_text().partition(refresh_models.MARK)[0])
    )


def test_it_shows_the_difference_and_what_it_leaves_alone(
    table: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = table.read_text()
    refresh_models.main([str(source), "--date", "2026-11-12"], table)
    shown = capsys.readouterr().out.splitlines()
    assert table.read_text() == before  # without --write
    assert '-        "name": "GLM-5.2",' in shown
    assert '+        "name": "GLM-5.2 renamed",' in shown
    assert "left alone: glm-5.2: context is 1000000 by hand, 777777 on models.dev" in shown
    assert "left alone: glm-5.2: inputs is [] by hand, ['file'] on models.dev" in shown
    assert "left alone: glm-77: has no line by hand" in shown
    assert not [line for line in shown if "gpt-0" in line or "max_output" in line]


def test_a_fact_by_hand_is_kept_and_named(table: Path) -> None:
    line = '    "glm-5.1": {"tool_stream": True},\n'
    text = table.read_text().replace(line, line.replace("True}", 'True, "name": "Mine"}'))
    source = {"zai": {"models": {"glm-5.1": {"name": "Theirs"}}}}
    after, notes = refresh_models.refresh(text, source, "2026-11-12")
    assert '"name": "Mine"' in after
    assert "glm-5.1: name is 'Mine' by hand, 'Theirs' on models.dev" in notes


def test_a_second_run_changes_nothing() -> None:
    once, _ = refresh_models.refresh(refresh_models.TABLE.read_text(), SOURCE, "2026-11-12")
    twice, _ = refresh_models.refresh(once, SOURCE, "2026-11-12")
    assert once == twice


def test_a_table_without_its_mark_is_refused() -> None:
    with pytest.raises(ValueError, match="mark"):
        refresh_models.refresh("GLM = {}", SOURCE, "2026-11-12")
