"""What every test shares: no keys from outside, no notices that an earlier test has given."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from langchain_glm import HOSTS, ChatGLM
from langchain_glm.catalog.hosts import GATEWAY
from langchain_glm.notices import notify
from langchain_glm.transport import retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tenacity import RetryCallState

    from langchain_glm.testing import GLMServer


# A shell ignores SIGINT for jobs in the background, and the programs that tests interrupt would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# On Python 3.14, langchain-core imports pydantic.v1, and some versions of pydantic then print a warning.
os.environ["PYTHONWARNINGS"] = "ignore:Core Pydantic V1 functionality:UserWarning"

# How long a test takes says more about the machine than about the code.
settings.register_profile("ours", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ours")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    variables = {name for host in (*HOSTS.values(), GATEWAY) for name in (*host.key_variables, *host.url_variables)}
    for name in variables & os.environ.keys():
        monkeypatch.delenv(name)
    notify.cache_clear()
    yield
    notify.cache_clear()


@pytest.fixture
def make_model(glm_server: GLMServer) -> Callable[..., ChatGLM]:
    """A `ChatGLM` that talks to the test server; keywords override."""

    def make(**settings: Any) -> ChatGLM:
        named: dict[str, Any] = {} if "model_name" in settings else {"model": "glm-4.7"}
        defaults: dict[str, Any] = {
            "host": glm_server.host,
            "base_url": glm_server.base_url,
            "api_key": glm_server.api_key,
        }
        return ChatGLM(**{**named, "max_retries": 0, **defaults, **settings})

    return make


@pytest.fixture
def key_in_environment(glm_server: GLMServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test server's key where unpickled models look for it: pickles hold none."""
    monkeypatch.setenv(HOSTS[glm_server.host].key_variable, glm_server.api_key)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """The file of a certificate for localhost that signs itself, with its key."""
    path = tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", path, "-out", tmp_path / "public.pem",
         "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    with path.open("ab") as file:
        file.write((tmp_path / "public.pem").read_bytes())
    return path


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between tries, which are worked out and then not waited."""
    seconds: list[float] = []
    work_out = retry.wait

    def note(state: RetryCallState) -> float:
        seconds.append(work_out(state))
        return 0.0

    monkeypatch.setattr(retry, "wait", note)
    return seconds
