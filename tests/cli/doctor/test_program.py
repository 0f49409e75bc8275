"""`glm doctor` as a program: the report, JSON, the exit status, and that no key is in any output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from langchain_glm import HOSTS
from langchain_glm.cli.doctor.finding import KEY_VARIABLES, Finding
from langchain_glm.cli.doctor.report import lines
from langchain_glm.testing import Fault, GLMServer

if TYPE_CHECKING:
    from pathlib import Path

GLM = "0f0f0f0f0f0f0f0f.s3cr3ts3cr3t"
MOONSHOT = "sk-9e9e9e9e9e9e9e9e"

pytestmark = pytest.mark.timeout(300)


def environment(**variables: str) -> dict[str, str]:
    """What a program needs, without keys, URLs, proxies and certificates from outside."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8", "NO_PROXY": "127.0.0.1", **variables}


def doctor(*arguments: str, **variables: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "langchain_glm", "doctor", *arguments],
        env=environment(**variables), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


def not_fine(report: str) -> dict[str, dict[str, Any]]:
    return {row["what"]: row for row in json.loads(report)["findings"] if row["status"] != "ok"}


def test_without_a_key() -> None:
    status, out, err = doctor(COLUMNS="80")
    assert (status, err) == (1, "")
    assert "  FAIL  host               No host is given, and no key is in the environment." in out
    assert "Nothing is changed and nothing is sent." in out
    assert "glm doctor --online" in out
    assert f"ZHIPUAI_API_KEY from {HOSTS['bigmodel'].key_page};" in out.replace("\n             ", " ")
    assert max(map(len, out.splitlines())) <= 80
    assert [line for line in out.splitlines() if line and not line.startswith(" ")][2:-2] == [
        "This machine",
        "Packages",
        "Keys",
        "Host",
        "Network",
    ]


def test_many_things_that_are_wrong(tmp_path: Path) -> None:
    old = tmp_path / "langchain_glm-0.0.2.dist-info"
    old.mkdir()
    (old / "METADATA").write_text("Metadata-Version: 2.1\nName: langchain-glm\nVersion: 0.0.2\n")
    (old / "RECORD").write_text("langchain_glm/__init__.py,,\n")
    status, out, _ = doctor(
        "--json",
        PYTHONPATH=os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]),
        ZAI_API_KEY=f'"{GLM}"',
        MOONSHOT_API_KEY=GLM,
        ZAI_BASE_URL=f"https://api.z.ai/v1?key={GLM}",
        HTTPS_PROXY="socks5://user:hush@proxy.example:1080",
        SSL_CERT_FILE="/nowhere/ca.pem",
        LC_ALL="en_US.ISO-8859-1",
        PYTHONIOENCODING="latin-1",
    )
    assert status == 1
    found = not_fine(out)
    assert {name: row["status"] for name, row in found.items()}.items() >= {
        ("langchain-glm", "fail"),
        ("ZAI_API_KEY", "fail"),
        ("MOONSHOT_API_KEY", "warn"),
        ("ZAI_BASE_URL", "fail"),
        ("HTTPS_PROXY", "fail"),
        ("certificates", "fail"),
        ("encoding", "warn"),
    }
    assert all(row["why"] and row["way_out"] for row in found.values())
    assert not any(secret in out for secret in (*GLM.split("."), "hush"))


@pytest.mark.parametrize("name", ["bigmodel", "kimi"])
def test_the_demo_needs_no_key(name: str) -> None:
    status, out, err = doctor("--demo", "--host", name, ZAI_API_KEY="your-api-key")
    assert (status, err) == (0, ""), out
    assert f"Online: {name}" in out
    assert "  OK    chat               the model answers." in out
    assert "0 failed, 0 warnings" in out
    assert "ZAI_API_KEY" not in out


def test_each_host_that_has_a_key_is_asked() -> None:
    with GLMServer("zai", api_key=GLM) as zai, GLMServer("kimi", api_key="sk-another") as kimi:
        urls = {"ZAI_BASE_URL": zai.base_url, "MOONSHOT_BASE_URL": kimi.base_url}
        status, out, err = doctor("--online", ZAI_API_KEY=GLM, MOONSHOT_API_KEY=MOONSHOT, **urls)
        assert status == 1
        assert len(zai.requests) == 7
        assert len(kimi.requests) == 1
        assert "  OK    chat               the model answers." in out
        assert "  FAIL  key                refused: " in out
        assert "It cost 0.0" in out
        assert f"Asking zai ({zai.base_url}) for its models, and glm-5.2 6 times; this costs at most 0.020 USD." in err
        status, out, _ = doctor(
            "--online", "--host", "zai", "--json", ZAI_API_KEY=GLM, MOONSHOT_API_KEY=MOONSHOT, **urls
        )
        assert status == 0
        assert len(kimi.requests) == 1
        report = json.loads(out)
        assert report["online"] is True
        assert 0 < report["costs"]["USD"] < 0.02
        assert {row["group"] for row in report["findings"]} >= {"Keys", "Online: zai"}


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("--host", "zai"), 2, "belong to --online"),
        (("--model", "glm-5.2"), 2, "belong to --online"),
        (("--host", "nowhere"), 2, "invalid choice"),
        (("--online", "--host", "anyfast"), 1, "There is no key for host 'anyfast'"),
        (("--online", "--base-url", "nonsense"), 1, "must begin with https://"),
    ],
)
def test_arguments_that_cannot_be_used(arguments: tuple[str, ...], status: int, says: str) -> None:
    code, _, err = doctor(*arguments)
    assert code == status
    assert says in err


def test_a_locale_that_is_not_utf_8() -> None:
    status, out, _ = doctor(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", ZAI_API_KEY=GLM)
    assert status == 0
    assert "  WARN  encoding" in out
    assert "PYTHONUTF8=1" in out


FLAGS = [
    [],
    ["--json"],
    ["--demo"],
    ["--demo", "--json"],
    ["--online"],
    ["--online", "--json"],
    ["--online", "--host", "zai"],
    ["--online", "--host", "zai", "--model", GLM],
    ["--online", "--base-url", f"https://127.0.0.1:1/{GLM}"],
    ["--online", "--base-url", f"https://{GLM}@127.0.0.1:1/v1"],
    ["--online", "--base-url", f"https://127.0.0.1:1/v1?key={GLM}"],
    ["--online", "--base-url", GLM],
]


@pytest.mark.parametrize("quote", ["{}", '"{}"', "Bearer {}", "{}\n", " {} x"])
def test_no_key_is_in_any_output(quote: str) -> None:
    """In one process for all flags, because starting one takes long. The host quotes the key, as some do."""
    script = (
        "import json, sys\n"
        "from langchain_glm.cli.main import main\n"
        f"for flags in json.loads({json.dumps(json.dumps(FLAGS))}):\n"
        "    print(main(['doctor', *flags]), flush=True)\n"
    )
    quoting = Fault.code("1000", message=f"the key {GLM} of account {GLM.split('.', maxsplit=1)[0]} is wrong")
    with GLMServer("zai", api_key=GLM) as zai, GLMServer("kimi") as kimi:
        zai.queue(*[quoting] * 2)
        zai.queue(quoting, path="/models")
        variables = {
            name: quote.format(MOONSHOT if name in HOSTS["kimi"].key_variables else GLM) for name in KEY_VARIABLES
        }
        urls = {"ZAI_BASE_URL": zai.base_url, "MOONSHOT_BASE_URL": f"{kimi.base_url}/{GLM}", "ZAI_API_BASE": GLM}
        elsewhere = {"HTTPS_PROXY": f"http://{GLM}:{GLM}@127.0.0.1:1"}
        done = subprocess.run(
            [sys.executable, "-c", script],
            env=environment(**variables, **urls, **elsewhere), capture_output=True, text=True, check=True,
        )  # fmt: skip
    output = done.stdout + done.stderr
    assert output.count("glm doctor, langchain-zai-glm") >= 8
    assert "**********" in output
    for secret in (*GLM.split("."), MOONSHOT, MOONSHOT.removeprefix("sk-")):
        assert secret not in output


def test_lines_of_a_finding() -> None:
    finding = Finding(status="fail", what="key", says="word " * 30, why="because " * 20, way_out="")
    shown = lines(finding, 60)
    assert shown[0].startswith("  FAIL  key                word word")
    assert shown[1].startswith(" " * 27 + "word")
    assert any(line.startswith("        Why: because") for line in shown)
    assert not any("Do:" in line for line in shown)
    assert max(map(len, shown)) <= 60
