"""Every fault, in every way of asking, at every place: what is raised, what is sent, what is let go."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest

from langchain_glm import GLMError
from langchain_glm.testing import faults
from langchain_glm.transport import pool
from langchain_glm.transport.limits import shared_limiter
from tests.reliability.fault_matrix import ROWS, Outcome, Row, table

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
            held.append(pool.in_use())

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
        assert sum(held) + pool.in_use() == 0


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
    assert shared_limiter(glm_server.base_url, glm_server.api_key, 1).in_flight == 0


def test_no_kind_of_fault_is_left_out() -> None:
    kinds = {row.fault.kind for row in ROWS}
    assert kinds == set(get_args(faults._Kind))
    reasons = {row.fault.reason for row in ROWS if row.fault.kind == "finish"}
    assert reasons == set(get_args(faults.FinishWord))


def test_the_printed_table_is_current() -> None:
    document = Path(__file__).parents[2] / "docs" / "reliability.md"
    assert table() in document.read_text(encoding="utf-8"), "run: python -m tests.reliability.fault_matrix"
