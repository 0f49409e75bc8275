"""The file of profiles, loaded as tools load those of LangChain's packages."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import langchain_glm
from langchain_glm import MODELS
from langchain_glm.catalog.profiles import model_profile


def load() -> dict[str, dict[str, Any]]:
    """By its path, as Deep Agents Code does, without importing the package first."""
    path = Path(langchain_glm.__file__).parent / "data" / "_profiles.py"
    spec = importlib.util.spec_from_file_location("langchain_glm.data._profiles", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    profiles: dict[str, dict[str, Any]] = module._PROFILES
    return profiles


def test_every_model_has_its_profile() -> None:
    assert load() == {name: dict(model_profile(name)) for name in MODELS}


def test_what_menus_are_made_of() -> None:
    """The names are in the langchain-core that knows them."""
    known = model_profile("glm-5.2").keys()
    profiles = load()
    assert profiles["glm-5.2"]["tool_calling"] is True
    assert profiles["charglm-4"]["tool_calling"] is False
    assert type(profiles["glm-5.2"]) is dict
    if "reasoning_effort_levels" in known:
        assert profiles["glm-5.3"]["reasoning_effort_levels"] == ["low", "high", "max"]
        assert "reasoning_effort_levels" not in profiles["glm-4.7"]
