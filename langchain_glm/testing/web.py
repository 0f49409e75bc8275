"""Web pages as the reader sees them: HTML as Markdown or plain text, with its title, links and images."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin

__all__ = ["Page", "read_html"]

_SKIPPED: Final = frozenset({"script", "style", "noscript", "template", "svg"})
_BLOCKS: Final = frozenset({"p", "div", "section", "article", "main", "ul", "ol", "table", "tr", "blockquote", "br"})
_HEADINGS: Final = {f"h{level}": "#" * level for level in range(1, 7)}
_BLANK: Final = re.compile(r"\s+")


@dataclass(slots=True)
class Page:
    """What the reader takes from a page: its texts, links (text → URL) and images (description → URL)."""

    blocks: list[str] = field(default_factory=list)
    title: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    stylesheets: dict[str, dict[str, str]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> str:
        """The blocks with an empty line between them."""
        return "\n\n".join(self.blocks)


def read_html(html: str, url: str, *, markdown: bool = True, images: bool = True) -> Page:
    """Read a page.

    Args:
        html: its text.
        url: where it is; links and images are made absolute with it.
        markdown: whether headings, links, list items and images are marked.
        images: whether images stay in the content.
    """
    reader = _Reader(url, markdown=markdown, images=images)
    reader.feed(html)
    reader.close()
    reader.end_block()
    return reader.page


class _Reader(HTMLParser):
    def __init__(self, url: str, *, markdown: bool, images: bool) -> None:
        super().__init__()
        self.page = Page()
        self._url = url
        self._markdown = markdown
        self._images = images
        self._skipped = 0
        self._in_title = False
        self._mark = ""
        self._text: list[str] = []
        self._link: tuple[str, int] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in _SKIPPED:
            self._skipped += 1
        elif tag == "title":
            self._in_title = True
        elif tag == "meta" and given.get("name"):
            self.page.metadata[given["name"]] = given.get("content", "")
        elif tag == "link" and given.get("rel") == "stylesheet":
            self.page.stylesheets[urljoin(self._url, given.get("href", ""))] = {"type": given.get("type", "text/css")}
        elif tag in _HEADINGS or tag == "li":
            self.end_block()
            self._mark = f"{_HEADINGS.get(tag, '-')} "
        elif tag in _BLOCKS:
            self.end_block()
        elif tag == "a":
            self._link = (urljoin(self._url, given.get("href", "")), len(self._text))
        elif tag == "img":
            self._add_image(given.get("alt", ""), urljoin(self._url, given.get("src", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag in _SKIPPED:
            self._skipped = max(0, self._skipped - 1)
        elif tag == "title":
            self._in_title = False
        elif tag == "a" and self._link:
            (target, start), self._link = self._link, None
            text = _BLANK.sub(" ", "".join(self._text[start:])).strip()
            self.page.links[text] = target
            if self._markdown:
                self._text[start:] = [f"[{text}]({target})"]
        elif tag in _BLOCKS or tag in _HEADINGS or tag == "li":
            self.end_block()

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.page.title += data.strip()
        elif not self._skipped:
            self._text.append(data)

    def end_block(self) -> None:
        text = _BLANK.sub(" ", "".join(self._text)).strip()
        if text:
            self.page.blocks.append(self._mark + text if self._markdown else text)
        self._text, self._mark, self._link = [], "", None

    def _add_image(self, description: str, url: str) -> None:
        self.page.images[description or f"Image {len(self.page.images) + 1}"] = url
        if self._images and self._markdown:
            shown = "data:" if url.startswith("data:") else url
            self._text.append(f"![{description}]({shown})")
