"""`python -m langchain_glm`: the command line."""

from __future__ import annotations

import argparse
import sys


def main(argv: list[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: the command and its arguments; default: those of the process.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m langchain_glm", description="The LangChain chat model for GLM.")
    parser.add_argument("command", choices=["serve"], help="serve: run a GLM endpoint for tests")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="see: python -m langchain_glm COMMAND --help")
    args = parser.parse_args(argv)
    from langchain_glm.testing.serve import run

    return run(args.arguments)


if __name__ == "__main__":
    sys.exit(main())
