"""The page of `glm serve` in Chromium: requests appear as they come."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from langchain_glm import ChatGLM
from langchain_glm.cli.requests_page.app import beside, requests_app
from langchain_glm.cli.requests_page.watching import Watch
from langchain_glm.testing import GLMServer, Reply

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_requests_appear_as_they_come(page: Page) -> None:
    watch = Watch("test.key")
    about = {"host": "zai", "base_url": "http://x/api", "key_variable": "ZAI_API_KEY", "model": "glm-5.2", "chat": ""}
    pages = requests_app(watch, lambda: about)
    with GLMServer(middleware=lambda app: beside(watch.wrap(app), pages)) as server:
        page.goto("/".join(server.base_url.split("/")[:3]))
        page.wait_for_selector("text=No request has come yet")
        assert "curl http://x/api/chat/completions" in page.locator("#connect").inner_text()
        server.queue(Reply("<img src=x onerror=alert(1)> hello", delay=1.5))
        model = ChatGLM(model="glm-5.2", host="zai", base_url=server.base_url, api_key=server.api_key)
        asking = threading.Thread(target=model.invoke, args=("Is test.key here?",))
        asking.start()
        page.wait_for_selector("text=1 so far, 1 in flight")
        row = page.locator("details")
        assert "in flight" in row.inner_text()
        page.wait_for_selector("text=1 so far, 0 in flight")
        asking.join()
        shown = row.locator("summary").inner_text()
        assert "/api/paas/v4/chat/completions" in shown
        assert "glm-5.2" in shown
        assert "200" in shown
        assert not row.locator("pre").first.is_visible()
        row.locator("summary").click()
        assert "Is ********** here?" in row.locator("pre").first.inner_text()
        assert "<img src=x onerror=alert(1)> hello" in row.locator("pre").last.inner_text()
        assert page.locator("img").count() == 0
        assert "test.key" not in page.content()
        page.reload()
        page.wait_for_selector("text=1 so far, 0 in flight")
        watch.close()
