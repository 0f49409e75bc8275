"""`python -m langchain_glm`: the command line."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from typing import Final

COMMANDS: Final = {
    "serve": ("langchain_glm.testing.serve", "run a GLM endpoint for tests"),
    "probe": ("langchain_glm.probe.command", "ask an endpoint whether the catalogue's rules still hold"),
}
"""Each command: the module whose `run` runs it, and what it does."""


def main(argv: list[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: the command and its arguments; default: those of the process.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m langchain_glm", description="The LangChain integration for GLM.")
    parser.add_argument(
        "command", choices=list(COMMANDS), help="; ".join(f"{name}: {what}" for name, (_, what) in COMMANDS.items())
    )
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="see: python -m langchain_glm COMMAND --help")
    args = parser.parse_args(argv)
    module, _ = COMMANDS[args.command]
    status: int = import_module(module).run(args.arguments)
    return status


if __name__ == "__main__":
    sys.exit(main())
