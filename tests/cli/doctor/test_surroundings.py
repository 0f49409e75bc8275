"""The checks of the machine, the packages and the network: a broken environment for each."""

from __future__ import annotations

import base64
import hashlib
import os
import sys
import tomllib
from datetime import UTC, datetime
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from langchain.chat_models import base
from packaging.requirements import Requirement

from langchain_glm.cli.doctor import clash, machine, network, packages
from langchain_glm.cli.doctor.command import OFFLINE, _guarded
from langchain_glm.transport import clients
from langchain_glm.transport.clients import close_clients

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_glm.cli.doctor.finding import Check, Finding

ROOT = Path(__file__).parents[3]
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _own_way(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No proxy and no certificates from outside."""
    for name in (*PROXIES, *(name.upper() for name in PROXIES), "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name in network._OTHERS_CERTIFICATES:
        monkeypatch.delenv(name, raising=False)
    close_clients()
    clients._tls_context.cache_clear()
    yield
    close_clients()
    clients._tls_context.cache_clear()


def found(check: Check) -> list[Finding]:
    return [*check(os.environ)]


def the_bad_one(check: Check) -> Finding:
    [finding] = [finding for finding in found(check) if finding.status != "ok"]
    assert finding.why
    assert finding.way_out
    return finding


@pytest.mark.parametrize(
    ("now", "says"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), "cannot be right"),
        (datetime(2026, 11, 1, tzinfo=UTC), "cannot be right"),
        (datetime(2056, 1, 1, tzinfo=UTC), "more than 10 years after"),
    ],
)
def test_a_clock_that_is_wrong(now: datetime, says: str) -> None:
    finding = machine.clock_at(now)
    assert finding.status == "fail"
    assert says in finding.says
    assert "certificates" in finding.why


def test_a_clock_that_may_be_right() -> None:
    assert machine.clock_at(datetime(2027, 1, 1, tzinfo=UTC)).status == "ok"
    assert found(machine.clock)[0].says[:10] == f"{datetime.now(UTC):%Y-%m-%d}"


@pytest.mark.parametrize(
    ("variables", "status", "what", "says"),
    [
        ({"HTTPS_PROXY": "socks5://u:hush@p.example:1"}, "fail", "HTTPS_PROXY", "SOCKS proxy, which needs a package"),
        ({"ALL_PROXY": "socks5h://p.example:1"}, "fail", "ALL_PROXY", "SOCKS"),
        ({"HTTPS_PROXY": "ftp://u:hush@p.example:1"}, "fail", "HTTPS_PROXY", "not the URL of a proxy"),
        ({"HTTPS_PROXY": "http://u:hush@p.example:port"}, "fail", "HTTPS_PROXY", "not the URL of a proxy"),
        ({"HTTPS_PROXY": "http://"}, "fail", "HTTPS_PROXY", "names no server"),
        ({"HTTPS_PROXY": "u:hush@p.example:8080"}, "warn", "HTTPS_PROXY", "has no scheme"),
        ({"HTTP_PROXY": "http://a.example", "http_proxy": "http://b.example"}, "warn", "HTTP_PROXY", "http_proxy is"),
    ],
)
def test_a_proxy_that_is_wrong(
    variables: dict[str, str], status: str, what: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "find_spec", lambda name: None)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    finding = the_bad_one(network.proxies)
    assert (finding.status, finding.what) == (status, what)
    assert says in finding.says
    assert not any("hush" in str(shown) or "u:" in str(shown) for shown in found(network.proxies))


def test_a_proxy_that_may_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hush@proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "localhost,open.bigmodel.cn")
    shown = [(finding.status, finding.what, finding.says) for finding in found(network.proxies)]
    assert shown == [
        ("ok", "HTTPS_PROXY", "http://**********@proxy.example:3128"),
        ("ok", "NO_PROXY", "localhost,open.bigmodel.cn"),
    ]
    assert [finding.says for finding in found(network.routes)] == [
        "to zai: api.z.ai, through the proxy proxy.example:3128.",
        "to bigmodel: open.bigmodel.cn, directly.",
    ]


def test_routes_are_those_of_the_hosts_that_have_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", "sk-1")
    monkeypatch.setenv("MOONSHOT_BASE_URL", "https://gateway.example/v1")
    assert [finding.says for finding in found(network.routes)] == ["to kimi: gateway.example, directly."]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("SSL_CERT_FILE", None, "which cannot be read: No such file"),
        ("SSL_CERT_FILE", "no certificate", "which cannot be read"),
        ("SSL_CERT_DIR", None, "which is no folder"),
    ],
)
def test_certificates_that_cannot_be_read(
    name: str, content: str | None, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ca.pem"
    if content:
        path.write_text(content)
    monkeypatch.setenv(name, str(path))
    finding = the_bad_one(network.certificates)
    assert finding.status == "fail"
    assert f"{name} names {path}, {says}" in finding.says


def test_certificates_that_only_other_programs_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/company.pem")
    finding = the_bad_one(network.certificates)
    assert (finding.status, finding.what) == ("warn", "REQUESTS_CA_BUNDLE")
    assert "SSL_CERT_FILE" in finding.way_out


def test_certificates_of_the_system_or_of_certifi() -> None:
    [finding] = found(network.certificates)
    assert finding.status == "ok"
    assert finding.says.startswith(("those of the system", "those of certifi 20"))


class _Installed(Distribution):
    """A distribution in a folder, with a record of its files."""

    def __init__(self, folder: Path, metadata: str, record: str = "") -> None:
        self.folder = folder
        self._texts = {"METADATA": metadata, "RECORD": record}

    def read_text(self, filename: str) -> str | None:
        return self._texts.get(filename)

    def locate_file(self, path: Any) -> Any:
        return self.folder / path


def record_of(folder: Path, files: dict[str, bytes]) -> str:
    lines = []
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}")
    return "\n".join(lines)


def test_the_old_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old distribution is installed, and has overwritten a file of this one."""
    name = "langchain_glm/__init__.py"
    record = record_of(tmp_path, {name: b"ours", "langchain_glm/keys.py": b"ours too"})
    installed = {
        packages.DISTRIBUTION: _Installed(tmp_path, "Name: ours\nVersion: 1", record),
        "langchain-glm": _Installed(tmp_path, "Name: langchain-glm\nVersion: 0.0.2", f"{name},,\nlangchain_glm/a.py,,"),
    }
    monkeypatch.setattr(clash, "distribution", installed.__getitem__)
    assert [finding.status for finding in found(clash.own_files)] == ["ok"]
    (tmp_path / name).write_bytes(b"theirs")
    finding = the_bad_one(clash.old_wheel)
    assert finding.status == "fail"
    assert "0.0.2 is installed beside langchain-zai-glm" in finding.says
    assert f"have {name} in common" in finding.says
    assert "pip uninstall -y langchain-glm langchain-zai-glm" in finding.way_out
    finding = the_bad_one(clash.own_files)
    assert finding.says == f"{name} changed or missing."
    (tmp_path / "langchain_glm" / "keys.py").unlink()
    assert "langchain_glm/keys.py changed" in the_bad_one(clash.own_files).says


def test_packages_in_the_place_of_our_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old distribution has a folder chat_models, which Python prefers to our file chat_models.py."""
    for name in ("__init__.py", "chat_models.py", "chat_models/__init__.py", "catalog/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.setattr(clash, "FOLDER", tmp_path)
    assert the_bad_one(clash.own_files).says == "chat_models/ in the place of our modules."


def test_this_installation_is_whole() -> None:
    assert [finding.status for finding in (*found(clash.old_wheel), *found(clash.own_files))] == ["ok", "ok"]


def test_an_import_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "langchain_glm", ModuleType("langchain_glm"))
    assert "has no attribute 'ChatGLM'" in the_bad_one(clash.importing).says


def test_register_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_BUILTIN_PROVIDERS", None)
    finding = the_bad_one(clash.registration)
    assert "RuntimeError" in finding.says
    assert "does not let langchain_glm register its names" in finding.says


def test_register_without_langchain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clash, "installed_version", lambda name: None)
    assert found(clash.registration)[0].says == "not tried, because langchain is not installed."


@pytest.fixture
def versions(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Versions to pretend; a package that is not in it is not installed."""
    pretended: dict[str, str] = {}

    def version(name: str) -> str:
        if name not in pretended:
            raise PackageNotFoundError(name)
        return pretended[name]

    monkeypatch.setattr(packages, "version", version)
    return pretended


@pytest.mark.parametrize(
    ("check", "name", "version", "status", "says"),
    [
        (packages.required, "langchain-core", "1.5.9", "fail", "outside of what is supported"),
        (packages.required, "langchain-core", "2.0", "fail", "outside of what is supported"),
        (packages.required, "langchain-core", "1.9.0rc1", "ok", "1.9.0rc1"),
        (packages.required, "orjson", None, "fail", "not installed"),
        (packages.beside, "langchain", "0.3.27", "fail", "outside of what is supported: <2,>=1.3"),
        (packages.beside, "deepagents", None, "ok", "only Deep Agents need it"),
    ],
)
def test_versions(
    check: Check, name: str, version: str | None, status: str, says: str, versions: dict[str, str]
) -> None:
    if version:
        versions[name] = version
    [finding] = [finding for finding in found(check) if finding.what == name]
    assert finding.status == status
    assert says in finding.says
    assert status == "ok" or f'-m pip install "{name}' in finding.way_out


def test_versions_beside_are_those_that_are_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    tested = [text for group in project["dependency-groups"].values() for text in group if isinstance(text, str)]
    lowest: dict[str, set[str]] = {}
    for requirement in map(Requirement, tested):
        lowest.setdefault(requirement.name, set()).update(
            s.version for s in requirement.specifier if s.operator == ">="
        )
    for requirement in map(Requirement, packages.BESIDE):
        [version] = [s.version for s in requirement.specifier if s.operator == ">="]
        assert version in lowest[requirement.name]


@pytest.mark.skipif(not packages._requirements("cli"), reason="the installed metadata does not have the extra")
def test_the_extra_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {requirement.name for requirement in packages._requirements("cli")}
    assert extra >= {"rich", "starlette", "uvicorn"}
    assert "rich" not in {requirement.name for requirement in packages._requirements("")}
    monkeypatch.setattr(packages, "installed_version", lambda name: None if name == "rich" else "1")
    finding = the_bad_one(packages.cli_extra)
    assert "rich is missing" in finding.says
    assert "langchain-zai-glm[cli]" in finding.way_out


def test_a_copy_that_is_not_the_installed_one(versions: dict[str, str]) -> None:
    assert "nothing is installed" in the_bad_one(packages.own_version).says
    versions[packages.DISTRIBUTION] = "0.0.9"
    finding = the_bad_one(packages.own_version)
    assert "0.0.9 is installed" in finding.says
    assert str(Path.home()) not in finding.says


def test_python_and_encoding() -> None:
    assert sys.version.split()[0] in found(machine.python)[0].says


def test_a_check_that_fails_is_a_finding() -> None:
    def broken(_: object) -> list[Finding]:
        raise ValueError("no such file")

    [finding] = _guarded(broken, {})
    assert (finding.status, finding.what) == ("fail", "broken")
    assert "ValueError: no such file" in finding.says


def test_every_check_is_listed() -> None:
    """A check that no list holds is never run."""
    listed = {check for checks in OFFLINE.values() for check in checks}
    assert len(listed) == sum(map(len, OFFLINE.values())) >= 18
