"""The server as a whole: script, records, limits, endpoints, start and stop."""

from __future__ import annotations

import gc
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest

from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.testing import Fault, GLMServer, RecordedRequest, Reply, ToolCall

from .asking import ask, body_for, frames, post

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send


@pytest.fixture
def server() -> Iterator[GLMServer]:
    with GLMServer() as server:
        yield server


def said(response: httpx.Response) -> str:
    return str(response.json()["choices"][0]["message"]["content"])


@pytest.mark.parametrize("host", HOSTS)
def test_each_host_answers_under_its_own_path(host: str) -> None:
    with GLMServer(host, api_key="sk-1") as server:
        assert httpx.URL(server.base_url).path == httpx.URL(HOSTS[host].base_url).path
        assert "Hello" in said(ask(server))


def test_unknown_hosts_are_named() -> None:
    with pytest.raises(ValueError, match="Give one of zai"):
        GLMServer("nowhere")


def test_only_replies_and_faults_are_queued(server: GLMServer) -> None:
    with pytest.raises(TypeError, match="not str"):
        server.queue("Hello")  # type: ignore[arg-type]


def test_replies_are_used_in_order_then_the_parrot_answers() -> None:
    with GLMServer(replies=[Reply("one")]) as server:
        server.queue(Reply("two"), Fault.code("1305"))
        answers = [ask(server, "three") for _ in range(4)]
    assert [said(answers[0]), said(answers[1])] == ["one", "two"]
    assert answers[2].status_code == 429
    assert "three" in said(answers[3])


def test_lists_may_be_written_for_tuples(server: GLMServer) -> None:
    calls: list[ToolCall] = [ToolCall("look", {"a": 1})]  # mypy --strict accepts a list here
    reply = Reply(tool_calls=calls, web_search=[{"link": "x"}], content_filter=[{"level": 1}])
    server.queue(reply)
    assert (reply.tool_calls, reply.web_search) == (tuple(calls), ({"link": "x"},))
    assert ask(server).json()["choices"][0]["finish_reason"] == "tool_calls"


def test_a_function_answers_what_is_not_queued() -> None:
    def answer(body: Mapping[str, Any]) -> Reply | Fault | None:
        text = body["messages"][-1]["content"]
        known: dict[str, Reply | Fault] = {"one": Reply("first"), "two": Fault.code("1302")}
        return known.get(text)

    with GLMServer(answer=answer, replies=[Reply("queued")]) as server:
        said_to = {text: ask(server, text) for text in ("zero", "one", "two", "three")}
        refused = post(server, {"model": "glm-5.2", "messages": []})
    assert said(said_to["zero"]) == "queued"
    assert said(said_to["one"]) == "first"
    assert said_to["two"].status_code == 429
    assert said(said_to["three"]) == "You said: three"
    assert refused.status_code == 400


def test_middleware_sees_every_request() -> None:
    seen = []

    def watch(app: ASGIApp) -> ASGIApp:
        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            seen.append(scope["path"])
            await app(scope, receive, send)

        return watched

    with GLMServer(middleware=watch) as server:
        ask(server)
        httpx.get(server.base_url + "/nowhere")
        assert len(server.requests) == 2
    assert seen == ["/api/paas/v4/chat/completions", "/api/paas/v4/nowhere"]


def test_the_queue_can_be_cleared(server: GLMServer) -> None:
    server.queue(Reply("one"), Fault.code(1302))
    assert server.clear_queue() == [Reply("one"), Fault.code("1302")]
    assert server.clear_queue() == []
    assert "Hello" in said(ask(server))


def test_chunks_have_at_least_a_character() -> None:
    with pytest.raises(ValueError, match="chunk_size"):
        Reply("x", chunk_size=0)


def test_usage_and_model_can_be_scripted(server: GLMServer) -> None:
    server.queue(Reply("x", usage={"total_tokens": 7}, model="other"), Reply("x", usage={}))
    first, second = ask(server).json(), ask(server).json()
    assert (first["usage"], first["model"]) == ({"total_tokens": 7}, "other")
    assert "usage" not in second


def test_requests_are_recorded(server: GLMServer) -> None:
    ask(server, "Hi", temperature=0.5)
    ask(server, "Hi", temperature=5)
    post(server, body_for(), path="/nowhere")
    good, bad, lost = server.requests
    assert isinstance(good, RecordedRequest)
    assert (good.path, good.status) == ("/api/paas/v4/chat/completions", 200)
    assert good.headers["authorization"] == "Bearer test.key"
    assert good.body == body_for("Hi", temperature=0.5)
    assert (bad.status, lost.status) == (400, 404)


def test_refused_requests_use_no_reply(server: GLMServer) -> None:
    server.queue(Reply("kept"))
    assert ask(server, temperature=5).status_code == 400
    assert said(ask(server)) == "kept"


def test_wrong_paths_get_a_body_whose_error_is_a_string(server: GLMServer) -> None:
    response = post(server, body_for(), path="/v1/chat/completions")
    assert response.status_code == 404
    assert response.json()["error"] == "Not Found"
    assert response.json()["path"] == "/v4/v1/chat/completions"
    assert httpx.get(server.base_url + "/chat/completions").status_code == 405


def test_wrong_paths_of_gateways_look_like_openai() -> None:
    with GLMServer("anyfast") as server:
        assert post(server, body_for(), path="/nowhere").json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(("key", "code"), [(None, "1001"), ("Bearer wrong", "1000")])
def test_keys(server: GLMServer, key: str | None, code: str) -> None:
    headers = {"authorization": key} if key else {}
    response = httpx.post(server.base_url + "/chat/completions", json=body_for(), headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (401, code)


@pytest.mark.parametrize("sent", [b"", b"{", b"[]", b"\xff"])
def test_what_is_no_json_object_is_refused(server: GLMServer, sent: bytes) -> None:
    headers = {"authorization": "Bearer test.key"}
    response = httpx.post(server.base_url + "/chat/completions", content=sent, headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "1210")


def test_ids_of_native_hosts(server: GLMServer) -> None:
    body = ask(server, request_id="my-request").json()
    assert body["id"] == body["request_id"] == "my-request"
    response = ask(server)
    made = response.json()["id"]
    assert made[:14].isdigit()
    assert response.headers["x-log-id"] == made


@pytest.mark.parametrize(("sent", "header"), [("two\r\nlines: x", "two%0D%0Alines%3A%20x"), ("请求编号一二三", None)])
def test_an_id_that_no_header_can_carry(server: GLMServer, sent: str, header: str | None) -> None:
    response = ask(server, request_id=sent)
    assert response.json()["request_id"] == sent
    assert response.headers["x-log-id"] == (header or quote(sent))


def test_one_request_too_many_is_refused_until_a_stream_ends() -> None:
    with GLMServer(max_in_flight=1) as server, httpx.Client() as client:
        server.queue(Fault.silence(600, after=1))
        headers = {"authorization": "Bearer test.key"}
        url = server.base_url + "/chat/completions"
        with client.stream("POST", url, json=body_for(stream=True), headers=headers) as response:
            events = response.iter_lines()  # kept: httpx closes the connection with the iterator
            next(events)
            refused = ask(server)
            assert (refused.status_code, refused.json()["error"]["code"]) == (429, "1302")
            assert server.in_flight == 1
        wait_until_idle(server)
        assert ask(server).status_code == 200


def wait_until_idle(server: GLMServer) -> None:
    tick = threading.Event()
    for _ in range(500):
        if not server.in_flight:
            return
        tick.wait(0.01)
    raise AssertionError("a request is still in flight")


def test_who_has_read_the_answer_is_out_of_flight() -> None:
    with GLMServer(max_in_flight=1) as server:
        for stream in (True, False) * 10:
            assert ask(server, stream=stream).status_code == 200
            assert server.in_flight == 0


def test_peak(server: GLMServer) -> None:
    server.queue(*[Reply("x", delay=0.2)] * 4)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ask(server), range(4)))
    assert 1 < server.peak_in_flight <= 4


def test_a_request_id_in_flight_is_refused(server: GLMServer) -> None:
    server.queue(Fault.silence(600, after=1))
    headers = {"authorization": "Bearer test.key"}
    body = body_for(stream=True, request_id="the-same")
    with httpx.stream("POST", server.base_url + "/chat/completions", json=body, headers=headers) as response:
        events = response.iter_lines()
        next(events)
        assert ask(server, request_id="the-same").json()["error"]["code"] == "1231"
    wait_until_idle(server)
    assert ask(server, request_id="the-same").status_code == 200


def test_a_shared_beginning_is_cached(server: GLMServer) -> None:
    def cached(*texts: str, **rest: Any) -> int:
        messages = [{"role": "user", "content": text} for text in texts]
        usage = post(server, {"model": "glm-4.7", "messages": messages, **rest}).json()["usage"]
        assert usage["prompt_tokens_details"]["cached_tokens"] <= usage["prompt_tokens"]
        return int(usage["prompt_tokens_details"]["cached_tokens"])

    assert cached("a long first message", "b") == 0
    assert cached("a long first message", "c") > 0
    assert cached("another", "b") == 0
    assert cached("a long first message", model="glm-4.6") == 0


def test_coding_plans_answer_with_another_model_and_say_so() -> None:
    with GLMServer("zai-coding") as server:
        assert ask(server).json()["model"] == "glm-5.3-flash"
        assert post(server, {**body_for(), "model": "glm-4.6"}).json()["model"] == "glm-4.6"


def test_usage_in_gateway_streams_must_be_asked_for() -> None:
    with GLMServer("phanedge") as server:
        assert not any("usage" in frame for frame in frames(ask(server, stream=True)))
        last = frames(ask(server, stream=True, stream_options={"include_usage": True}))[-1]
    assert last["choices"] == []
    assert last["id"].startswith("chatcmpl-")


def test_models(server: GLMServer) -> None:
    headers = {"authorization": "Bearer test.key"}
    ids = [model["id"] for model in httpx.get(server.base_url + "/models", headers=headers).json()["data"]]
    assert "glm-5.3" in ids
    assert not any(name.startswith("kimi") for name in ids)
    assert httpx.get(server.base_url + "/models").status_code == 401


def test_tokenizer_counts_as_chat_does(server: GLMServer) -> None:
    counted = post(server, body_for("你好"), path="/tokenizer").json()["usage"]
    used = ask(server, "你好").json()["usage"]
    assert counted == {"prompt_tokens": used["prompt_tokens"], "total_tokens": used["prompt_tokens"]}
    assert post(server, {"model": "glm-4.7"}, path="/tokenizer").json()["error"]["code"] == "1214"
    assert post(server, {"model": "x"}, path="/tokenizer").json()["error"]["code"] == "1211"


def test_bigmodel_serves_more_than_it_lists() -> None:
    with GLMServer("bigmodel") as server:
        listed = httpx.get(server.base_url + "/models", headers={"authorization": "Bearer test.key"}).json()["data"]
        assert len(listed) == 11
        assert "glm-4.7-flash" not in {model["id"] for model in listed}
        assert ask(server, model="glm-4.7-flash").status_code == 200


def test_settings_that_glm_ignores(server: GLMServer) -> None:
    ignored: dict[str, Any] = {
        "store": True,
        "prompt_cache_key": "k",
        "prompt_cache_retention": "24h",
        "tool_stream": True,
    }
    assert ask(server, model="glm-4.5", reasoning_effort="medium", **ignored).status_code == 200
    assert ask(server, model="glm-5.3", reasoning_effort="medium").json()["error"]["code"] == "1210"


@pytest.fixture
def bigmodel() -> Iterator[GLMServer]:
    with GLMServer("bigmodel") as server:
        yield server


def test_embeddings(bigmodel: GLMServer) -> None:
    body = {"model": "embedding-3", "input": ["a cat sat", "a cat ran", "no"], "dimensions": 256}
    first, second = (post(bigmodel, body, path="/embeddings").json() for _ in range(2))
    assert first == second
    a, b, c = (item["embedding"] for item in first["data"])
    assert len(a) == 256
    assert sum(x * x for x in a) == pytest.approx(1)
    assert sum(x * y for x, y in zip(a, b, strict=True)) > sum(x * y for x, y in zip(a, c, strict=True))


@pytest.mark.parametrize(
    ("changes", "length"),
    [({}, 2048), ({"dimensions": 16}, 16), ({"model": "embedding-2"}, 1024)],
)
def test_lengths_of_embeddings(bigmodel: GLMServer, changes: dict[str, Any], length: int) -> None:
    body = {"model": "embedding-3", "input": "x", **changes}
    assert len(post(bigmodel, body, path="/embeddings").json()["data"][0]["embedding"]) == length


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"model": "glm-4.7"}, "1211"),
        ({"input": []}, "1214"),
        ({"input": ["x"] * 65}, "1214"),
        ({"input": [""]}, "1214"),
        ({"dimensions": 0}, "1214"),
        ({"dimensions": 2049}, "1214"),
        ({"dimensions": True}, "1214"),
    ],
)
def test_embeddings_refused(bigmodel: GLMServer, changes: dict[str, Any], code: str) -> None:
    body = {"model": "embedding-3", "input": "x", **changes}
    assert post(bigmodel, body, path="/embeddings").json()["error"]["code"] == code


@pytest.mark.parametrize("host", ["zai", "bigmodel-coding"])
def test_other_hosts_have_no_embeddings(host: str) -> None:
    with GLMServer(host) as server:
        answer = post(server, {"model": "embedding-3", "input": "x"}, path="/embeddings")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "1211")


@pytest.mark.parametrize(("keep_alive", "closed"), [(0.05, True), (30.0, False)])
def test_idle_connections_are_closed_in_time(keep_alive: float, closed: bool) -> None:
    with GLMServer(keep_alive=keep_alive) as server:
        address = httpx.URL(server.base_url)
        with socket.create_connection((address.host, address.port), timeout=5) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            got = b""
            while not got.endswith(b"}"):
                got += connection.recv(65_536)
            connection.settimeout(0.5)
            if closed:
                assert connection.recv(1) == b""
            else:
                with pytest.raises(TimeoutError):
                    connection.recv(1)


def test_stop_leaves_nothing_behind_and_the_port_can_be_used_again() -> None:
    server = GLMServer().start()
    url, threads = server.base_url, threading.active_count()
    server.stop()
    server.stop()
    assert threading.active_count() == threads - 1
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)
    with server:
        assert server.base_url == url
        assert ask(server).status_code == 200


def test_a_taken_port_is_an_error(server: GLMServer) -> None:
    port = httpx.URL(server.base_url).port
    assert port
    with pytest.raises(OSError, match="in use"):
        GLMServer(port=port).start()


def test_there_is_no_url_before_the_start() -> None:
    with pytest.raises(RuntimeError, match="start"):
        _ = GLMServer().base_url


def test_answers_on_a_kept_connection_do_not_wait_for_acks(server: GLMServer) -> None:
    with httpx.Client(headers={"authorization": "Bearer test.key"}) as client:
        client.post(server.base_url + "/chat/completions", json=body_for())
        before = time.monotonic()
        for _ in range(25):
            client.post(server.base_url + "/chat/completions", json=body_for())
        assert time.monotonic() - before < 25 * 0.04


def test_connections_that_are_being_accepted_are_closed_with_the_server() -> None:
    """Python would report an unclosed socket, which fails whichever test runs when it is collected."""
    for _ in range(20):
        with GLMServer() as server:
            address = httpx.URL(server.base_url)
            clients = [socket.create_connection((address.host, address.port), timeout=5) for _ in range(10)]
        for client in clients:
            client.close()
    gc.collect()
