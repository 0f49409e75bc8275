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
def file(tmp_path: Path) -> Path:
    """A copy of the generated file."""
    copy = tmp_path / "models_dev.py"
    copy.write_text(refresh_models.FILE.read_text(encoding="utf-8"), encoding="utf-8")
    return copy


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "api.json"
    path.write_text(json.dumps(SOURCE))
    return path


def facts_in(text: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {}
    exec(text, namespace)
    facts: dict[str, Any] = namespace["MODELS_DEV"]
    return facts


def test_it_writes_what_models_dev_says_and_keeps_the_rest(file: Path, source: Path) -> None:
    before = facts_in(file.read_text())
    assert refresh_models.main([str(source), "--write", "--date", "2026-11-12"], file) == 0
    after = facts_in(file.read_text())
    assert after.pop("glm-5.2") == {
        "name": "GLM-5.2 renamed",
        "release_date": "2026-06-13",
        "last_updated": "2026-11-11",
        "open_weights": True,
        "price": (1.0, 0.2, 3.5, "2026-11-12"),
    }
    assert after.pop("kimi-k2.6") == {**before["kimi-k2.6"], "price": (0.5, None, 2.0, "2026-11-12")}
    # BigModel bills in yuan, so its provider gives no price in dollars.
    assert after.pop("glm-4-plus") == {"name": "GLM-4-Plus", "status": "deprecated"}
    assert after == {model_id: facts for model_id, facts in before.items() if model_id not in ("glm-5.2", "kimi-k2.6")}


def test_it_shows_the_difference_and_what_it_leaves_alone(
    file: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = file.read_text()
    refresh_models.main([str(source), "--date", "2026-11-12"], file)
    shown = capsys.readouterr().out.splitlines()
    assert file.read_text() == before  # without --write
    assert '-        "name": "GLM-5.2",' in shown
    assert '+        "name": "GLM-5.2 renamed",' in shown
    assert "left alone: glm-5.2: context is 1000000 here, 777777 on models.dev" in shown
    assert "left alone: glm-5.2: inputs is [] here, ['file'] on models.dev" in shown
    assert "left alone: glm-77 is not listed" in shown
    assert not [line for line in shown if "gpt-0" in line or "max_output" in line]


def test_the_file_is_what_the_command_writes() -> None:
    assert refresh_models.refresh({}, "2026-11-12") == (refresh_models.FILE.read_text(encoding="utf-8"), [])
