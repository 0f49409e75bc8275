"""Check a release before it is published: build it, look inside, and use it on every Python that is installed.

    python -m scripts.release_check                # what `make release-check` runs
    python -m scripts.release_check --tag v0.1.0   # also: is this version ready to be published under that tag?

Needs the dependency group `release`. The sdist and the wheel are left in `dist/`. The exit status is 1 if any check
fails.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from scripts.release_rules import (
    changelog_problems,
    entry_point_problems,
    readme_problems,
    sdist_problems,
    supported_versions,
    wheel_problems,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROOT: Final = Path(__file__).parent.parent
SERVER_STARTS: Final = 30.0
"""Seconds that the server may take to print its URL and, later, to end."""

_IMPORT_ALL: Final = """
import pathlib, sys
import langchain_glm
assert pathlib.Path(langchain_glm.__file__).is_relative_to(sys.prefix), langchain_glm.__file__
assert langchain_glm.__version__ == sys.argv[1], langchain_glm.__version__
for name in langchain_glm.__all__:
    getattr(langchain_glm, name)
"""
_ASK: Final = """
import sys
from langchain_glm import ChatGLM
model = ChatGLM(model="glm-5.2", host="zai", base_url=sys.argv[1], api_key=sys.argv[2])
assert model.invoke("Hello").text
"""
_TEST: Final = """
def test_the_plugin_is_loaded(glm_server):
    assert glm_server.base_url.startswith("http://127.0.0.1:")
"""


class Python(NamedTuple):
    """A Python that the package supports: its version, and where it is installed, if it is."""

    version: str
    path: Path | None


def find_python(version: str, pyenv: Path) -> Python:
    """Find a Python by its name on the search path, or among pyenv's versions.

    Args:
        version: such as `3.12`.
        pyenv: pyenv's folder; it need not exist.
    """
    named = shutil.which(f"python{version}")
    newest_first = sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True)
    for path in [*([Path(named)] if named else []), *newest_first]:
        # pyenv's shims are there for every version, and fail for those that are not selected.
        code = "import sys; print('%d.%d' % sys.version_info[:2])"
        done = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603
        if done.stdout.strip() == version:
            return Python(version, path)
    return Python(version, None)


class Checks:
    """Runs checks, prints a line for each, and counts those that fail."""

    def __init__(self) -> None:
        self.failed = 0

    def report(self, what: str, problems: Iterable[str]) -> bool:
        """Print the result of a check; `problems` says what is wrong."""
        found = list(problems)
        print(f"{'FAIL' if found else 'ok  '}  {what}", flush=True)
        for problem in found:
            print("\n".join(f"        {line}" for line in problem.splitlines()), flush=True)
        self.failed += bool(found)
        return not found

    def run(self, what: str, *command: str | Path, cwd: Path) -> bool:
        """Run a command as a check; its output is shown only if it fails."""
        done = subprocess.run(  # noqa: S603
            command, cwd=cwd, env=clean_environment(), capture_output=True, text=True, encoding="utf-8", check=False
        )
        return self.report(what, [done.stdout + done.stderr + f"exit status {done.returncode}"] * bool(done.returncode))


def clean_environment() -> dict[str, str]:
    """Return the environment without keys and without settings of Python, so that nothing of this project is found."""
    left_out = re.compile(r".*_API_KEY|PYTHON(PATH|HOME)|VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not left_out.fullmatch(name)} | {"PYTHONUTF8": "1"}


def build(folder: Path) -> tuple[Path, Path]:
    """Build the sdist, and the wheel from the sdist, into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "build", "--installer", "uv", "--outdir", folder, ROOT]
    subprocess.run(command, env=clean_environment(), stdout=subprocess.DEVNULL, check=True)  # noqa: S603
    [sdist], [wheel] = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return sdist, wheel


def check_files(checks: Checks, sdist: Path, wheel: Path, project: Mapping[str, Any]) -> None:
    """Check both files without installing them."""
    checks.run(
        "twine check --strict", sys.executable, "-m", "twine", "check", "--strict", str(sdist), str(wheel), cwd=ROOT
    )
    checks.run("check-wheel-contents", Path(sys.executable).with_name("check-wheel-contents"), str(wheel), cwd=ROOT)
    with tarfile.open(sdist) as archive:
        names = [member.name.partition("/")[2] for member in archive if member.isfile()]
    checks.report(f"the sdist has what belongs there ({len(names)} files)", sdist_problems(names))
    files = (path for path in (ROOT / "langchain_glm").rglob("*") if path.is_file() and path.suffix != ".pyc")
    with zipfile.ZipFile(wheel) as archive_:
        names = archive_.namelist()
        texts = {PurePosixPath(name).name: archive_.read(name).decode() for name in names if ".dist-info/" in name}
    checks.report(
        f"the wheel has the package and nothing else ({len(names)} files)",
        wheel_problems(names, (path.relative_to(ROOT).as_posix() for path in files)),
    )
    checks.report("the entry points are there", entry_point_problems(texts["entry_points.txt"], project))
    checks.report(
        "README.md has no relative links", readme_problems(Parser().parsestr(texts["METADATA"]).get_payload())
    )


def check_in_use(checks: Checks, python: Python, file: Path, examples: Path, project: Mapping[str, Any]) -> None:
    """Install a file into an empty environment, and use it as a user would.

    Args:
        checks: where the results go.
        python: the Python to make the environment with.
        file: the sdist or the wheel.
        examples: the folder of the examples, outside the project.
        project: the table `project` of `pyproject.toml`.
    """
    what = f"Python {python.version}, {'wheel' if file.suffix == '.whl' else 'sdist'}"
    with tempfile.TemporaryDirectory() as folder:
        cwd = Path(folder)
        uv = [sys.executable, "-m", "uv", "--quiet"]
        scripts = cwd / "env" / ("Scripts" if os.name == "nt" else "bin")
        own = scripts / "python"
        install = [*uv, "pip", "install", "--python", str(own)]
        extras = ",".join(project.get("optional-dependencies", ()))
        demo = ["--group", f"{ROOT / 'pyproject.toml'}:demo"]
        version = file.name.split("-")[1].removesuffix(".tar.gz")
        (cwd / "test_plugin.py").write_text(_TEST, encoding="utf-8")
        steps: list[tuple[str, list[str | Path]]] = [
            ("an empty environment", [*uv, "venv", "--python", str(python.path), cwd / "env"]),
            ("install", [*install, str(file)]),
            ("dependencies fit", [*uv, "pip", "check", "--python", str(own)]),
            ("import every public name", [own, "-I", "-c", _IMPORT_ALL, version]),
            ("install with every extra", [*install, f"{file}[{extras}]", *demo]),
            ("demo", [own, examples / "demo.py", "--pace", "0"]),
            ("pytest plugin", [own, "-m", "pytest", "-q", "test_plugin.py"]),
            ("glm --version", [scripts / "glm", "--version"]),
        ]
        for step, command in steps:
            if not checks.run(f"{what}: {step}", *command, cwd=cwd):
                return  # what follows needs it
        checks.report(f"{what}: server", server_problems(own, cwd))


def server_problems(python: Path, cwd: Path) -> Iterator[str]:
    """Start the server as its own process, ask it one question, and end it by its process id."""
    command = [python, "-m", "langchain_glm", "serve", "--port", "0"]
    with (cwd / "server.txt").open("w+", encoding="utf-8") as output:
        process = subprocess.Popen(command, cwd=cwd, env=clean_environment(), stdout=output, stderr=output)  # noqa: S603
        try:
            for _ in range(int(SERVER_STARTS / 0.1)):
                shown = (cwd / "server.txt").read_text(encoding="utf-8")
                address = re.search(r"base_url=(\S+)\s+api_key=(\S+)\s", shown)
                if address or process.poll() is not None:
                    break
                try:
                    process.wait(0.1)
                except subprocess.TimeoutExpired:
                    continue
            if not address:
                yield f"it did not start:\n{shown}"
                return
            asked = subprocess.run(  # noqa: S603
                [python, "-I", "-c", _ASK, address[1], address[2]],
                cwd=cwd,
                env=clean_environment(),
                capture_output=True,
                text=True,
                check=False,
            )
            if asked.returncode:
                yield f"the question failed:\n{asked.stderr}"
        finally:
            process.terminate()
            try:
                status = process.wait(SERVER_STARTS)
            except subprocess.TimeoutExpired:
                process.kill()
                status = process.wait()
    if status and os.name != "nt":  # Windows ends it without asking
        yield f"it ended with exit status {status}"


def main(argv: list[str] | None = None) -> int:
    """Run every check.

    Args:
        argv: the arguments. Default: those of the process.

    Returns:
        1 if a check failed, else 0.
    """
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tag", help="the tag of the release, such as v0.1.0: checks that the changelog is ready")
    parser.add_argument(
        "--dist", type=Path, default=ROOT / "dist", help="where to build; emptied first (default: dist)"
    )
    options = parser.parse_args(argv)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    checks = Checks()
    sdist, wheel = build(options.dist)
    print(f"Built {sdist.name} ({sdist.stat().st_size >> 10} KiB) and {wheel.name} ({wheel.stat().st_size >> 10} KiB).")
    version = wheel.name.split("-")[1]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    checks.report(f"the changelog knows {version}", changelog_problems(changelog, version, options.tag))
    check_files(checks, sdist, wheel, project)

    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    pythons = [find_python(version, pyenv) for version in supported_versions(project)]
    for python in pythons:
        print(f"Python {python.version}: {python.path or 'not installed, so not checked'}", flush=True)
    with tempfile.TemporaryDirectory() as folder, tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
        examples = next(Path(folder).iterdir()) / "examples"
        for python in pythons:
            for file in (wheel, sdist) if python.path else ():
                check_in_use(checks, python, file, examples, project)
    missing = ", ".join(python.version for python in pythons if not python.path)
    without = f" Not checked, because it is not installed: Python {missing}." if missing else ""
    print(f"Failed checks: {checks.failed}.{without}")
    return bool(checks.failed)


if __name__ == "__main__":
    sys.exit(main())
