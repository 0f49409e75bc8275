"""The online checks, against the embedded server and against what stands in the way to a host."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from langchain_glm import HOSTS
from langchain_glm.cli.doctor import listing
from langchain_glm.cli.doctor.chats import chat_findings, expected_cost
from langchain_glm.cli.doctor.listing import Target, list_models, listing_findings
from langchain_glm.testing import Fault, GLMServer, Reply
from langchain_glm.transport import clients
from langchain_glm.transport.clients import close_clients
from langchain_glm.transport.timeouts import Timeout
from tests.transport.serving import Server, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from langchain_glm.cli.doctor.finding import Finding

KEY = "0f0f0f0f0f0f0f0f.s3cr3ts3cr3t"


@pytest.fixture(autouse=True)
def _own_way(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No proxy and no certificates from outside."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    close_clients()
    clients._tls_context.cache_clear()
    yield
    close_clients()
    clients._tls_context.cache_clear()


def target(server: GLMServer, key: str = KEY) -> Target:
    return Target(host=replace(HOSTS[server.host], base_url=server.base_url), key=key)


def at(url: str, name: str = "zai") -> Target:
    return Target(host=replace(HOSTS[name], base_url=url), key=KEY)


def listed(asked: Target, now: datetime | None = None) -> dict[str, Finding]:
    """The findings of a listing; none shows the key, and each that is not fine says why and what to do."""
    found = [*listing_findings(list_models(asked), now)]
    for finding in found:
        assert not any(part in str(finding) for part in (KEY, *KEY.split(".")))
        assert finding.status == "ok" or (finding.why and finding.way_out)
    return {finding.what: finding for finding in found}


def chats(asked: Target, model_id: str = "") -> dict[str, Finding]:
    results = [*chat_findings(asked, model_id or asked.host.chat_model)]
    return {finding.what: finding for findings, _ in results for finding in findings}


@pytest.mark.parametrize("name", HOSTS)
def test_a_host_that_works(name: str) -> None:
    with GLMServer(name, api_key=KEY) as server:
        found = {**listed(target(server)), **chats(target(server))}
        model_id = HOSTS[name].chat_model
        requests, _ = expected_cost(HOSTS[name], model_id)
        assert len(server.requests) == requests + 1
        assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {KEY}"}
    assert {finding.status for finding in found.values()} == {"ok"}, found
    assert [*found] >= ["reachable", "key", "models", "chat", "plan", "thinking", "tools", "JSON"]
    assert ("search" in found) is HOSTS[name].glm_tools
    assert "not encrypted" in found["reachable"].says


@pytest.mark.parametrize("name", ["zai", "bigmodel"])
def test_it_costs_about_a_cent(name: str) -> None:
    host = HOSTS[name]
    _, most = expected_cost(host, host.chat_model)
    assert most is not None
    assert 0.001 < float(most) < (0.03 if most.currency == "USD" else 0.2)
    with GLMServer(name, api_key=KEY) as server:
        costs = [cost for _, cost in chat_findings(target(server), host.chat_model) if cost is not None]
    assert 0 < sum(map(float, costs)) <= float(most)


def test_the_plan_that_answers() -> None:
    with GLMServer("zai-coding", api_key=KEY) as server:
        assert (
            chats(target(server), "glm-5.2")["plan"].says == "the coding plan is active; glm-5.3 answered for glm-5.2."
        )
        assert chats(target(server))["plan"].says == "the coding plan is active."
    with GLMServer("zai", api_key=KEY) as server:
        assert "bills by its type" in chats(target(server))["plan"].says


@pytest.mark.parametrize("name", HOSTS)
def test_a_key_that_is_refused(name: str) -> None:
    with GLMServer(name, api_key="another.key") as server:
        found = listed(target(server))
        assert len(server.requests) == 1
    assert [*found] == ["reachable", "key"]
    assert found["key"].status == "fail"
    assert HOSTS[name].key_variable in found["key"].way_out
    shares = {"kimi": "kimi-cn", "kimi-cn": "kimi", "zai": "zai-coding", "bigmodel-coding": "bigmodel"}
    assert shares.get(name, "") in found["key"].way_out


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("1113", "Recharge the account or buy a package"),
        ("1308", "Wait until the quota is reset"),
        ("1309", "Renew the coding plan"),
        ("1311", "Use another model"),
        ("1211", "Check model=…"),
    ],
)
def test_a_chat_that_is_refused(code: str, says: str) -> None:
    with GLMServer("zai", api_key=KEY, replies=[Fault.code(code)]) as server:
        found = chats(target(server))
        assert len(server.requests) == 1
    assert [*found] == ["chat"]
    assert found["chat"].status == "fail"
    assert f"code {code}" in found["chat"].says
    assert says in found["chat"].way_out
    if code in {"1113", "1309", "1311"}:
        assert "2026-10-16" in found["chat"].way_out
        assert "zai-coding" in found["chat"].way_out


def test_an_account_without_balance() -> None:
    with GLMServer("zai", api_key=KEY, has_balance=False) as server:
        found = listed(target(server))
        assert found["models"].status == "warn"
        assert "code 1113" in found["models"].says
        assert "code 1113" in chats(target(server))["chat"].says


def test_an_empty_answer() -> None:
    with GLMServer("zai", api_key=KEY, replies=[Reply("")]) as server:
        assert chats(target(server))["chat"].status == "fail"


def test_a_host_that_has_changed() -> None:
    with GLMServer(replace(HOSTS["zai"], glm_tools=False), api_key=KEY) as server:
        found = chats(target(server))
    assert found["chat"].status == "ok"
    assert found["search"].status == "warn"
    assert "glm probe --host zai" in found["search"].way_out


def test_a_model_that_nobody_knows() -> None:
    with GLMServer("zai", api_key=KEY) as server:
        assert "not in the catalogue" in chats(target(server), "parrot-1")["chat"].says
        assert server.requests == []


def test_a_model_without_json() -> None:
    with GLMServer("zai", api_key=KEY) as server:
        found = chats(target(server), "glm-5.3-flash")
    assert found["JSON"].says == "refused, as it should be for this model."
    assert found["thinking"].says == "the model always thinks."


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_a_name_that_does_not_resolve() -> None:
    found = listed(at("https://no-such-host.invalid/v1"))
    assert [*found] == ["reachable"]
    assert "the name of no-such-host.invalid cannot be resolved" in found["reachable"].says


def test_a_port_that_is_closed() -> None:
    found = listed(at(f"http://127.0.0.1:{closed_port()}/v1"))
    assert [*found] == ["reachable"]
    assert "no connection to 127.0.0.1" in found["reachable"].says


def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    port = closed_port()
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:hush@127.0.0.1:{port}")
    found = listed(at("https://api.z.ai/api/paas/v4"))["reachable"]
    assert f"api.z.ai through the proxy 127.0.0.1:{port}" in found.says
    assert "HTTPS_PROXY" in found.way_out
    assert "hush" not in str(found)


def replying(reply: bytes) -> Callable[[Server, socket.socket], None]:
    """Answer the first request of each connection with the same bytes."""

    def answer(_: Server, connection: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        connection.sendall(reply)

    return answer


def test_a_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(replying(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.removesuffix("/v1"))
        found = listed(at("https://api.z.ai/api/paas/v4"))["reachable"]
    assert found.status == "fail"
    assert "the proxy on the way to api.z.ai failed: 407" in found.says


def test_a_certificate_that_signs_itself(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def shake_hands(_: Server, connection: socket.socket) -> None:
        context.wrap_socket(connection, server_side=True).close()

    with serving(shake_hands) as server:
        found = listed(at(server.url.replace("http://127.0.0.1", "https://localhost")))["reachable"]
    assert "the certificate of localhost" in found.says
    assert "SSL_CERT_FILE" in found.way_out


def test_a_host_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "_TIMEOUT", Timeout(connect=1, idle=0.2))

    def wait(server: Server, _: socket.socket) -> None:
        server.over.wait(5)

    with serving(wait) as server:
        found = listed(at(server.url))["reachable"]
    assert "was silent for longer than" in found.says


def json_reply(date: str = "") -> bytes:
    body = b'{"data": [{"id": "glm-5.2"}, {"id": "glm-5.4"}, {"id": "bge-m3"}, 3]}'
    return b"HTTP/1.1 200 OK\r\n%bcontent-length: %d\r\n\r\n%b" % (date.encode(), len(body), body)


@pytest.mark.parametrize(
    ("minutes", "status", "says"),
    [(0, "ok", "agrees"), (4, "ok", "agrees"), (10, "warn", "10 minutes ahead"), (-90, "warn", "90 minutes behind")],
)
def test_the_clock_of_the_host(minutes: int, status: str, says: str) -> None:
    now = datetime.now(UTC)
    theirs = format_datetime(now - timedelta(minutes=minutes), usegmt=False)
    with serving(replying(json_reply(f"date: {theirs}\r\n"))) as server:
        found = listed(at(server.url), now)["clock"]
    assert found.status == status
    assert says in found.says


@pytest.mark.parametrize("date", ["", "date: soon\r\n"])
def test_a_host_that_sends_no_date(date: str) -> None:
    with serving(replying(json_reply(date))) as server:
        found = listed(at(server.url))
    assert "clock" not in found
    assert found["models"].says.startswith("3 listed; newer than this version: glm-5.4.")


@pytest.mark.parametrize(
    "body", [b"<html>not found</html>", b'{"error": {"code": "404", "message": "no such page"}}', b"[]", b"nonsense"]
)
@pytest.mark.parametrize("status", [b"404 Not Found", b"200 OK"])
def test_a_gateway_that_lists_no_models(status: bytes, body: bytes) -> None:
    reply = b"HTTP/1.1 %b\r\ncontent-length: %d\r\n\r\n%b" % (status, len(body), body)
    with serving(replying(reply)) as server:
        found = listed(at(server.url, "anyfast"))
    assert found["reachable"].status == "ok"
    assert found["models"].status == "warn"
    assert "key" not in found


def test_a_redirect_is_not_followed() -> None:
    with serving(
        replying(b"HTTP/1.1 302 Found\r\nlocation: https://evil.example\r\ncontent-length: 0\r\n\r\n")
    ) as server:
        found = listed(at(server.url))
    assert "redirects to https://evil.example" in found["models"].says
