"""`glm cost`: the tokens and the price of a saved conversation, for each turn and together."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from langchain_core.messages import HumanMessage

from langchain_glm.cli.conversations import last_conversation, read, title
from langchain_glm.cli.figures import Figures, figures, price_text

if TYPE_CHECKING:
    import argparse

    from langchain_core.messages import BaseMessage

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `glm cost`."""
    parser.add_argument("file", nargs="?", type=Path, help="a conversation, as /save writes it (default: the last one)")


def run(options: argparse.Namespace) -> int:
    """Show what a conversation used and cost.

    Returns:
        The exit status: 0.

    Raises:
        GLMValueError: if there is no conversation, or the file does not hold one.
        OSError: if the file cannot be read.
    """
    conversation = read(options.file) if options.file else last_conversation()
    turns = split_turns(conversation.messages)
    rows = [(title(turn, 28), figures(turn)) for turn in turns]
    print(f"{conversation.model} at {conversation.host or 'a gateway'}; {conversation.path}\n")
    print(f"{'input':>9} {'cached':>9} {'output':>9}  {'price':<19} question")
    for question, used in rows:
        print(f"{_row(used)} {question}")
    if len(rows) > 1:
        print(f"{_row(figures(conversation.messages))} together")
    if any(not used.costs for _, used in rows):
        print(
            "\nThe price of a turn is not known if its host bills a flat fee or has prices of its own.", file=sys.stderr
        )
    return 0


def split_turns(messages: list[BaseMessage]) -> list[list[BaseMessage]]:
    """Divide a conversation into turns: a question and all that follows it.

    Args:
        messages: the conversation; what stands before the first question belongs to no turn.
    """
    turns: list[list[BaseMessage]] = []
    for message in messages:
        if isinstance(message, HumanMessage):
            turns.append([message])
        elif turns:
            turns[-1].append(message)
    return turns


def _row(used: Figures) -> str:
    return f"{used.input:>9,} {used.cached:>9,} {used.output:>9,}  {price_text(used.costs):<19}"
