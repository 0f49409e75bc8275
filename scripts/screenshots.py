"""Take the pictures of the documents: `make screenshots`.

Pages are shown in Chromium, commands run in a terminal of 80 or of 120 columns; both in a light and in a dark theme.
The pictures are written to docs/images; their names say what they show.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from PIL import Image
from playwright.sync_api import sync_playwright
from terminal_picture import THEMES, Typed, picture_html, screen_after

from langchain_glm.cli.chat_demo_script import CHINESE, ENGLISH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

_IMAGES: Final = Path(__file__).parent.parent / "docs" / "images"
_OF_THIS_MACHINE: Final = {str(_IMAGES.parent.parent): "/home/me/project", platform.platform(): "Linux"}
_MOST_BYTES: Final = 100_000
_FLAGS: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


class Shot(NamedTuple):
    """A command that is shown.

    Args:
        name: the beginning of the picture's name.
        command: as it is entered, beginning with `glm`.
        typed: what is typed while it runs.
        columns: the width of the terminal.
    """

    name: str
    command: tuple[str, ...]
    typed: tuple[Typed, ...] = ()
    columns: int = 80


_QUESTION: Final = "Search the web for the opening hours of the Palace Museum."
COMMANDS_SHOWN: Final = (
    Shot("glm-ask", ("glm", _QUESTION, "--demo", "--search", "--stats")),
    Shot("glm-chat", ("glm", "chat", "--demo", "--search"), (Typed("> ", f"{_QUESTION}\r"),)),
    Shot("glm-doctor", ("glm", "doctor")),
    Shot("glm-models", ("glm", "models", "glm-5"), columns=120),
)
"""One line for each command."""


def main() -> int:
    """Take all pictures, or those whose names contain a text."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("only", nargs="?", default="", help="take only pictures whose name contains this")
    only = parser.parse_args().only
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        for shot in COMMANDS_SHOWN:
            if only in shot.name:
                _show_command(browser, shot)
        if any(only in name for name in ("chat-page", "requests-page")):
            _show_pages(browser)
        browser.close()
    return 0


def _show_command(browser: Browser, shot: Shot) -> None:
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "langchain_glm", *shot.command[1:]]
        screen = screen_after(command, shot.columns, _environment(home), typed=shot.typed, replaced=_OF_THIS_MACHINE)
    entered = " ".join(f'"{word}"' if " " in word else word for word in shot.command)
    for theme, colors in THEMES.items():
        page = browser.new_page(device_scale_factor=1.5)
        page.set_content(picture_html(screen, entered, colors))
        _write(f"{shot.name}-{theme}", page.locator("pre").screenshot())
        page.close()


def _environment(home: str) -> dict[str, str]:
    """Return the variables of a command: no key, and nothing that the person who runs this has set."""
    return {"PATH": os.environ["PATH"], "HOME": home, "LANG": "C.UTF-8"}


@contextmanager
def _served() -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "langchain_glm", "serve", "--chat"]
    with tempfile.TemporaryDirectory() as home:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_environment(home))  # noqa: S603 - our own
        lines = process.stdout or ()
        printed = dict(line.strip().split("=", 1) for line in islice(lines, 4))
        try:
            yield printed
        finally:
            process.terminate()
            process.wait()


def _show_pages(browser: Browser) -> None:
    for name, language, scheme, question in (
        ("chat-page-light", "en-US", "light", ENGLISH.question),
        ("chat-page-dark", "en-US", "dark", ENGLISH.question),
        ("chat-page-zh-light", "zh-CN", "light", CHINESE.question),
        ("chat-page-zh-dark", "zh-CN", "dark", CHINESE.question),
    ):
        with _served() as printed:
            settings: dict[str, Any] = {"locale": language, "color_scheme": scheme, "device_scale_factor": 1.25}
            context = browser.new_context(viewport={"width": 860, "height": 1060}, **settings)
            chat = context.new_page()
            chat.goto(printed["chat"])
            chat.get_by_role("textbox").fill(question)
            chat.keyboard.press("Enter")
            chat.wait_for_selector(".usage")
            chat.mouse.move(5, 5)
            _write(name, chat.screenshot())
            requests = context.new_page()
            requests.goto(printed["page"])
            requests.locator("summary").last.click()
            requests.mouse.move(5, 5)
            _write(name.replace("chat", "requests"), requests.screenshot())
            context.close()


def _write(name: str, picture: bytes) -> None:
    """Write a picture with as many colours as fit into the size that pages can afford."""
    with Image.open(BytesIO(picture)) as image:
        full = image.convert("RGB")
    for colors in (256, 128, 64, 32, 16):
        small = BytesIO()
        full.quantize(colors, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
        if small.tell() <= _MOST_BYTES:
            break
    _IMAGES.mkdir(exist_ok=True)
    (_IMAGES / f"{name}.png").write_bytes(small.getvalue())
    print(f"{name}.png  {small.tell() / 1000:.0f} kB, {colors} colours")


if __name__ == "__main__":
    sys.exit(main())
