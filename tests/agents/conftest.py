"""Every agent runs with its thinking on, sync and async, with v0 and with v1 content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_glm import ChatGLM
    from tests.agents.acting import Run


@pytest.fixture(params=["v0", "v1"])
def version(request: pytest.FixtureRequest) -> str:
    """The `output_version` of the model."""
    return str(request.param)


@pytest.fixture(params=["sync", "async"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs an agent to its end."""

    async def sync(agent: Any, given: Any, config: Any = None) -> Any:
        return agent.invoke(given, config)

    async def asynchronous(agent: Any, given: Any, config: Any = None) -> Any:
        return await agent.ainvoke(given, config)

    return sync if request.param == "sync" else asynchronous


@pytest.fixture
def model(version: str, make_model: Callable[..., ChatGLM]) -> ChatGLM:
    """GLM-4.7 that thinks."""
    return make_model(thinking=True, output_version=version)
