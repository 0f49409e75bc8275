"""The chat page in Chromium: streams, stops, errors, reloads, images, sources, tools, hostile text, the keyboard."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver

from langchain_glm.cli.chat_page import chat_app
from langchain_glm.testing import Fault, Reply, ToolCall
from tests.cli.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from langchain_glm import ChatGLM
    from langchain_glm.testing import GLMServer

RESULT = {
    "title": "A page",
    "link": "https://a.example/",
    "content": "Alpha",
    "media": "a",
    "publish_date": "2026-11-01",
}
SLOW = Reply("One two three. " + "More. " * 400, gap=0.02, chunk_size=15)


@tool
def get_weather(city: str) -> str:
    """Get the weather of a city."""
    return f"{city}: 4 °C\nand wind"


@pytest.fixture
def url(make_model: Callable[..., ChatGLM]) -> Iterator[str]:
    agent = create_agent(make_model(model="glm-5.3-flash", thinking=True), [get_weather], checkpointer=InMemorySaver())
    with serving(chat_app(agent, title="My agent", note="A note", examples=["What is new?"])) as url:
        yield url


@pytest.fixture
def chat(page: Page, url: str) -> Page:
    page.goto(url)
    page.wait_for_selector(".hello")
    return page


def say(page: Page, text: str) -> None:
    box = page.get_by_role("textbox")
    box.fill(text)
    box.press("Enter")


def ended(page: Page, number: int = 1) -> None:
    """Wait until an answer has ended."""
    page.wait_for_selector(f":nth-match(article[aria-busy=false], {number})")


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_an_answer_streams(chat: Page, glm_server: GLMServer) -> None:
    glm_server.queue(
        Reply("# Title\n\nSome **bold** text.\n\n" + "- item\n" * 300, reasoning="I think. " * 20, gap=0.02)
    )
    say(chat, "Hello")
    assert chat.locator(".hello").count() == 0
    chat.wait_for_selector(".thinking.busy")
    assert not chat.locator(".thinking").evaluate("node => node.open")
    chat.locator(".thinking summary").click()
    chat.wait_for_selector(".thinking div:visible:has-text('I think.')")
    chat.wait_for_selector(".text strong:has-text('bold')")
    assert chat.locator("article").get_attribute("aria-busy") == "true"
    assert chat.locator(".text h2").inner_text() == "Title"
    before = chat.locator(".text li").count()
    chat.wait_for_selector(f".text li:nth-of-type({before + 5})")
    assert chat.locator(".thinking summary").inner_text().startswith("Thought for")
    chat.keyboard.press("Escape")
    until(lambda: glm_server.in_flight == 0)


def test_tokens_and_price_stand_at_the_end(chat: Page, glm_server: GLMServer) -> None:
    usage = {"prompt_tokens": 1200, "completion_tokens": 34, "total_tokens": 1234}
    glm_server.queue(Reply("Hi.", usage=usage))
    say(chat, "Hello")
    ended(chat)
    shown = chat.locator(".usage").inner_text()
    assert shown.startswith("1,200 tokens in, 34 out, $0.")


def test_stop_ends_the_request_and_keeps_what_came(chat: Page, glm_server: GLMServer) -> None:
    glm_server.queue(SLOW, Reply("Four."))
    say(chat, "Count.")
    chat.wait_for_selector(".text:has-text('three')")
    assert glm_server.in_flight == 1
    chat.get_by_role("button", name="Stop").click()
    ended(chat)
    until(lambda: glm_server.in_flight == 0)
    assert "Stopped." in chat.locator("article").inner_text()
    chat.reload()
    chat.wait_for_selector(".text:has-text('One two three.')")
    assert chat.get_by_role("button", name="Try again").count() == 0
    say(chat, "Go on.")
    ended(chat, 2)
    sent = [message["role"] for message in glm_server.requests[-1].body["messages"]]
    assert sent == ["user", "assistant", "user"]


def test_a_reload_keeps_the_conversation(chat: Page, glm_server: GLMServer) -> None:
    call = ToolCall("get_weather", {"city": "Beijing"})
    glm_server.queue(Reply(reasoning="I look.", tool_calls=[call]), Reply("It is **cold**."))
    say(chat, "How is the weather?")
    ended(chat)
    before = chat.locator("#log").inner_text().replace("Thought for 1 s", "Thinking")
    chat.reload()
    chat.wait_for_selector(".usage")
    assert chat.locator("#log").inner_text() == before
    chat.get_by_role("button", name="New conversation").click()
    chat.wait_for_selector(".hello")
    chat.go_back()
    chat.wait_for_selector(".text:has-text('cold')")


def test_a_reload_while_it_answers_ends_the_request(chat: Page, glm_server: GLMServer) -> None:
    glm_server.queue(SLOW)
    say(chat, "Count.")
    chat.wait_for_selector(".text:has-text('three')")
    chat.reload()
    chat.wait_for_selector(".text:has-text('One two three.')")
    assert glm_server.in_flight == 0


def test_tool_calls_are_shown_with_their_results(chat: Page, glm_server: GLMServer) -> None:
    glm_server.queue(Reply(tool_calls=[ToolCall("get_weather", {"city": "Beijing"})]), Reply("Cold."))
    say(chat, "How is the weather?")
    ended(chat)
    card = chat.locator(".tool")
    assert card.locator(".name").inner_text() == "get_weather"
    assert card.locator(".args").inner_text() == "Beijing"
    assert card.locator(".first").inner_text() == "Beijing: 4 °C"
    card.locator("summary").click()
    assert card.locator(".got").inner_text() == "Beijing: 4 °C\nand wind"
    assert '"city": "Beijing"' in card.locator(".given").inner_text()


def test_sources_are_cards(chat: Page, glm_server: GLMServer) -> None:
    hostile = {**RESULT, "title": "Evil", "link": "javascript:alert(1)", "refer": "ref_2"}
    glm_server.queue(Reply("So [ref_1], and [ref_2].", web_search=[{**RESULT, "refer": "ref_1"}, hostile]))
    say(chat, "Search.")
    ended(chat)
    cards = chat.locator(".sources li")
    assert cards.count() == 2
    assert cards.nth(0).locator("a").get_attribute("href") == "https://a.example/"
    assert cards.nth(0).inner_text().split("\n") == ["1. A page", "a · 2026\u201111\u201101", "Alpha"]
    assert cards.nth(1).locator("a").count() == 0
    assert chat.locator("sup a").get_attribute("href") == "https://a.example/"
    assert chat.locator(".text").inner_text() == "So [1], and [2]."


def test_errors_are_sentences_and_can_be_tried_again(chat: Page, glm_server: GLMServer) -> None:
    glm_server.queue(Fault.code("1302"), Reply("Now."))
    say(chat, "Hello")
    alert = chat.get_by_role("alert")
    assert "Too many requests" in alert.inner_text()
    assert "max_concurrency" in alert.inner_text()
    chat.reload()
    chat.get_by_role("button", name="Try again").click()
    chat.wait_for_selector(".text:has-text('Now.')")
    assert chat.locator(".user").count() == 1


def test_a_message_without_an_answer_is_replaced(chat: Page, glm_server: GLMServer) -> None:
    glm_server.queue(Fault.code("1301"), Reply("Fine."))
    say(chat, "bad")
    chat.wait_for_selector(".again")
    say(chat, "good")
    chat.wait_for_selector(".text:has-text('Fine.')")
    assert [one.inner_text() for one in chat.locator(".user").all()] == ["good"]


def test_the_program_behind_the_page_is_gone(page: Page, make_model: Callable[..., ChatGLM]) -> None:
    with serving(chat_app(make_model())) as url:
        page.goto(url)
        page.wait_for_selector(".hello")
    say(page, "Hello")
    page.wait_for_selector(".error:has-text('connection to the program')")
    assert page.get_by_role("button", name="Try again").count() == 1


def test_an_image_can_be_pasted(chat: Page, glm_server: GLMServer) -> None:
    glm_server.queue(Reply("A red dot."))
    paste_image(chat)
    chat.wait_for_selector("#images img")
    say(chat, "What is this?")
    ended(chat)
    text, image = glm_server.requests[-1].body["messages"][0]["content"]
    assert text["text"] == "What is this?"
    data = base64.b64decode(image["image_url"]["url"].removeprefix("data:image/png;base64,"))
    assert data.startswith(b"\x89PNG")
    assert chat.locator("#images img").count() == 0
    chat.reload()
    chat.wait_for_selector(".user img")


def paste_image(page: Page) -> None:
    page.evaluate(
        """async () => {
          const canvas = Object.assign(document.createElement("canvas"), { width: 8, height: 8 });
          canvas.getContext("2d").fillRect(0, 0, 8, 8);
          const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
          await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
        }"""
    )
    page.get_by_role("textbox").press("Control+v")


def test_an_image_can_be_chosen_and_removed(chat: Page, tmp_path: Any) -> None:
    (tmp_path / "dot.png").write_bytes(b"\x89PNG not really")
    (tmp_path / "notes.txt").write_text("no image")
    with chat.expect_file_chooser() as chosen:
        chat.get_by_role("button", name="Add images").click()
    chosen.value.set_files([tmp_path / "dot.png", tmp_path / "notes.txt"])
    chat.wait_for_selector("#images img")
    assert chat.locator("#images img").count() == 1
    chat.get_by_role("button", name="Remove the image").click()
    assert chat.locator("#images img").count() == 0


HOSTILE = """\
<img src=x onerror="alert(1)"> <script>alert(2)</script> [a](javascript:alert(3))
[b](data:text/html,<script>alert(4)</script>) ![c](https://evil.example/pixel.png) [d](JaVaScRiPt:alert(5))
<a href="javascript:alert(6)">x</a> `<b>` **<i>y</i>**

| <svg onload=alert(7)> |
|---|
| <iframe src="javascript:alert(8)"></iframe> |

```html
<script>alert(9)</script>
```

1. <object data="x">
"""


def test_hostile_text_stays_text(chat: Page, glm_server: GLMServer) -> None:
    """What a model, a tool or a web page says is never read as HTML, and nothing is loaded from elsewhere."""
    asked: list[str] = []
    chat.on("request", lambda request: asked.append(request.url))
    call = ToolCall("get_weather", {"city": HOSTILE})
    source = {**RESULT, "title": HOSTILE, "content": HOSTILE, "media": HOSTILE, "refer": "ref_1"}
    glm_server.queue(
        Reply(reasoning=HOSTILE, tool_calls=[call]),
        Reply(HOSTILE, web_search=[source]),
        Fault.code("1214", message=HOSTILE),
    )
    say(chat, HOSTILE)
    ended(chat)
    say(chat, "And?")
    chat.wait_for_selector(".error")
    for tag in ("img", "script", "iframe", "svg", "object", "i", "b:not(.sources b, .error b)"):
        assert chat.locator(f"#log {tag}").count() == 0, tag
    links = chat.locator("#log a").evaluate_all("links => links.map((link) => link.protocol)")
    assert set(links) == {"https:"}
    assert "<script>alert(2)</script>" in chat.locator(".text").inner_text()
    assert not [url for url in asked if not url.startswith(chat.url.split("#")[0])]


def test_the_keyboard(chat: Page, glm_server: GLMServer) -> None:
    glm_server.queue(Reply("Hi."))
    box = chat.get_by_role("textbox")
    assert box.evaluate("node => node === document.activeElement")
    box.press("Enter")
    assert glm_server.requests == []
    box.type("one")
    box.press("Shift+Enter")
    box.type("two")
    box.press("Enter")
    ended(chat)
    assert glm_server.requests[0].body["messages"][-1]["content"] == "one\ntwo"
    assert box.input_value() == ""


def test_an_example_is_a_click(chat: Page, glm_server: GLMServer) -> None:
    glm_server.queue(Reply("Nothing."))
    chat.get_by_role("button", name="What is new?").click()
    chat.wait_for_selector(".text:has-text('Nothing.')")


def test_every_control_has_a_name(chat: Page) -> None:
    names = chat.locator("button:visible, textarea:visible").evaluate_all(
        "nodes => nodes.map((node) => node.getAttribute('aria-label') || node.textContent.trim())"
    )
    assert len(names) >= 4
    assert all(names)
    assert chat.get_by_role("log").get_attribute("aria-live") == "polite"
    assert chat.title() == "My agent"


def test_in_chinese_and_dark(browser: Browser, url: str) -> None:
    colors = []
    for scheme in ("light", "dark"):
        context = browser.new_context(locale="zh-CN", color_scheme=scheme)
        tab = context.new_page()
        tab.goto(url)
        tab.wait_for_selector(".hello")
        assert tab.get_by_role("button", name="新对话").count() == 1
        assert tab.locator("html").get_attribute("lang") == "zh-CN"
        colors.append(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
        context.close()
    assert colors[0] != colors[1]


MARKDOWN = [
    ("a *b* _c_ **d** ~~e~~ `f` snake_case 2 * 3", "em em strong del code"),
    ("1. a\n2. b\n   - c\n\n   d\n3. e", "ol li li ul li p li"),
    ("- a\n\n- b\n\nend", "ul li li p"),
    ("| a | b |\n|---|:-:|\n| c | `d\\|e` |", "div table thead tr th th tbody tr td td code"),
    ("```py\na\n\nb\n```\nafter", "div pre code button p"),
    ("```\nnot closed", "div pre code button"),
    ("> a\n> - b", "blockquote p ul li"),
    ("a\n***\n### b", "p hr h4"),
    ("https://a.example/x_y, [l](https://b.example/(c))", "p a a"),
    ("a  \nb", "p br"),
    ("**bold with *slant* in it**", "p strong em"),
]


@pytest.mark.parametrize(("source", "tags"), MARKDOWN)
def test_markdown(chat: Page, source: str, tags: str) -> None:
    """The same tags come whether the text comes at once or in pieces."""
    made = chat.evaluate(
        """(source) => [1, source.length].map((size) => {
          const box = document.createElement("div");
          for (let end = size; end <= source.length; end += size) showMarkdown(box, source.slice(0, end), []);
          return Array.from(box.querySelectorAll("*"), (node) => node.localName).join(" ");
        })""",
        source,
    )
    assert made[0] == made[1]
    assert made[1].removeprefix("p ") == tags.removeprefix("p ")


def test_no_text_can_stall_the_page(chat: Page) -> None:
    """Text that looks for the worst case of every pattern is still shown at once."""
    worst = [
        "**" * 4000,
        "[" * 8000,
        "`" * 8000 + "a",
        "_a" * 4000,
        "*a " * 3000,
        "- " * 4000,
        "|" * 8000,
        "![](" * 3000,
        "(https://" * 2000,
        "> " * 300,
    ]
    milliseconds = chat.evaluate(
        """(texts) => texts.map((text) => {
          const start = performance.now();
          block(text, []);
          return performance.now() - start;
        })""",
        worst,
    )
    assert max(milliseconds) < 1500, milliseconds
