"""`glm chat`: a conversation in the terminal."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from langchain_core.messages import HumanMessage

from langchain_glm.cli.ask import reasoning_of, save, saved_host, with_system
from langchain_glm.cli.chat_commands import Chat, obey
from langchain_glm.cli.conversations import last_conversation, new_conversation, title
from langchain_glm.cli.endpoint import add_model_arguments, connection, model_settings
from langchain_glm.cli.figures import figures, figures_line
from langchain_glm.cli.mcp_tools import check_mcp
from langchain_glm.cli.media import question_message_content
from langchain_glm.cli.prompt import history, read_question
from langchain_glm.cli.show import make_printer, print_wrapped
from langchain_glm.cli.styled_line import print_line
from langchain_glm.cli.talk import talk
from langchain_glm.errors import GLMError

if TYPE_CHECKING:
    import argparse

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `glm chat`."""
    parser.add_argument("-c", "--continue", dest="go_on", action="store_true", help="go on with the last conversation")
    add_model_arguments(parser)
    parser.add_argument("--system", metavar="TEXT", help="instructions that stand before the conversation")
    parser.add_argument(
        "--mcp", action="append", default=[], metavar="URL", help="an MCP server whose tools may be called; repeatable"
    )


def run(options: argparse.Namespace) -> int:
    """Read questions and show the answers, until Ctrl-D, Ctrl-C or /quit.

    Returns:
        The exit status: 0.

    Raises:
        GLMError: if the conversation cannot begin.
    """
    if options.mcp:
        check_mcp()
    conversation = last_conversation() if options.go_on else new_conversation()
    conversation.messages = with_system(conversation.messages, options.system)
    with connection(options, conversation.host or None) as found, asyncio.Runner() as runner, history():
        chat = Chat(conversation, model_settings(options, found, saved_model=conversation.model))
        print(f"{chat.settings['model']} at {found['host'].name}. /help lists the commands; Ctrl-D ends.")
        if conversation.messages:
            print(f"The conversation goes on after: {title(conversation.messages)}")
        while True:
            try:
                question = read_question(input)
            except (EOFError, KeyboardInterrupt):
                print()
                return 0
            if question == "/quit":
                return 0
            try:
                if question.startswith("/"):
                    print_wrapped(obey(chat, question))
                elif question:
                    _answer(chat, question, options.mcp, runner)
            except (GLMError, OSError) as error:
                if isinstance(error, BrokenPipeError):
                    raise
                print(error, file=sys.stderr)
            print()


def _answer(chat: Chat, text: str, servers: list[str], runner: asyncio.Runner) -> None:
    """Ask, show the answer and save the conversation; a question without any answer is not kept."""
    question = HumanMessage(question_message_content(text, chat.images))
    asked = [*chat.conversation.messages, question]
    print()
    outcome = talk(runner, chat.settings, asked, servers, make_printer(fold=True))
    chat.images = []
    if outcome.messages:
        chat.conversation.messages = [*asked, *outcome.messages]
        chat.conversation.host, chat.conversation.model = saved_host(chat.settings), chat.settings["model"]
        save(chat.conversation)
        chat.thinking = "\n\n".join(filter(None, map(reasoning_of, outcome.messages)))
    if outcome.error:
        print(outcome.error, file=sys.stderr)
    elif outcome.interrupted:
        print("Stopped. What came is kept." if outcome.messages else "Stopped before an answer came.")
    used = figures(outcome.messages)
    if used.input or used.output:
        print()
        print_line(figures_line(used, outcome.seconds), {"": "dim"})
