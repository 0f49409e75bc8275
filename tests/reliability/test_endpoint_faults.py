"""What every fault leads to on the endpoints other than chat, sync and async."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from langchain_glm import (
    GLMError,
    GLMKnowledgeRetriever,
    GLMOCRLoader,
    GLMRerank,
    GLMSearchResults,
    GLMSearchRetriever,
    GLMWebReader,
)
from langchain_glm.testing import Fault, GLMServer
from langchain_glm.testing.pdf import make_pdf
from langchain_glm.transport.clients import requests_in_flight
from langchain_glm.transport.limits import shared_limit
from tests.reliability.fault_matrix import ROWS, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Ask = tuple["Callable[[Any], Any]", "Callable[[Any], Any]"]

TEXTS = ["Cats sleep.", "Paris is the capital of France."]
CLASSES: dict[type[Any], Ask] = {
    GLMRerank: (
        lambda model: model.rerank("capital of France", TEXTS),
        lambda model: model.arerank("capital of France", TEXTS),
    ),
    GLMSearchResults: (lambda tool: tool.invoke("GLM"), lambda tool: tool.ainvoke("GLM")),
    GLMSearchRetriever: (lambda retriever: retriever.invoke("GLM"), lambda retriever: retriever.ainvoke("GLM")),
    GLMWebReader: (lambda tool: tool.invoke("https://docs.z.ai/"), lambda tool: tool.ainvoke("https://docs.z.ai/")),
    GLMOCRLoader: (lambda loader: loader.load(), lambda loader: loader.aload()),
    GLMKnowledgeRetriever: (lambda retriever: retriever.invoke("cats"), lambda retriever: retriever.ainvoke("cats")),
}
KNOWLEDGE = {"kb": {"cats.txt": TEXTS[0]}}
SETTINGS: dict[type[Any], dict[str, Any]] = {
    GLMWebReader: {"handle_tool_error": False, "page_timeout": 1},
    GLMOCRLoader: {"files": make_pdf(TEXTS)},
    GLMKnowledgeRetriever: {"knowledge_ids": list(KNOWLEDGE)},
}

BROKEN = {
    "cut": (Fault.cut(), Outcome(error="GLMConnectionError", requests=2)),
    "half_reply": (Fault.half_reply(), Outcome(error="GLMConnectionError", requests=2)),
    "reset": (Fault.reset(), Outcome(error="GLMConnectionError", requests=2)),
    "truncated_frame": (Fault.truncated_frame(), Outcome(error="GLMStreamError", requests=2)),
    "silence": (Fault.silence(60), Outcome(error="GLMTimeoutError", requests=1)),
    "empty": (Fault.empty(), Outcome(error="GLMServerError", requests=2)),
    "another reply": (Fault.json({"choices": [{}]}, status=200), Outcome(error="GLMServerError", requests=2)),
    "flat": (Fault.json({"code": 1000}, status=200), Outcome(error="GLMAuthenticationError", code="1000")),
    "redirect": (Fault.redirect("https://elsewhere.example/"), Outcome(error="GLMInvalidRequestError")),
}
FAULTS = {**{row.name: (row.fault, row.whole) for row in ROWS if row.place == "instead"}, **BROKEN}
OTHER_OUTCOMES = {
    # its errors have HTTP status 200, which says nothing about an unknown code
    (GLMKnowledgeRetriever, 'code("9999")'): Outcome(error="GLMServerError", code="9999", requests=2),
}


@pytest.fixture
def server() -> Iterator[GLMServer]:
    with GLMServer("bigmodel", knowledge=KNOWLEDGE) as running:
        yield running


def make(kind: type[Any], server: GLMServer, **settings: Any) -> Any:
    connection = {"host": "bigmodel", "base_url": server.base_url, "api_key": server.api_key}
    return kind(**connection, **SETTINGS.get(kind, {}), **settings)


def ask(model: Any, kind: type[Any], way: str) -> Any:
    async def on_a_loop() -> Any:
        try:
            return await CLASSES[kind][1](model)
        finally:
            assert requests_in_flight() == 0

    return CLASSES[kind][0](model) if way == "sync" else asyncio.run(on_a_loop())


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("name", FAULTS)
def test_fault(name: str, kind: type[Any], way: str, server: GLMServer) -> None:
    fault, expected = FAULTS[name]
    expected = OTHER_OUTCOMES.get((kind, name), expected)
    server.queue(fault, fault, path=kind._path)
    timeout = {"idle": 1.1} if fault.kind == "silence" else None
    model = make(kind, server, max_retries=1, max_concurrency=1, timeout=timeout)
    with pytest.raises(GLMError) as caught:
        ask(model, kind, way)
    error = caught.value
    assert Outcome(error=type(error).__name__, code=error.code, requests=len(server.requests)) == expected
    assert error.partial is None
    assert shared_limit(server.base_url, server.api_key, 1).in_flight == 0
    server.clear_queue()
    assert ask(model, kind, way)  # the connection after the fault is a new one


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize("kind", CLASSES)
def test_one_fault_is_overcome(kind: type[Any], way: str, server: GLMServer) -> None:
    server.queue(Fault.code("1302"), Fault.reset(), path=kind._path)
    model = make(kind, server, max_retries=2)
    assert ask(model, kind, way)
    assert len(server.requests) == 3


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize(
    ("fault", "retries"),
    [(Fault.left_open(), 0), (Fault.silence(0.01), 0), (Fault.extra_bytes(), 1)],  # the extra bytes answer a request
)
@pytest.mark.parametrize("kind", CLASSES)
def test_faults_that_do_no_harm(kind: type[Any], fault: Fault, retries: int, server: GLMServer) -> None:
    server.queue(fault, path=kind._path)
    model = make(kind, server, max_retries=retries)
    for _ in range(2):
        assert ask(model, kind, "sync")


@pytest.mark.parametrize("kind", CLASSES)
def test_an_account_without_balance(kind: type[Any]) -> None:
    with GLMServer("bigmodel", has_balance=False) as server:
        model = make(kind, server)
        with pytest.raises(GLMError) as caught:
            ask(model, kind, "sync")
        assert (type(caught.value).__name__, caught.value.code, len(server.requests)) == ("GLMBalanceError", "1113", 1)


CHAT_ONLY = ("chat", "streaming", "max_tokens", "messages")
"""Words of the chat, which have no meaning for the other endpoints."""
ADVICE = {
    "silence": (Fault.silence(60), {"idle": 1.1}),
    "total": (Fault.silence(60), {"total": 1.1}),
    "redirect": (Fault.redirect("https://elsewhere.example/"), None),
    "404": (Fault.http(404), None),
    "unsafe": (Fault.code("1301"), None),
}


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("name", ADVICE)
def test_advice_is_not_about_the_chat(name: str, kind: type[Any], server: GLMServer) -> None:
    fault, timeout = ADVICE[name]
    server.queue(fault, path=kind._path)
    with pytest.raises(GLMError) as caught:
        ask(make(kind, server, max_retries=0, timeout=timeout), kind, "sync")
    assert [word for word in CHAT_ONLY if word in (caught.value.hint or "")] == []
