"""`dcode`, LangChain's coding agent for the terminal, without a terminal. `make dcode` installs it and runs this."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from langchain_glm import MODELS, usage_cost
from langchain_glm.catalog.profiles import EFFORTS
from langchain_glm.deep_agents import TEXT_ONLY
from langchain_glm.testing import GLMServer, Reply, ToolCall

if TYPE_CHECKING:
    from collections.abc import Mapping

pytest.importorskip("deepagents_code")

PAGE: Final = Path(__file__).parent.parent.parent / "docs" / "en" / "how-to" / "deep-agents.md"
USAGE: Final = {
    "prompt_tokens": 20_000,
    "completion_tokens": 400,
    "total_tokens": 20_400,
    "prompt_tokens_details": {"cached_tokens": 10_000},
    "completion_tokens_details": {"reasoning_tokens": 200},
}
COST: Final = usage_cost(
    {
        "input_tokens": 5 * 20_000,
        "output_tokens": 5 * 400,
        "total_tokens": 5 * 20_400,
        "input_token_details": {"cache_read": 5 * 10_000},
    },
    "glm-5.2",
    host="zai",
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder without a configuration."""
    (tmp_path / "home" / ".deepagents").mkdir(parents=True)
    return tmp_path / "home"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "notes.txt").write_text("The answer is 41.\n", encoding="utf-8")
    return tmp_path / "project"


def configure(home: Path) -> None:
    """With the table that the page shows."""
    (table,) = re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (home / ".deepagents" / "config.toml").write_text(table, encoding="utf-8")


def environment(home: Path, server: GLMServer) -> dict[str, str]:
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "TMPDIR": str(home),
        "COLUMNS": "200",
        "DEEPAGENTS_CODE_OFFLINE": "1",
        "DEEPAGENTS_CODE_NO_UPDATE_CHECK": "1",
        "ZAI_API_KEY": server.api_key,
        "ZAI_BASE_URL": server.base_url,
    }


def dcode(project: Path, variables: Mapping[str, str], *arguments: str) -> str:
    """Run it; return what it prints. Its processes are a group, of which none is left."""
    command = [str(Path(sys.executable).with_name("dcode")), *arguments, "--no-mcp", "--no-interpreter"]
    process = subprocess.Popen(
        command,
        cwd=project,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        printed, errors = process.communicate(timeout=240)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert process.returncode == 0, printed + errors
    return printed


def ask_dcode(home: Path, variables: Mapping[str, str], code: str) -> Any:
    """Return what an expression says in a process that has imported the modules of `dcode` for models."""
    script = "import json\nfrom deepagents_code import model_config, reasoning_effort\n" + f"print(json.dumps({code}))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=home, env=variables, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("name", "configured"), [("zai:glm-5.2", True), ("glm:glm-5.2", False)])
def test_a_task_with_tools_a_subagent_and_an_edit(
    name: str, configured: bool, home: Path, project: Path, glm_server: GLMServer
) -> None:
    if configured:
        configure(home)
    notes = str(project / "notes.txt")
    edit = {"file_path": notes, "old_string": "41", "new_string": "42"}
    task = {"description": "What is 6 times 7?", "subagent_type": "general-purpose"}
    glm_server.queue(
        Reply(reasoning="Read it.", tool_calls=(ToolCall("read_file", {"file_path": notes}),), usage=USAGE),
        Reply(reasoning="Ask.", tool_calls=(ToolCall("task", task),), usage=USAGE),
        Reply("42", reasoning="Six sevens.", usage=USAGE),
        Reply(reasoning="Correct it.", tool_calls=(ToolCall("edit_file", edit),), usage=USAGE),
        Reply("It was 41, and is 42 now.", usage=USAGE),
    )
    arguments = ("--model", name, "--model-params", '{"reasoning_effort": "low"}', "-n", "Correct the notes.")
    printed = dcode(project, environment(home, glm_server), *arguments)

    assert Path(notes).read_text(encoding="utf-8") == "The answer is 42.\n"
    assert "It was 41, and is 42 now." in printed
    assert re.findall(r"Calling tool: (\w+)", printed) == ["read_file", "task", "edit_file"]
    assert COST is not None
    assert re.search(rf"zai +glm-5\.2 +5 +100\.0K +2\.0K +\${COST:.2f}", printed), printed

    bodies = [request.body for request in glm_server.requests]
    assert len(bodies) == 5
    assert all(body["stream"] and body["reasoning_effort"] == "low" for body in bodies)
    assert all(TEXT_ONLY in str(body["messages"][0]["content"]) for body in bodies)
    thoughts = [message["reasoning_content"] for message in bodies[-1]["messages"] if message["role"] == "assistant"]
    assert thoughts == ["Read it.", "Ask.", "Correct it."]
    assert "The answer is 41." in str(bodies[1]["messages"])
    assert "The answer is 41." not in str(bodies[2]["messages"])  # the subagent's


@pytest.mark.timeout(300)
def test_the_model_picker_and_the_effort_menu(home: Path, glm_server: GLMServer) -> None:
    configure(home)
    variables = environment(home, glm_server)
    listed = ask_dcode(home, variables, "model_config.get_available_models()['zai']")
    assert set(listed) == {model_id for model_id, model in MODELS.items() if model.tools}
    efforts = ask_dcode(
        home,
        variables,
        "{name: reasoning_effort.supported_efforts_for_model('zai:' + name)"
        " for name in model_config.get_available_models()['zai']}",
    )
    assert efforts["glm-5.2"] == list(EFFORTS)
    assert efforts["glm-5.3"] == ["low", "high", "max"]
    assert efforts == {name: list(MODELS[name].efforts) for name in listed}
    file = home / ".deepagents" / "config.toml"
    shorter = file.read_text(encoding="utf-8").replace("\n\n", '\nmodels = ["glm-5.3"]\n\n', 1)
    file.write_text(shorter, encoding="utf-8")
    assert ask_dcode(home, variables, "model_config.get_available_models()['zai']") == ["glm-5.3"]
    assert ask_dcode(home, variables, "reasoning_effort.default_effort_for_model('zai:glm-5.3')") == "max"
