"""`glm` and `python -m langchain_glm`: the commands, and what all of them do about errors, Ctrl-C and closed pipes."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple

from langchain_glm.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COMMANDS", "FAILED", "INTERRUPTED", "UNREAD", "UNUSABLE", "main"]

FAILED: Final = 1
"""The exit status if the endpoint or a file could not be used."""
UNUSABLE: Final = 2
"""The exit status if the command cannot begin: wrong arguments, no key, a missing package."""
INTERRUPTED: Final = 130
"""The exit status after Ctrl-C, as shells expect it."""
UNREAD: Final = 141
"""The exit status if the reader of the output closed its pipe, as of programs that SIGPIPE ends."""


class Command(NamedTuple):
    """A command: the module that has `add_arguments(parser)` and `run(options) -> int`, and what it does."""

    module: str
    help: str


COMMANDS: Final = {
    "doctor": Command("langchain_glm.cli.doctor", "find out what is wrong, and what to do about it"),
    "models": Command("langchain_glm.cli.models", "list the models: limits, abilities, prices"),
    "tokens": Command("langchain_glm.cli.tokens", "estimate or count the tokens of a text"),
    "serve": Command("langchain_glm.cli.serve", "run a GLM endpoint on this computer, for tests"),
    "probe": Command("langchain_glm.probe.command", "check on a live endpoint what this package knows about it"),
}
"""Every command by name, in the order of the help."""

_EXTRA: Final = ("rich", "starlette", "uvicorn", "h11")
"""What the extra `cli` installs; a command that cannot import it says so."""

_EXAMPLES: Final = """\
  glm --version             print the version
  glm COMMAND --help        show the arguments of a command

exit status: 0 done, 1 failed, 2 wrong arguments or something to set up first, 130 stopped with Ctrl-C
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: the command and its arguments; default: those of the process.

    Returns:
        The exit status.

    Raises:
        SystemExit: from argparse, with status 2, for bad arguments.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    _replace_what_cannot_be_printed()
    try:
        status = _dispatch(arguments)
        sys.stdout.flush()  # a closed pipe shows here, and not when Python ends
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # nobody reads the output any more; Python must not flush into the pipe at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
    return status


def _dispatch(arguments: list[str]) -> int:
    first = arguments[0] if arguments else "--help"
    if first in ("-h", "--help", "help"):
        print(_help(), end="")
        return 0
    if first in ("-V", "--version"):
        print(f"glm {__version__}")
        return 0
    if first not in COMMANDS:
        near = difflib.get_close_matches(first, COMMANDS, 1)
        print(
            f"{first!r} is not a command." + (f" Did you mean glm {near[0]}?" if near else " See glm --help."),
            file=sys.stderr,
        )
        return UNUSABLE
    return _run(first, arguments[1:])


def _run(name: str, arguments: list[str]) -> int:
    command = COMMANDS[name]
    try:
        module = import_module(command.module)
        parser = argparse.ArgumentParser(prog=f"glm {name}", description=f"{command.help.capitalize()}.")
        module.add_arguments(parser)
        status: int = module.run(parser.parse_args(arguments))
    except ImportError as error:
        missing = str(error.name).partition(".")[0]
        if missing not in _EXTRA:
            raise
        print(f'glm {name} needs {missing}: pip install "langchain-zai-glm[cli]"', file=sys.stderr)
        return UNUSABLE
    return status


def _help() -> str:
    lines = [f"  {'glm ' + name:<26}{command.help}" for name, command in COMMANDS.items()]
    return "\n".join(["usage: glm COMMAND [ARGUMENTS]", "", "GLM in the terminal.", "", *lines, _EXAMPLES])


def _replace_what_cannot_be_printed() -> None:
    """Print a question mark for each character that the locale has no bytes for, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure and not str(stream.encoding).lower().startswith("utf"):
            reconfigure(errors="replace")
