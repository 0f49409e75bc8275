"""Run the blocks of a page against embedded servers, and note what each prints."""

from __future__ import annotations

import inspect
import io
import os
import subprocess
import sys
import sysconfig
from contextlib import ExitStack, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from langchain_glm import HOSTS, close_clients
from langchain_glm.testing import Fault, GLMServer, Reply, ToolCall
from tests.docs.pages import Block, blocks_of, hosts_of

if TYPE_CHECKING:
    import pytest


def run_page(page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[Block, str]:
    """Run all blocks of a page in order.

    Python blocks share one namespace. Tests that they define run at the end, with a server of their own.

    Args:
        page: the page.
        folder: an empty folder, in which the examples run.
        monkeypatch: sets the environment.

    Returns:
        What each block printed, for `python` blocks; for `console` blocks, the block as it should read.
    """
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PATH", sysconfig.get_path("scripts") + os.pathsep + os.environ["PATH"])
    monkeypatch.setenv("NO_COLOR", "1")
    for variable in ("XDG_DATA_HOME", "XDG_STATE_HOME"):  # where `glm` saves conversations
        monkeypatch.setenv(variable, str(folder / ".user"))
    for known in HOSTS.values():
        for variable in (*known.key_variables, *known.url_variables):
            monkeypatch.delenv(variable, raising=False)
    shown: dict[str, Any] = {"__name__": "__docs__"}
    printed: dict[Block, str] = {}
    with ExitStack() as running, patch.dict(os.environ):  # pages may set variables, such as HTTPS_PROXY
        running.callback(close_clients)  # which may have been opened with these variables
        servers: dict[str, GLMServer] = {}

        def serve(host: str, **arguments: Any) -> GLMServer:
            server = running.enter_context(GLMServer(host, **arguments))
            monkeypatch.setenv(HOSTS[host].key_variables[0], server.api_key)
            if HOSTS[host].url_variables:
                monkeypatch.setenv(HOSTS[host].url_variables[0], server.base_url)
            else:  # a coding plan, for instance
                running.enter_context(patch.dict(HOSTS, {host: replace(HOSTS[host], base_url=server.base_url)}))
            servers[host] = server
            return server

        hosts = hosts_of(page)
        for host in hosts:
            serve(host)
        hidden = {
            "servers": servers,
            "serve": serve,
            "enter": running.enter_context,  # for what else must run while the page does, such as a proxy
            "setenv": monkeypatch.setenv,
            "Reply": Reply,
            "ToolCall": ToolCall,
            "Fault": Fault,
        }
        for block in blocks_of(page.read_text(encoding="utf-8")):
            if block.info == "server":
                _run(block, page, {**hidden, "server": servers[hosts[0]], "Path": Path})
            elif block.info == "python":
                printed[block] = _run(block, page, shown)
            elif block.info == "console":
                printed[block] = _console(block)
    for name, test in list(shown.items()):
        if name.startswith("test_"):
            with GLMServer(hosts[0]) as server:
                wants = inspect.signature(test).parameters
                test(**({"glm_server": server} if "glm_server" in wants else {}))
    return printed


def _run(block: Block, page: Path, namespace: dict[str, Any]) -> str:
    source = "\n" * block.line + block.text  # so that tracebacks show the lines of the page
    with redirect_stdout(io.StringIO()) as printed:
        exec(compile(source, str(page), "exec", dont_inherit=True), namespace)
    return printed.getvalue()


def _console(block: Block) -> str:
    """Run the commands of a block, each of which begins with `$ `; return the block with what they print."""
    lines = []
    for command in (line[2:] for line in block.text.splitlines() if line.startswith("$ ")):
        shell = ["bash", "-c", command]
        done = subprocess.run(
            shell, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        lines += [f"$ {command}", *done.stdout.splitlines()]
    return "\n".join(lines) + "\n"


def main(pages: list[str]) -> None:
    """Write what the examples print into the pages that are named: `python -m tests.docs.running PAGE …`."""
    import tempfile

    import pytest

    from tests.docs.pages import with_outputs

    for page in map(Path.resolve, map(Path, pages)):
        with pytest.MonkeyPatch.context() as monkeypatch, tempfile.TemporaryDirectory() as folder:
            printed = run_page(page, Path(folder), monkeypatch)
            source = page.read_text(encoding="utf-8")
            page.write_text(with_outputs(source, printed), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
