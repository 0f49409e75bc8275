"""What all endpoints other than chat have in common on the test server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from langchain_glm.testing import Fault, GLMServer, Reply
from tests.testing.asking import ask, post

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = {"model": "embedding-3", "input": "x", "dimensions": 4}
PATH = "/embeddings"


@pytest.fixture
def server() -> Iterator[GLMServer]:
    with GLMServer("bigmodel") as running:
        yield running


def test_each_path_has_a_queue_of_its_own(server: GLMServer) -> None:
    server.queue(Reply("Scripted."))
    server.queue(Fault.code("1302"), path=PATH)
    assert post(server, BODY, path=PATH).json()["error"]["code"] == "1302"
    assert post(server, BODY, path=PATH).status_code == 200
    assert ask(server, "Hello").json()["choices"][0]["message"]["content"] == "Scripted."


def test_a_refused_request_leaves_the_queue_alone(server: GLMServer) -> None:
    server.queue(Fault.http(502), path=PATH)
    assert post(server, {**BODY, "input": []}, path=PATH).json()["error"]["code"] == "1214"
    assert post(server, BODY, path=PATH).status_code == 502


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        (Fault.code("1305", retry_after=2), 429, '"code":"1305"'),
        (Fault.in_stream("1234"), 500, '"code":"1234"'),
        (Fault.error_in_200("1305"), 200, '"code":"1305"'),
        (Fault.bare_string(), 429, '{"error":"too many requests"}'),
        (Fault.json({"code": 1000, "success": False}, status=200), 200, '{"code":1000,"success":false}'),
        (Fault.empty(), 200, ""),
        (Fault.left_open(), 200, '"embedding":['),
        (Fault.extra_bytes(b"x"), 200, '"embedding":['),
        (Fault.silence(0.01), 200, '"embedding":['),
    ],
)
def test_faults_with_a_complete_answer(server: GLMServer, fault: Fault, status: int, text: str) -> None:
    server.queue(fault, path=PATH)
    answer = post(server, BODY, path=PATH)
    assert answer.status_code == status
    assert text in answer.text


@pytest.mark.parametrize("fault", [Fault.cut(), Fault.half_reply(), Fault.reset()])
def test_faults_that_break_the_answer_off(server: GLMServer, fault: Fault) -> None:
    server.queue(fault, path=PATH)
    with pytest.raises(httpx.TransportError):
        post(server, BODY, path=PATH)


def test_a_truncated_body_is_no_json(server: GLMServer) -> None:
    server.queue(Fault.truncated_frame(), path=PATH)
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        post(server, BODY, path=PATH).json()


@pytest.mark.parametrize(
    "item", [Reply("x"), Fault.finish("sensitive"), Fault.wrong_mode(), Fault.cut(reply=Reply("x"))]
)
def test_what_only_the_chat_can_answer_is_refused(server: GLMServer, item: Reply | Fault) -> None:
    with pytest.raises(ValueError, match="/embeddings cannot answer with"):
        server.queue(item, path=PATH)


def test_a_path_that_is_no_endpoint_is_refused(server: GLMServer) -> None:
    with pytest.raises(ValueError, match="'/nowhere' is no endpoint"):
        server.queue(Fault.empty(), path="/nowhere")


def test_without_a_balance_everything_is_refused_before_it_is_read() -> None:
    with GLMServer("bigmodel", has_balance=False) as server:
        for path in (PATH, "/chat/completions", "/tokenizer"):
            answer = post(server, {"nonsense": True}, path=path)
            assert (answer.status_code, answer.json()["error"]["code"]) == (429, "1113")
        assert httpx.post(server.base_url + PATH, json=BODY).json()["error"]["code"] == "1001"


def test_too_many_requests_are_refused_on_every_path() -> None:
    with GLMServer("bigmodel", max_in_flight=0) as server:
        assert post(server, BODY, path=PATH).json()["error"]["code"] == "1302"
        assert post(server, {**BODY, "input": []}, path=PATH).json()["error"]["code"] == "1214"
