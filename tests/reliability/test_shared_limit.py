"""The documented limiter for a fleet: first come first served, across processes, and robust against dead ones."""

from __future__ import annotations

import asyncio
import importlib.util
import multiprocessing
import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from langchain_glm import ChatGLM, GLMTimeoutError
from langchain_glm.testing import GLMServer, Reply
from langchain_glm.transport.limits import InFlightLimiter

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]


def load(name: str) -> Any:
    """A module of `examples`, as a script that stands beside it imports it."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def make_limiter(tmp_path: Path) -> Callable[[int], Any]:
    return lambda limit: load("shared_limit").SQLiteLimiter(str(tmp_path / "limit.db"), limit)


def line(limiter: Any) -> list[str]:
    """The tickets of those who run or wait, first come first."""
    return [ticket for (ticket,) in limiter._run("SELECT ticket FROM line ORDER BY place")]


def test_it_is_a_limiter(make_limiter: Callable[[int], Any]) -> None:
    assert isinstance(make_limiter(1), InFlightLimiter)


async def test_first_come_first_served(make_limiter: Callable[[int], Any]) -> None:
    one, other = make_limiter(1), make_limiter(1)  # as in two processes
    ticket = one.acquire(None)
    waiting = [asyncio.create_task((one, other)[number % 2].aacquire(None)) for number in range(4)]
    await asyncio.sleep(0)
    assert len(waited := line(one)[1:]) == 4
    tickets = []
    for task in waiting:
        one.release(ticket, overloaded=False)
        ticket = await task
        tickets.append(ticket)
    assert tickets == waited
    other.release(ticket, overloaded=False)
    assert line(one) == []


async def test_who_gives_up_leaves_the_line(make_limiter: Callable[[int], Any]) -> None:
    limiter = make_limiter(1)
    ticket = limiter.acquire(None)
    with pytest.raises(GLMTimeoutError, match="in flight"):
        limiter.acquire(0.01)
    with pytest.raises(GLMTimeoutError):
        await limiter.aacquire(0.01)
    task = asyncio.create_task(limiter.aacquire(None))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert line(limiter) == [ticket]


def test_places_of_the_dead_lapse(make_limiter: Callable[[int], Any]) -> None:
    limiter = make_limiter(1)
    limiter.acquire(None)
    with pytest.raises(GLMTimeoutError):
        limiter.acquire(0)
    limiter._run("UPDATE line SET lapses = 1")  # long ago
    assert limiter.acquire(0)


@pytest.mark.parametrize("lapse", ["UPDATE line SET lapses = 1", "DELETE FROM line"])
async def test_who_slept_too_long_stands_in_line_anew(make_limiter: Callable[[int], Any], lapse: str) -> None:
    """Others may have run past: its old place would put one more in flight than the limit."""
    limiter = make_limiter(1)
    limiter.pause = 0
    first = limiter.acquire(None)
    task = asyncio.create_task(limiter.aacquire(None))
    await asyncio.sleep(0)
    slept = line(limiter)[1]
    limiter._run(f"{lapse} WHERE ticket = :ticket", ticket=slept)
    limiter.release(first, overloaded=False)
    running = limiter.acquire(0)
    for _ in range(5):  # looks at the line
        await asyncio.sleep(0)
    assert (task.done(), line(limiter)) == (False, [running, slept])
    limiter.release(running, overloaded=False)
    assert await task == slept


def _ask(model: ChatGLM, prompts: list[str], answers: Any) -> None:
    answers.put([answer.text for answer in asyncio.run(model.abatch([*prompts]))])


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_processes_share_the_limit(make_limiter: Callable[[int], Any], make_model: Callable[..., ChatGLM]) -> None:
    """The server refuses what is too much; nothing is."""
    with GLMServer(max_in_flight=3, replies=[Reply("ok", delay=0.01)] * 60) as server:
        model = make_model(base_url=server.base_url, api_key=server.api_key, max_concurrency=make_limiter(3))
        context = multiprocessing.get_context("fork")
        answers = context.Queue()
        children = [context.Process(target=_ask, args=(model, ["hi"] * 20, answers)) for _ in range(3)]
        for child in children:
            child.start()
        assert [answers.get(timeout=60) for _ in children] == [["ok"] * 20] * 3
        for child in children:
            child.join()
        assert {request.status for request in server.requests} == {200}
        assert server.peak_in_flight == 3


@pytest.mark.usefixtures("key_in_environment")
@pytest.mark.filterwarnings("ignore:A key was left out")
def test_it_goes_along_in_a_pickle(
    make_model: Callable[..., ChatGLM], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = load("shared_limit")
    monkeypatch.setitem(sys.modules, "shared_limit", module)
    limiter = module.SQLiteLimiter(str(tmp_path / "limit.db"), 2)
    copy = pickle.loads(pickle.dumps(make_model(max_concurrency=limiter)))
    assert (copy.max_concurrency.path, copy.max_concurrency.limit) == (limiter.path, 2)
    assert copy.invoke("hi").text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_documents_show_the_file(language: str) -> None:
    source = (ROOT / "examples" / "shared_limit.py").read_text(encoding="utf-8")
    assert f"```python\n{source}```" in (ROOT / f"docs/{language}/how-to/limits.md").read_text(encoding="utf-8")
