"""The errors and warnings that the pages quote are those that the package gives."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any, Final

import pytest
from pydantic import BaseModel

from langchain_glm import ChatGLM, GLMEmbeddings, GLMOCRLoader, GLMWarning, GLMWebLoader
from langchain_glm.notices import notify
from langchain_glm.testing import Fault, GLMServer, Reply
from tests.docs.pages import DOCS, PAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_NAMES: Final = ("thinking", "tools", "structured-output", "images-and-video", "documents", "embeddings")
QUOTING: Final = [page for page in PAGES if page.parent.name == "how-to" and page.stem in _NAMES]
_QUOTE: Final = re.compile(r"`((?:GLM|OutputParser)\w*(?:Error|Warning|Exception): [^`]+)`")


def lookup(word: str) -> str:
    """Look up a word."""
    return word


class Place(BaseModel):
    """A place."""

    name: str


def _wide(level: int) -> dict[str, Any]:
    """A schema in which each definition refers to the next one eight times."""
    definitions = {
        f"L{depth}": {
            "type": "object",
            "properties": {f"p{number}": {"$ref": f"#/$defs/L{depth + 1}"} for number in range(8)},
        }
        for depth in range(level)
    }
    return {"title": "Wide", "$ref": "#/$defs/L0", "$defs": {**definitions, f"L{level}": {"type": "string"}}}


def _failing(server: GLMServer) -> Iterator[Callable[[], Any]]:
    """Calls that fail or warn, as users make them."""
    where: dict[str, Any] = {"host": "zai", "base_url": server.base_url, "api_key": server.api_key}

    def chat(model: str = "glm-5.2", **settings: Any) -> ChatGLM:
        return ChatGLM(model=model, **where, **settings)

    def seeing(model: str, block: dict[str, str]) -> Callable[[], Any]:
        return lambda: chat(model).invoke([("human", [{"type": "text", "text": "What is it?"}, block])])

    yield lambda: chat("glm-5.3").invoke("Hi", thinking=False)
    yield lambda: chat("glm-4.7").invoke("Hi", reasoning_effort="high")
    yield lambda: chat().invoke("Hi", thinking={"type": "enabled", "budget_tokens": 100})
    yield lambda: chat(thinking="on")
    yield lambda: chat().bind_tools([5])
    yield lambda: chat().bind_tools([{"type": "code_interpreter"}])
    yield lambda: chat().bind_tools([lookup], tool_choice="find").invoke("Hi")
    yield lambda: chat().with_structured_output(_wide(8))
    yield seeing("glm-5.2", {"type": "image", "url": "https://example.com/a.png"})
    yield seeing("glm-4.6v", {"type": "file", "base64": "YQ==", "mime_type": "application/pdf"})
    yield seeing("glm-4.6v", {"type": "image", "path": "a.png"})
    yield lambda: GLMOCRLoader(b"text", **where).load()
    yield lambda: GLMOCRLoader(b"\x89PNG\r\n\x1a\n" + bytes(11_000_000), **where).load()
    yield lambda: GLMWebLoader("https://example.com/", timeout=10, **where)
    yield lambda: chat().with_structured_output(Place).invoke("Hi")


@pytest.fixture(scope="module")
def messages() -> list[str]:
    """What the package says in these cases, as Python shows it."""
    said = []
    notify.cache_clear()
    with GLMServer("zai") as server, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for call in _failing(server):
            server.clear_queue()
            server.queue(Reply("Hello.", finish_reason="length"))
            try:
                call()
            except Exception as error:  # noqa: BLE001 - each is compared with what the pages say
                said.append(f"{type(error).__name__}: {error}")
        said += [f"GLMWarning: {each.message}" for each in caught if issubclass(each.category, GLMWarning)]
        server.clear_queue()
    with GLMServer("bigmodel") as server:
        server.queue(Fault.code("1214"), path="/embeddings")
        embeddings = GLMEmbeddings(host="bigmodel", base_url=server.base_url, api_key=server.api_key)
        with pytest.raises(Exception, match="texts") as refused:
            embeddings.embed_documents(["a lamp"])
        said.append(f"{refused.type.__name__}: {refused.value}")
    return said


def is_said(quote: str, messages: list[str]) -> bool:
    """Whether a quote is among the messages; `…` stands for anything, and so does the index of a text."""
    parts = re.sub(r"\[\d+\]", "…", quote).split("…")
    pattern = ".*".join(re.escape(part.strip()) for part in parts)
    return any(re.search(pattern, message, re.DOTALL) for message in messages)


@pytest.mark.parametrize("page", QUOTING, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_quotes_are_true(page: Path, messages: list[str]) -> None:
    quotes = _QUOTE.findall(page.read_text(encoding="utf-8"))
    assert quotes
    assert [quote for quote in quotes if not is_said(quote, messages)] == []


def test_what_nobody_says_is_no_quote(messages: list[str]) -> None:
    assert is_said("GLMValueError: thinking='on' is not valid; …", messages)
    assert not is_said("GLMValueError: thinking='on' is not allowed; …", messages)
