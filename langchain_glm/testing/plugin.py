"""The pytest plugin: the fixture `glm_server`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_glm.testing.server import GLMServer

__all__ = ["glm_server"]


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker that chooses the host."""
    config.addinivalue_line("markers", "glm_host(name): the host whose dialect the glm_server fixture speaks")


@pytest.fixture
def glm_server(request: pytest.FixtureRequest) -> Iterator[GLMServer]:
    """A running `GLMServer`, new for each test; `zai` unless `@pytest.mark.glm_host("kimi")` says otherwise.

    Example:
        ```python
        def test_my_agent(glm_server):
            glm_server.queue(Fault.code("1302"))
        ```
    """
    from langchain_glm.testing.server import GLMServer

    marker = request.node.get_closest_marker("glm_host")
    with GLMServer(marker.args[0] if marker else "zai") as server:
        yield server
