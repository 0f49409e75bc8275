"""Coverage-guided fuzzing of the code that turns a stream's bytes into message chunks: `make fuzz`.

The input is a stream as an endpoint could send it; its first byte says where the rest is cut into pieces. Three things
must hold: only a `GLMError` is ever raised, cutting does not change the result, and every chunk has content blocks.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SEEDS: Final = (
    (b'\x00data: {"id":"1","created":1,"model":"glm-5.2","choices":[{"index":0,"delta":{"role":"assistant",'
    b'"reasoning_content":"so"}}]}\n\ndata: {"choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n'
    b'data: {"choices":[{"index":0,"finish_reason":"stop","delta":{"content":""}}],"usage":{"prompt_tokens":1,'
    b'"completion_tokens":2,"total_tokens":3,"prompt_tokens_details":{"cached_tokens":0}}}\n\ndata: [DONE]\n\n'),
    (b'\x03data: {"choices":[{"delta":{"tool_calls":[{"id":"call_1","index":0,"type":"function","function":'
    b'{"name":"look","arguments":"{\\"where\\": [\\"a\\"]"}}]}}]}\r\n\r\ndata: {"choices":[{"delta":{"tool_calls":'
    b'[{"index":0,"function":{"arguments":", \\"q\\": 1}"}}]},"finish_reason":"tool_calls"}]}\r\rdata: [DONE]\r\n'),
    b'\x01event: error\ndata: {"error":{"code":"1302","message":"busy"}}\n\n',
    b'\x02{"error":{"code":"1305","message":"until 2026-07-31 18:31:06"}}\n',
    (b'\x07\xef\xbb\xbf: ping\n\ndata:{"choices":[{"delta":{"content":"so [ref_1]"},"finish_reason":"length"}],'
    b'"web_search":[{"refer":"ref_1","link":"u","title":"t"}]}\n\n'),
    b'\x05data: {"choices":[{"delta":{"con data: {"choices":[]}\n\n',
    (b'\x04data: {"choices":[{"delta":{"tool_calls":[{"id":"1","type":"mcp","mcp":{"type":"mcp_call","id":"m",'
    b'"name":"n","arguments":"{}","output":"o"}}]},"logprobs":{"content":[1]},"finish_reason":"sensitive"}],'
    b'"content_filter":[{"role":"user","level":1}]}\n\n'),
)  # fmt: skip
"""One stream of each known kind."""

WORDS: Final = (
    "data: ", "event: error", "[DONE]", "\\x0a\\x0a", "\\x0d", "\\xef\\xbb\\xbf", '\\"choices\\":[{\\"delta\\":{',
    '\\"tool_calls\\":[', '\\"function\\":{', '\\"arguments\\":', '\\"reasoning_content\\":', '\\"content\\":',
    '\\"finish_reason\\":', '\\"usage\\":{', '\\"error\\":{', '\\"index\\":-1', "\\\\ud83d", "NaN", "null", "[[[[[[[[",
)  # fmt: skip
"""Texts that random bytes would take long to reach."""

SCHEMAS: Final[dict[str, Any]] = {
    "look": {"type": "object", "properties": {"where": {"type": "array"}, "q": {"type": "integer"}}}
}


def pieces(raw: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(raw), size):
        yield raw[start : start + size]


def outcome(cut: Iterable[bytes]) -> list[Any]:
    """The events of some bytes; an error's text comes last."""
    from langchain_glm.errors import GLMStreamError
    from langchain_glm.transport.events import EventReader

    reader = EventReader()
    events: list[Any] = []
    try:
        for piece in cut:
            events.extend(reader.feed(piece))
        events.extend(reader.end())
    except GLMStreamError as error:
        events.append(str(error))
    return events


def check(data: bytes) -> None:
    """Read one input whole and in pieces, and compare.

    Raises:
        AssertionError: if cutting changes the result, or if a chunk is not valid.
    """
    from langchain_glm.catalog.hosts import HOSTS
    from langchain_glm.errors import GLMError
    from langchain_glm.transport.error_body import error_from_body
    from langchain_glm.wire.reply.chunks import ChunkReader

    raw = data[1:]
    events = outcome([raw])
    assert repr(outcome(pieces(raw, 1 + (data[0] if data else 0) % 9))) == repr(events)
    reader = ChunkReader(SCHEMAS, json_only=bool(data) and data[0] > 127)
    chunks = []
    try:
        for event in events:
            if isinstance(event, str):
                break
            if event.get("error"):
                str(error_from_body(event, host=HOSTS["zai"]))
            if chunk := reader.read(event):
                chunks.append(chunk)
        chunks += reader.finish(marked_end=b"[DONE]" in raw)
    except GLMError:
        pass
    for message in (*(chunk.message for chunk in chunks), reader.partial()):
        assert isinstance(message.content_blocks, list)


def main() -> None:
    """Fuzz for some time; libFuzzer prints the figures and ends the process, with status 0 if nothing was found."""
    import atheris

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600)
    seconds = parser.parse_args().seconds
    with atheris.instrument_imports(include=["langchain_glm"]):
        import langchain_glm.errors
        import langchain_glm.transport.events
        import langchain_glm.wire.reply.chunks  # noqa: F401
    from langchain_glm.content_blocks import register_translators

    register_translators()
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    words = folder / "words"
    words.write_text("".join(f'"{word}"\n' for word in WORDS), encoding="ascii")
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(SEEDS):
        (corpus / str(number)).write_bytes(seed)
    print(f"corpus and findings: {folder}", flush=True)
    options = [f"-max_total_time={seconds}", f"-dict={words}", f"-artifact_prefix={folder}/", "-print_final_stats=1"]
    options += ["-max_len=4096", "-timeout=10", "-rss_limit_mb=2048", "-verbosity=1"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
