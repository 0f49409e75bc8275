"""`examples/chat_web`: an agent of one's own on the chat page."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from langchain_glm.testing import GLMServer, Reply, ToolCall

APP = Path(__file__).parents[2] / "examples" / "chat_web" / "app.py"


def test_its_tools_work_on_the_page() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with GLMServer("zai") as server:
        environment = {**os.environ, "ZAI_API_KEY": server.api_key, "ZAI_BASE_URL": server.base_url}
        server.queue(Reply(tool_calls=[ToolCall("note_down", {"text": "plants"})]), Reply("Done."))
        with (
            subprocess.Popen([sys.executable, str(APP), "--port", str(port)], env=environment) as process,
            httpx2.Client(base_url=f"http://127.0.0.1:{port}/", timeout=30) as client,
        ):
            try:
                wait_for(client, process)
                answer = client.post("chat", json={"thread": "a-thread-of-a-test", "text": "Note down: plants"})
                process.send_signal(signal.SIGINT)
                process.wait(30)
            finally:
                process.kill()
    assert "noted as number 1" in answer.text
    assert "Done." in answer.text


def wait_for(client: httpx2.Client, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            assert client.get("about").json()["title"] == "Notes"
        except httpx2.ConnectError:
            if process.poll() is not None or time.monotonic() > end:
                pytest.fail("the program did not start")
            time.sleep(0.1)
        else:
            return
