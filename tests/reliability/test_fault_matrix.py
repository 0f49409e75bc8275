"""Every fault, in every way of asking, at every place: what is raised, what is sent, what is let go."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest

from langchain_glm import GLMError
from langchain_glm.testing import faults
from langchain_glm.transport.clients import requests_in_flight
from langchain_glm.transport.limits import shared_limit
from tests.reliability.fault_matrix import ROWS, Outcome, Row, table, table_in_chinese

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_core.messages import AIMessage

    from langchain_glm import ChatGLM
    from langchain_glm.testing import GLMServer

WAYS = ("invoke", "ainvoke", "stream", "astream", "events")


def ask(model: ChatGLM, way: str) -> tuple[str | None, int]:
    """The finish reason, and how many sockets are still held afterwards; all chunks are read."""

    async def collect() -> AIMessage:
        if way == "ainvoke":
            return await model.ainvoke("hi")
        *_, last = [chunk async for chunk in model.astream("hi")]
        return last

    async def on_a_loop() -> tuple[str | None, int]:
        try:
            return (await collect()).response_metadata.get("finish_reason"), 0
        finally:
            held.append(requests_in_flight())

    held: list[int] = []
    try:
        if way in ("ainvoke", "astream"):
            return asyncio.run(on_a_loop())
        if way == "invoke":
            return model.invoke("hi").response_metadata.get("finish_reason"), 0
        if way == "stream":
            *_, last = model.stream("hi")
            return last.response_metadata.get("finish_reason"), 0
        run: Any = model.stream_events("hi", version="v3")
        list(run)
        return run.output.response_metadata.get("finish_reason"), 0
    finally:
        until = time.monotonic() + 1  # another thread may still be reading on after the end
        while requests_in_flight() and time.monotonic() < until:
            time.sleep(0.001)
        assert sum(held) + requests_in_flight() == 0


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.name}-{row.place}".replace(" ", "-"))
def test_fault(row: Row, way: str, glm_server: GLMServer, make_model: Callable[..., ChatGLM]) -> None:
    glm_server.queue(row.fault, row.fault)
    expected = row.whole if way in ("invoke", "ainvoke") else row.streamed
    idle = {"idle": 0.3} if row.fault.kind == "silence" else None
    model = make_model(max_retries=1, max_concurrency=1, timeout=idle)
    try:
        seen = Outcome(finish_reason=ask(model, way)[0])
    except GLMError as error:
        partial = None if error.partial is None else error.partial.text
        seen = Outcome(error=type(error).__name__, code=error.code, requests=len(glm_server.requests), partial=partial)
    assert seen == expected
    assert len(glm_server.requests) == expected.requests
    assert len(glm_server.clear_queue()) == 2 - expected.requests
    assert shared_limit(glm_server.base_url, glm_server.api_key, 1).in_flight == 0


def test_no_kind_of_fault_is_left_out() -> None:
    kinds = {row.fault.kind for row in ROWS}
    elsewhere = {"json", "redirect", "wrong_mode", "empty", "left_open", "extra_bytes"}  # tests of transport and errors
    assert kinds | elsewhere == set(get_args(faults._Kind))
    reasons = {row.fault.reason for row in ROWS if row.fault.kind == "finish"}
    assert reasons == set(get_args(faults.FinishWord))


@pytest.mark.parametrize(("language", "printed"), [("en", table()), ("zh", table_in_chinese())], ids=("en", "zh"))
def test_the_printed_table_is_current(language: str, printed: str) -> None:
    document = Path(__file__).parents[2] / "docs" / language / "about" / "reliability.md"
    assert printed in document.read_text(encoding="utf-8"), "run: python -m tests.reliability.fault_matrix"
