"""The integration tests against the embedded server, for every host, so that they are known to work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integration_tests.conftest import MODELS
from integration_tests.test_beyond_the_suite import *  # noqa: F403 - the tests themselves
from langchain_glm import HOSTS, ChatGLM
from langchain_glm.testing import GLMServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(params=HOSTS)
def make_model(request: pytest.FixtureRequest) -> Iterator[Callable[..., ChatGLM]]:
    """Make a `ChatGLM` that talks to a server of the host."""
    with GLMServer(request.param) as server:
        defaults = {"host": server.host, "base_url": server.base_url, "api_key": server.api_key}

        def make(**settings: Any) -> ChatGLM:
            return ChatGLM(**{"model": MODELS.get(server.host, "glm-4.7"), **defaults, **settings})

        yield make


def test_every_host_is_searched_or_has_no_search(make_model: Callable[..., ChatGLM]) -> None:
    """No test above is skipped on the embedded server for want of a result."""
    model = make_model(web_search=True)
    if model.endpoint_host.glm_tools:
        assert model.invoke("Search the web: what is new?").response_metadata["web_search"]
