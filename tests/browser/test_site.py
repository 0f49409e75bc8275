"""The built site in Chromium: search in both languages, the language switch, and no request to another machine."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

SITE: Final = Path(__file__).parents[2] / "site"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and logs nothing."""

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The URL at which the built site is served."""
    if not (SITE / "zh" / "index.html").is_file():
        pytest.skip("the site is not built: run `make docs`")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(SITE))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def search(page: Page, words: str) -> list[str]:
    """The links that the search finds, best first."""
    page.wait_for_load_state("networkidle")
    page.keyboard.press("Control+k")
    page.wait_for_timeout(500)
    page.keyboard.type(words)
    found = page.locator("a[href*='?h=']")
    found.first.wait_for()
    return [str(each.get_attribute("href")) for each in found.all()]


@pytest.mark.parametrize(
    ("start", "words", "leads_to"),
    [
        ("/zh/", "思考", "/zh/how-to/thinking/"),
        ("/zh/", "流式", "/zh/how-to/thinking/"),
        ("/zh/", "知识库", "/zh/how-to/knowledge/"),
        ("/zh/", "额度", "/zh/reference/errors/"),
        ("/", "thinking", "/how-to/thinking/"),
        ("/", "reasoning_effort", "/reference/settings/"),
    ],
)
def test_search_finds_pages(site: str, page: Page, start: str, words: str, leads_to: str) -> None:
    page.goto(site + start)
    assert any(link.startswith((site + leads_to, leads_to)) for link in search(page, words))


def test_the_language_switch_leads_to_the_same_page(site: str, page: Page) -> None:
    page.goto(f"{site}/reference/settings/")
    links = page.locator("a.md-select__link")
    assert [(link.get_attribute("hreflang"), link.evaluate("link => link.href")) for link in links.all()] == [
        ("en", f"{site}/reference/settings/"),
        ("zh", f"{site}/zh/reference/settings/"),
    ]


@pytest.mark.parametrize("start", ["/", "/zh/", "/reference/api/chat-model/", "/zh/about/performance/"])
def test_nothing_is_loaded_from_another_machine(site: str, page: Page, start: str) -> None:
    asked: list[str] = []
    failed: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda response: failed.append(response.url) if response.status >= 400 else None)
    page.goto(site + start, wait_until="networkidle")
    assert [url for url in asked if not url.startswith((site, "data:", "blob:"))] == []
    assert failed == []


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_the_window(site: str, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    for start in ("/", "/zh/", "/how-to/thinking/", "/zh/reference/settings/", "/reference/hosts/"):
        page.goto(site + start)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), start


def test_the_reference_has_fields_with_their_descriptions_and_assigned_methods(site: str, page: Page) -> None:
    page.goto(f"{site}/reference/api/chat-model/")
    for member in ("thinking", "max_retries", "bind_tools", "with_structured_output", "acount_tokens"):
        assert page.locator(f'[id="langchain_glm.ChatGLM.{member}"]').count() == 1, member
    assert page.get_by_text("How long the model thinks, if it has levels of effort.").count() == 1
