"""The pytest plugin: the fixture `glm_server`.

Every run of pytest loads this file, so it imports only pytest until the fixture is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from langchain_glm.testing import GLMServer

__all__ = ["glm_server"]

_SERVER: Final = pytest.StashKey["GLMServer"]()


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker that selects the host."""
    config.addinivalue_line("markers", "glm_host(name): the host that the glm_server fixture imitates")


@pytest.fixture
def glm_server(request: pytest.FixtureRequest) -> Iterator[GLMServer]:
    """A running `GLMServer`, new for each test. It imitates `zai`, or the host of `@pytest.mark.glm_host("kimi")`.

    A test that would pass fails if queued replies were never used, because the model was called less often than the
    test expects. If that is intended, end the test with `glm_server.clear_queue()`.

    Example:
        ```python
        def test_my_agent(glm_server):
            glm_server.queue(Fault.code("1302"))
        ```
    """
    try:
        from langchain_glm.testing import GLMServer
    except ImportError as error:
        pytest.fail(f"The fixture glm_server cannot start: {error}", pytrace=False)
    marker = request.node.get_closest_marker("glm_host")
    host = _marked_host(*marker.args, **marker.kwargs) if marker else "zai"
    with GLMServer(host) as server:
        request.node.stash[_SERVER] = server
        yield server


def _marked_host(name: str) -> str:
    """Return the host of the marker; Python's own `TypeError` reports other arguments."""
    return name


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail a test that has passed but leaves queued replies behind."""
    result = yield
    left = item.stash[_SERVER].clear_queue() if _SERVER in item.stash else []
    if left:
        pytest.fail(
            f"Queued replies that were never used ({len(left)}): {left[:3]}{' …' if left[3:] else ''}\n"
            "If that is intended, end the test with glm_server.clear_queue().",
            pytrace=False,
        )
    return result
