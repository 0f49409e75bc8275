"""Pages in Chromium: without the package playwright or without a browser, these tests are skipped.

`make test-browser` sets BROWSER_REQUIRED, under which they fail instead.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

ADVICE = (
    "These tests need Chromium: install it (Debian: apt-get install chromium), or say where it is with CHROMIUM=…, "
    "and run them with `make test-browser`."
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str | None:
    """The path of the browser: that of CHROMIUM, or the first that is installed."""
    named = os.environ.get("CHROMIUM")
    names = [named] if named else ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
    return next((path for name in names if (path := shutil.which(name))), None)


def give_up() -> NoReturn:
    (pytest.fail if os.environ.get("BROWSER_REQUIRED") else pytest.skip)(ADVICE)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        give_up()
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        give_up()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(FLAGS))  # with a new user-data-dir
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty English tab; what its scripts report fails the test."""
    context = browser.new_context(locale="en-US", permissions=["clipboard-read", "clipboard-write"])
    tab = context.new_page()
    complaints: list[str] = []
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
    tab.set_default_timeout(20_000)
    yield tab
    context.close()
    assert complaints == []
