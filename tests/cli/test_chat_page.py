"""The server of the chat page: turns as events, conversations that stay, and requests that it refuses."""

from __future__ import annotations

import base64
import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from langchain.agents import create_agent
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver

from langchain_glm import WebSearch
from langchain_glm.cli.chat_page import chat_app
from langchain_glm.middleware import GLMWebSearchMiddleware
from langchain_glm.testing import Fault, Reply, ToolCall

from .serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp

    from langchain_glm import ChatGLM
    from langchain_glm.testing import GLMServer

    Event = dict[str, Any]

THREAD = "a-thread-of-a-test"
PIXEL = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c626001000000ffff030000060005"
        "57bfabd40000000049454e44ae426082"
    )
).decode()


@tool
def get_weather(city: str) -> str:
    """Get the weather of a city."""
    if city == "Atlantis":
        raise RuntimeError("secret: test.key")
    return f"{city}: 4 °C"


class Page:
    """What the page's script does, without a browser."""

    def __init__(self, client: httpx2.Client) -> None:
        self.client = client

    def post(self, **message: Any) -> httpx2.Response:
        return self.client.post("chat", json={"thread": THREAD, **message})

    def say(self, text: str, **more: Any) -> list[Event]:
        return self.events(text=text, **more)

    def events(self, **message: Any) -> list[Event]:
        response = self.post(**message)
        assert response.status_code == 200, response.text
        return [json.loads(part.removeprefix("data: ")) for part in response.text.split("\n\n") if part]

    def history(self) -> list[Event]:
        shown: list[Event] = self.client.get(f"thread/{THREAD}").json()
        return shown


@contextmanager
def visiting(app: ASGIApp) -> Iterator[Page]:
    with serving(app) as url, httpx2.Client(base_url=url, timeout=30) as client:
        yield Page(client)


@pytest.fixture
def model(make_model: Callable[..., ChatGLM]) -> ChatGLM:
    return make_model(model="glm-5.2", thinking=True)


@pytest.fixture
def page(model: ChatGLM) -> Iterator[Page]:
    agent = create_agent(model, [get_weather], checkpointer=InMemorySaver())
    with visiting(chat_app(agent, title="A title", note="A note", examples=["Hello?"])) as page:
        yield page


def kinds(events: list[Event]) -> list[str]:
    """The kinds of events in a row."""
    return [
        event["type"] for place, event in enumerate(events) if not place or events[place - 1]["type"] != event["type"]
    ]


def text(events: list[Event], kind: str = "text") -> str:
    return "".join(event["text"] for event in events if event["type"] == kind)


def test_a_turn_comes_as_events_and_stays(page: Page, glm_server: GLMServer) -> None:
    call = ToolCall("get_weather", {"city": "Beijing"}, id="call_1")
    glm_server.queue(Reply(reasoning="I look.", tool_calls=[call]), Reply("It is **cold**.", reasoning="Cold."))
    events = page.say("What is the weather?")
    assert kinds(events) == ["thinking", "call", "usage", "result", "thinking", "text", "usage", "done"]
    assert text(events, "thinking") == "I look.Cold."
    assert text(events) == "It is **cold**."
    calls = [event for event in events if event["type"] == "call"]
    assert calls[-1] == {"type": "call", "id": "call_1", "name": "get_weather", "args": {"city": "Beijing"}}
    [result] = [event for event in events if event["type"] == "result"]
    assert (result["id"], result["text"], result["failed"]) == ("call_1", "Beijing: 4 °C", False)
    usage = events[-2]
    assert usage["input"] > usage["output"] > 0
    assert usage["price"] > 0
    assert usage["currency"] == "USD"
    shown = page.history()
    assert shown[0] == {"type": "user", "text": "What is the weather?", "images": []}
    assert kinds(shown[1:]) == kinds(events)[:-1]
    assert text(shown) == text(events)


def test_the_next_turn_knows_the_earlier_ones(page: Page, glm_server: GLMServer) -> None:
    glm_server.queue(Reply("One."), Reply("Two."))
    page.say("first")
    page.say("second")
    sent = [message["content"] for message in glm_server.requests[-1].body["messages"]]
    assert sent == ["first", "One.", "second"]


def test_a_chat_model_needs_no_agent(model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(Reply("Hello."))
    with visiting(chat_app(model)) as page:
        assert text(page.say("Hi")) == "Hello."


def test_images_are_sent_and_shown_again(glm_server: GLMServer, make_model: Callable[..., ChatGLM]) -> None:
    image = f"data:image/png;base64,{PIXEL}"
    with visiting(chat_app(make_model(model="glm-4.6v"))) as page:
        page.say("What is this?", images=[image])
        assert page.history()[0] == {"type": "user", "text": "What is this?", "images": [image]}
    [prompt, picture] = glm_server.requests[-1].body["messages"][0]["content"]
    assert prompt["text"] == "What is this?"
    assert picture["image_url"]["url"] == image


RESULT = {"title": "A", "link": "https://a.example/", "content": "Alpha", "media": "a", "publish_date": "2026-11-01"}


def test_sources_of_the_built_in_search(make_model: Callable[..., ChatGLM], glm_server: GLMServer) -> None:
    glm_server.queue(Reply("See [ref_1].", web_search=[{**RESULT, "refer": "ref_1", "icon": ""}]))
    with visiting(chat_app(make_model(web_search=WebSearch(count=1)))) as page:
        [sources] = [event for event in page.say("?") if event["type"] == "sources"]
    expected = {"title": "A", "url": "https://a.example/", "text": "Alpha", "site": "a", "date": "2026-11-01"}
    assert sources == {"type": "sources", "call": None, "sources": [{**expected, "refer": "ref_1"}]}


def test_sources_of_a_search_tool(model: ChatGLM, glm_server: GLMServer) -> None:
    glm_server.queue(
        Reply(tool_calls=[ToolCall("web_search", {"query": "a"})]),
        Reply("Dropped.", web_search=[RESULT, {**RESULT, "title": "B"}]),
        Reply("Only B [ref_2]."),
    )
    agent = create_agent(model, middleware=[GLMWebSearchMiddleware(model)], checkpointer=InMemorySaver())
    with visiting(chat_app(agent)) as page:
        events = page.say("?")
    found, cited = [event for event in events if event["type"] == "sources"]
    assert [source["title"] for source in found["sources"]] == ["A", "B"]
    [result] = [event for event in events if event["type"] == "result"]
    assert found["call"] == result["id"]
    assert [source["title"] for source in cited["sources"]] == ["B"]
    assert cited["call"] is None
    assert "Dropped." not in text(events)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def stop_after(page: Page, part: str, **message: Any) -> None:
    """Read a turn until some text has come, then close the connection."""
    with page.client.stream("POST", "chat", json={"thread": THREAD, **message}) as response:
        for line in response.iter_lines():
            if part in line:
                return


def test_a_stop_ends_the_request_and_keeps_what_came(page: Page, glm_server: GLMServer) -> None:
    glm_server.queue(Reply("One two three. " + "More. " * 500, gap=0.02, chunk_size=15))
    stop_after(page, "three", text="Count.")
    until(lambda: glm_server.in_flight == 0)
    shown = page.history()
    assert kinds(shown) == ["user", "text"]
    assert text(shown[1:]).startswith("One two three.")
    glm_server.queue(Reply("Four."))
    page.say("Go on.")
    said = [message["content"] for message in glm_server.requests[-1].body["messages"]]
    assert said == ["Count.", text(shown[1:]), "Go on."]


def test_a_stop_before_any_text_can_be_tried_again(page: Page, glm_server: GLMServer) -> None:
    glm_server.queue(Reply("Never.", reasoning="Hm. " * 500, gap=0.02), Reply("At last."))
    stop_after(page, "thinking", text="Think.")
    until(lambda: glm_server.in_flight == 0)
    assert kinds(page.history()) == ["user", "open"]
    assert text(page.events(again=True)) == "At last."
    assert kinds(page.history()) == ["user", "text", "usage"]


def test_a_turn_ends_when_another_begins_in_the_same_conversation(page: Page, glm_server: GLMServer) -> None:
    glm_server.queue(Reply("One. " * 500, gap=0.02), Reply("Two."))
    with page.client.stream("POST", "chat", json={"thread": THREAD, "text": "first"}) as first:
        lines = first.iter_lines()
        next(lines)
        assert text(page.say("second")) == "Two."
        assert "done" not in "".join(lines)
    assert glm_server.in_flight == 0


def test_a_message_without_an_answer_is_replaced_by_the_next(page: Page, glm_server: GLMServer) -> None:
    glm_server.queue(Fault.code("1301"), Reply("Hello."))
    assert kinds(page.say("bad")) == ["error", "open", "done"]
    page.say("good")
    assert [message["content"] for message in glm_server.requests[-1].body["messages"]] == ["good"]


def test_a_tool_that_did_not_finish_gets_a_result(page: Page, glm_server: GLMServer) -> None:
    glm_server.queue(Reply(tool_calls=[ToolCall("get_weather", {"city": "Atlantis"})]), Reply("I see."))
    events = page.say("What is the weather in Atlantis?")
    [error] = [event for event in events if event["type"] == "error"]
    assert "RuntimeError" in error["text"]
    assert "test.key" not in json.dumps(events)
    assert text(page.say("Never mind.")) == "I see."
    _, called, result, _ = glm_server.requests[-1].body["messages"]
    assert result["tool_call_id"] == called["tool_calls"][0]["id"]
    assert "did not finish" in result["content"]


def test_an_error_says_what_to_do(page: Page, glm_server: GLMServer) -> None:
    glm_server.queue(Fault.code("1302"), Reply("Now."))
    error, is_open, done = page.say("Hi")
    assert "Too many requests" in error["text"]
    assert "max_concurrency" in error["hint"]
    assert "code 1302" in error["facts"]
    assert (is_open["type"], done["type"]) == ("open", "done")
    assert text(page.events(again=True)) == "Now."


def test_a_stream_that_breaks_off_shows_what_came_and_an_error(page: Page, glm_server: GLMServer) -> None:
    glm_server.queue(Fault.cut(after=3, reply=Reply("One two three four five six seven eight.")))
    events = page.say("Count.")
    assert kinds(events) == ["text", "error", "open", "done"]
    assert text(events).startswith("One")


def test_the_page_is_one_file_with_a_policy(page: Page) -> None:
    shown = page.client.get("")
    policy = shown.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'sha256-" in policy
    assert "unsafe" not in policy
    assert "http" not in shown.text.replace("https?:", "").replace('"http:", "https:"', "").replace("HTTP", "")
    about = page.client.get("about").json()
    assert (about["title"], about["note"], about["examples"]) == ("A title", "A note", ["Hello?"])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 403),
        ({"host": "127.0.0.1.evil.example:80"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:1"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_requests_of_others_are_refused(
    page: Page, glm_server: GLMServer, headers: dict[str, str], status: int
) -> None:
    content = json.dumps({"thread": THREAD, "text": "Hi"}).encode()
    response = page.client.post("chat", content=content, headers={"content-type": "application/json", **headers})
    assert response.status_code == status
    assert response.json()["error"].endswith(".") or status == 415
    assert glm_server.requests == []


def test_its_own_origin_is_accepted(page: Page) -> None:
    origin = str(page.client.base_url).rstrip("/")
    headers = {"origin": origin, "sec-fetch-site": "same-origin"}
    assert page.client.post("chat", json={"thread": THREAD, "text": "Hi"}, headers=headers).status_code == 200


def test_other_host_names_can_be_allowed(model: ChatGLM) -> None:
    with visiting(chat_app(model, hosts=["chat.example.org"])) as page:
        assert page.client.get("", headers={"host": "chat.example.org"}).status_code == 200
        assert page.client.get("", headers={"host": "other.example.org"}).status_code == 403


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        ({"text": "Hi", "thread": "short"}, "thread"),
        ({"text": "Hi", "thread": "../../etc/passwd/xxxxxx"}, "thread"),
        ({"text": " "}, "empty"),
        ({"text": 1}, "text must be"),
        ({"text": "Hi", "images": "x"}, "images a list"),
        ({"text": "Hi", "images": ["https://evil.example/x.png"]}, "data URL"),
        ({"text": "Hi", "images": ["data:image/svg+xml;base64,AAAA"]}, "data URL"),
    ],
)
def test_messages_that_cannot_be_sent(page: Page, message: dict[str, Any], complaint: str) -> None:
    response = page.post(**message)
    assert response.status_code == 400
    assert complaint in response.json()["error"]


def test_a_message_may_not_be_too_large(model: ChatGLM, glm_server: GLMServer) -> None:
    with visiting(chat_app(model, max_bytes=1000)) as page:
        response = page.post(text="x" * 2000)
    assert response.status_code == 413
    assert "0.001 MB" in response.json()["error"]
    assert glm_server.requests == []


def test_an_agent_without_memory_is_refused(model: ChatGLM) -> None:
    with pytest.raises(ValueError, match="checkpointer=InMemorySaver"):
        chat_app(create_agent(model))


def test_a_node_that_is_not_there(model: ChatGLM) -> None:
    with pytest.raises(ValueError, match=r"no node 'chatbot'; nodes=… may name: model"):
        chat_app(model, nodes=["chatbot"])
