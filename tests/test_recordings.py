"""Recorded exchanges: each is served on a socket, read in four ways, and compared with its snapshot.

Every `NAME.http` in `tests/recordings` is a test, and `NAME.json` beside it holds what `ChatGLM` makes of it. A missing
snapshot is written, and the test fails, so that somebody reads it first.
"""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, message_chunk_to_message
from langchain_core.messages.content import KNOWN_BLOCK_TYPES

from langchain_glm import HOSTS, ChatGLM, GLMError
from langchain_glm.cli.main import main
from langchain_glm.probe.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER: Final = Path(__file__).parent / "recordings"
FILES: Final = sorted(FOLDER.glob("*.http"))
READINGS: Final = {
    "invoke": ("invoke", "v0"),
    "stream": ("stream", "v0"),
    "invoke, v1": ("invoke", "v1"),
    "stream, v1": ("stream", "v1"),
}
"""The name of a reading in a snapshot: the method, and the form of the content."""

_SAME_FOR_ALL: Final = ("host", "model_provider", "output_version")

_PIECE: Final = 61  # bytes; so that events are cut in odd places

pytestmark = pytest.mark.filterwarnings("ignore::langchain_glm.GLMWarning")


@contextmanager
def serving(recording: Recording) -> Iterator[str]:
    """Serve the reply on the loopback interface; yield the base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response_only(recording.status)
            for name, value in recording.headers.items():
                self.send_header(name, value)
            self.end_headers()
            for start in range(0, len(recording.content), _PIECE):
                self.wfile.write(recording.content[start : start + _PIECE])

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def reading(recording: Recording, base_url: str, method: str, output_version: str) -> dict[str, Any]:
    """What `ChatGLM` makes of the reply: a message, or an exception."""
    host = recording.notes["host"]
    model = ChatGLM(
        model=recording.request["model"],
        host=host if host in HOSTS else None,
        base_url=base_url,
        api_key="test.key",
        max_retries=0,
        output_version=output_version,
        streaming=True if recording.request.get("stream") else None,
    )
    try:
        if method == "invoke":
            return told(model.invoke("Hello"))
        chunks = list(model.stream("Hello"))
        whole = chunks[0]
        for chunk in chunks[1:]:
            whole += chunk
        assert isinstance(whole, AIMessageChunk)
        return told(message_chunk_to_message(whole))
    except GLMError as error:
        partial = told(error.partial) if error.partial else None
        shown = {"raises": type(error).__name__, "says": error.message, "code": error.code, "partial": partial}
        facts = {"is_retryable": error.is_retryable, "reset_at": error.reset_at and str(error.reset_at)}
        return {name: value for name, value in {**shown, **facts}.items() if value not in (None, {"content": ""})}


def told(message: Any) -> dict[str, Any]:
    """A message as JSON, without empty fields, the id of the run, and what is the same for every reply."""
    assert isinstance(message, AIMessage)
    fields = json.loads(message.model_dump_json(exclude={"id", "type"}))
    fields["response_metadata"] = {
        name: value for name, value in fields["response_metadata"].items() if name not in _SAME_FOR_ALL
    }
    return {name: value for name, value in fields.items() if value or name == "content"}


def snapshot(recording: Recording) -> dict[str, Any]:
    """The four readings; of the later ones only what differs from the first."""
    with serving(recording) as base_url:
        readings = {name: reading(recording, base_url, *how) for name, how in READINGS.items()}
    first = readings["invoke"]
    return {"invoke": first} | {
        name: {key: value for key, value in {**dict.fromkeys(first), **found}.items() if value != first.get(key)}
        for name, found in readings.items()
        if name != "invoke"
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_recording(file: Path) -> None:
    found = snapshot(Recording.loads(file.read_bytes()))
    expected = file.with_suffix(".json")
    if not expected.exists():
        expected.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        pytest.fail(f"{expected.name} was missing and has been written; read it, and run the test again.")
    assert found == known_blocks(json.loads(expected.read_text(encoding="utf-8")))


def known_blocks(snapshot: dict[str, Any]) -> dict[str, Any]:
    """Leave out blocks of types that this version of langchain-core does not know, such as refusals before 1.8."""
    for message in snapshot.values():
        if isinstance(content := message.get("content"), list):
            message["content"] = [block for block in content if block["type"] in KNOWN_BLOCK_TYPES]
    return snapshot


def test_the_catalogue_lists_every_recording() -> None:
    rows = re.findall(
        r"^\| \[`([\w.-]+)`\]\(\1\) \| (.+) \| (.+) \|$", (FOLDER / "README.md").read_text("utf-8"), re.MULTILINE
    )
    notes = [(file.name, Recording.loads(file.read_bytes()).notes) for file in FILES]
    assert rows == [(name, said["shows"], f"{said['source']}, {said['date']}") for name, said in notes]


def test_nothing_is_left_over() -> None:
    assert {file.stem for file in FOLDER.glob("*.json")} == {file.stem for file in FILES}


def test_what_the_probe_records_is_a_test(tmp_path: Path) -> None:
    assert main(["probe", "--embedded", "--host", "zai", "--record", str(tmp_path), "--json"]) == 0
    files = sorted(tmp_path.glob("*.http"))
    assert len(files) > 30
    found = [snapshot(Recording.loads(file.read_bytes()))["invoke"] for file in files]
    assert {"GLMAuthenticationError", "GLMInvalidRequestError", "GLMNotFoundError"} <= {
        one.get("raises") for one in found
    }
    assert any(one.get("tool_calls") for one in found)
