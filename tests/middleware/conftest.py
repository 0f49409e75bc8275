"""Agents under test run sync, async and streamed, with v0 and with v1 content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.agents.conftest import model, version

if TYPE_CHECKING:
    from tests.agents.acting import Run

__all__ = ["model", "version"]


@pytest.fixture(params=["sync", "async", "streamed", "async streamed"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs an agent to its end; a stream holds tokens and states, and its last state is returned."""
    modes = ["messages", "values"]

    async def sync(agent: Any, given: Any, config: Any = None) -> Any:
        return agent.invoke(given, config)

    async def asynchronous(agent: Any, given: Any, config: Any = None) -> Any:
        return await agent.ainvoke(given, config)

    async def streamed(agent: Any, given: Any, config: Any = None) -> Any:
        return [part for mode, part in agent.stream(given, config, stream_mode=modes) if mode == "values"][-1]

    async def async_streamed(agent: Any, given: Any, config: Any = None) -> Any:
        parts = [part async for part in agent.astream(given, config, stream_mode=modes)]
        return [part for mode, part in parts if mode == "values"][-1]

    runs = {"sync": sync, "async": asynchronous, "streamed": streamed, "async streamed": async_streamed}
    return runs[request.param]
