"""`glm` and `python -m langchain_glm`: the commands, and what all of them do about errors, Ctrl-C and closed pipes."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple

from langchain_glm.notices import GLMWarning
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
    "ask": Command("langchain_glm.cli.ask", "ask a question; the word ask may be left out"),
    "chat": Command("langchain_glm.cli.chat", "have a conversation"),
    "cost": Command("langchain_glm.cli.cost", "show the tokens and the price of a saved conversation"),
    "doctor": Command("langchain_glm.cli.doctor", "find out what is wrong, and what to do about it"),
    "models": Command("langchain_glm.cli.models", "list the models: limits, abilities, prices"),
    "tokens": Command("langchain_glm.cli.tokens", "estimate or count the tokens of a text"),
    "serve": Command("langchain_glm.cli.serve", "run a GLM endpoint on this computer, for tests"),
    "probe": Command("langchain_glm.probe.command", "check on a live endpoint what this package knows about it"),
}
"""Every command by name, in the order of the help."""

_ALIKE: Final = 0.8
"""How near a single word must be to a command to be taken for a misspelled one, from 0 to 1."""

_EXTRA: Final = ("rich", "markdown_it", "starlette", "uvicorn", "h11")
"""What the extra `cli` installs; a command that cannot import it says so."""

_USAGE: Final = """\
usage: glm "question"        ask GLM, for example: glm "What is a monad?"
       glm COMMAND ...       run one of the commands below

First set the key of your host, such as ZAI_API_KEY or ZHIPUAI_API_KEY.
Or try it without a key: glm --demo "Hello"

  cat notes.txt | glm "sum this up"
  glm -c "and in Chinese?"            goes on with the last conversation
  glm --search "news about GLM"       searches the web and shows the sources

commands:
{commands}

  glm ask --help       how to ask: the model, thinking, search, images, JSON
  glm COMMAND --help   the arguments of another command
  glm --version        the version

exit status: 0 done; 1 failed; 2 wrong arguments, no key or a missing package;
130 stopped with Ctrl-C
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
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("default", GLMWarning)
            warnings.showwarning = _notice
            status = _dispatch(arguments)
        sys.stdout.flush()  # a closed pipe shows here, and not when Python ends
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # nobody reads the output any more; Python must not flush into the pipe at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
    return status


def _dispatch(arguments: list[str]) -> int:
    if not arguments and sys.stdin is not None and not sys.stdin.isatty():
        return _run("ask", [])  # what comes through the pipe is the question
    first = arguments[0] if arguments else "help"
    if first in ("-h", "--help", "help"):
        print(
            _USAGE.format(commands="\n".join(f"  {name:<9}{command.help}" for name, command in COMMANDS.items())),
            end="",
        )
        return 0
    if first in ("-V", "--version"):
        print(f"glm {__version__}")
        return 0
    if first in COMMANDS:
        return _run(first, arguments[1:])
    near = difflib.get_close_matches(first, COMMANDS, 1, _ALIKE) if len(arguments) == 1 else []
    if near:
        print(f"Did you mean glm {near[0]}? To ask this as a question: glm ask {first}", file=sys.stderr)
        return UNUSABLE
    return _run("ask", arguments)


def _run(name: str, arguments: list[str]) -> int:
    command = COMMANDS[name]
    try:
        module = import_module(command.module)
        from langchain_glm.errors import GLMAuthenticationError, GLMError, GLMValueError

        what = command.help[0].upper() + command.help[1:]  # capitalize() would write GLM in small letters
        parser = argparse.ArgumentParser(prog=f"glm {name}", description=f"{what}.")
        module.add_arguments(parser)
        options = parser.parse_args(arguments)
        try:
            status: int = module.run(options)
        except BrokenPipeError:
            raise
        except GLMError as error:
            print(error, file=sys.stderr)
            unsent = isinstance(error, GLMValueError | GLMAuthenticationError) and error.status is None
            return UNUSABLE if unsent else FAILED
        except OSError as error:
            print(f"{error.filename}: {error.strerror}" if error.filename else error, file=sys.stderr)
            return FAILED
    except ImportError as error:
        missing = str(error.name).partition(".")[0]
        if missing not in _EXTRA:
            raise
        print(f'glm {name} needs {missing}: pip install "langchain-zai-glm[cli]"', file=sys.stderr)
        return UNUSABLE
    return status


def _notice(message: Warning | str, *_: object, **__: object) -> None:
    """Show a warning in a line, without the place in the code that it is about."""
    print(f"Note: {message}", file=sys.stderr)


def _replace_what_cannot_be_printed() -> None:
    """Print a question mark for each character that the locale has no bytes for, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure and not str(stream.encoding).lower().startswith("utf"):
            reconfigure(errors="replace")
