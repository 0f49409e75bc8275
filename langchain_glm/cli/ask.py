"""`glm "question"` and `glm ask`: one question and its answer, as text, as JSON or by a schema."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.cli.conversations import last_conversation, new_conversation, write
from langchain_glm.cli.endpoint import add_model_arguments, connection, make_model, model_settings
from langchain_glm.cli.figures import figures, figures_line
from langchain_glm.cli.main import FAILED, INTERRUPTED
from langchain_glm.cli.mcp_tools import check_mcp
from langchain_glm.cli.media import image_block, question_message_content
from langchain_glm.cli.show import Nothing, make_printer
from langchain_glm.cli.talk import Outcome, talk
from langchain_glm.cli.turn import sources_of
from langchain_glm.errors import GLMError, GLMValueError

if TYPE_CHECKING:
    import argparse

    from langchain_glm.cli.conversations import Conversation

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `glm ask`."""
    parser.add_argument("question", nargs="*", help="the question; what comes through a pipe is put after it")
    parser.add_argument("-c", "--continue", dest="go_on", action="store_true", help="go on with the last conversation")
    add_model_arguments(parser)
    parser.add_argument("--system", metavar="TEXT", help="instructions that stand before the conversation")
    parser.add_argument("--image", action="append", default=[], metavar="FILE_OR_URL", help="an image; may be repeated")
    parser.add_argument(
        "--mcp", action="append", default=[], metavar="URL", help="an MCP server whose tools may be called; repeatable"
    )
    parser.add_argument("--schema", type=Path, metavar="FILE", help="a JSON schema; the answer is JSON that fits it")
    parser.add_argument("--json", action="store_true", help="print the answer and all facts about it as JSON")
    parser.add_argument("--stats", action="store_true", help="print tokens, price and seconds to standard error")


def run(options: argparse.Namespace) -> int:
    """Ask a question.

    Returns:
        The exit status: 0, 1 if the endpoint failed, 130 after Ctrl-C.

    Raises:
        GLMError: if the question cannot be asked.
    """
    if options.mcp:
        check_mcp()
    if options.schema and options.mcp:
        raise GLMValueError("--schema and --mcp cannot be combined: ask with the tools first, then with -c --schema.")
    schema = _schema(options.schema) if options.schema else None
    images = [image_block(source) for source in options.image]
    text = _question(" ".join(options.question), has_images=bool(images))
    conversation = last_conversation() if options.go_on else new_conversation()
    question = HumanMessage(question_message_content(text, images))
    asked = [*with_system(conversation.messages, options.system), question]
    with connection(options, conversation.host or None) as found, asyncio.Runner() as runner:
        settings = model_settings(options, found, saved_model=conversation.model, images=bool(images))
        if schema is not None:
            outcome, data = _structured(settings, asked, schema)
            if not options.json:
                print(_dumps(data))
        else:
            printer = Nothing() if options.json else make_printer()
            outcome, data = talk(runner, settings, asked, options.mcp, printer), None
    if outcome.messages:
        conversation.messages = [*asked, *outcome.messages]
        conversation.host, conversation.model = saved_host(settings), settings["model"]
        save(conversation)
    if options.json and outcome.messages:
        print(_dumps(_facts(outcome, settings, {} if schema is None else {"data": data})))
    if options.stats and outcome.messages:
        where = f"{settings['model']} at {settings['host'].name}"
        print(f"{figures_line(figures(outcome.messages), outcome.seconds)}; {where}", file=sys.stderr)
    if outcome.error:
        print(outcome.error, file=sys.stderr)
        return FAILED
    if outcome.interrupted:
        kept = " What came is kept: glm -c goes on." if outcome.messages else ""
        print(f"Stopped.{kept}", file=sys.stderr)
        return INTERRUPTED
    return 0


def with_system(messages: list[BaseMessage], system: str | None) -> list[BaseMessage]:
    """Return messages with the given instructions before them, in the place of earlier ones."""
    if system is None:
        return messages
    return [SystemMessage(system), *(message for message in messages if message.type != "system")]


def saved_host(settings: dict[str, Any]) -> str:
    """Return the name of the host that a conversation goes on with; a gateway must be named again."""
    name = settings["host"].name
    return name if name in HOSTS else ""


def save(conversation: Conversation) -> None:
    """Write a conversation; a folder that cannot be written is no reason to fail after an answer."""
    try:
        write(conversation)
    except OSError as error:
        print(f"The conversation is not saved: {error}", file=sys.stderr)


def _question(text: str, *, has_images: bool) -> str:
    piped = ""
    if sys.stdin is not None and not sys.stdin.isatty():
        data = sys.stdin.buffer.read()
        if b"\0" in data:
            raise GLMValueError("What comes through the pipe is not text. Give an image with --image FILE.")
        piped = data.decode("utf-8", "replace").strip()
    question = "\n\n".join(filter(None, (text.encode("utf-8", "replace").decode(), piped)))
    if not question and not has_images:
        raise GLMValueError('Ask something: glm "your question", or glm chat for a conversation.')
    return question or "What is this?"


def _schema(path: Path) -> dict[str, Any]:
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise GLMValueError(f"--schema {path}: this is not JSON ({error}).") from None
    if not isinstance(schema, dict):
        raise GLMValueError(f"--schema {path}: a JSON schema is an object.")
    return {"title": "Answer", **schema}


def _structured(
    settings: dict[str, Any], messages: list[BaseMessage], schema: dict[str, Any]
) -> tuple[Outcome, dict[str, Any]]:
    """Ask for JSON that fits a schema.

    Raises:
        GLMError: if the endpoint fails, or if the answer does not fit.
    """
    model, _ = make_model(settings)
    began = time.monotonic()
    found: Any = model.with_structured_output(schema, include_raw=True).invoke(messages)
    if found["parsing_error"] is not None:
        reason = str(found["parsing_error"]).splitlines()[0]
        raise GLMError(f"The answer does not fit the schema: {reason}", hint="Ask again, or ask for less at once.")
    answer: AIMessage = found["raw"]
    data = found["parsed"]
    kept = AIMessage(_dumps(data), response_metadata=answer.response_metadata, usage_metadata=answer.usage_metadata)
    return Outcome([kept], time.monotonic() - began, None, interrupted=False), data


def _facts(outcome: Outcome, settings: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Return all facts about an answer as a JSON object."""
    answers = [message for message in outcome.messages if isinstance(message, AIMessage)]
    used = figures(answers)
    last = answers[-1] if answers else AIMessage("")
    metadata = last.response_metadata
    return {
        "text": last.text,
        **more,
        "reasoning": "\n\n".join(filter(None, (reasoning_of(answer) for answer in answers))),
        "sources": sources_of(outcome.messages),
        "tool_calls": [
            {"name": call["name"], "args": call["args"], "result": _result(outcome.messages, call["id"])}
            for answer in answers
            for call in answer.tool_calls
        ],
        "usage": {name: count for name, count in used._asdict().items() if name != "costs"},
        "cost": [{"amount": float(price), "currency": price.currency} for price in used.costs] or None,
        "seconds": round(outcome.seconds, 3),
        "host": settings["host"].name,
        "model": metadata.get("model_name") or settings["model"],
        "request_id": metadata.get("request_id") or metadata.get("id"),
        "finish_reason": metadata.get("finish_reason"),
    }


def reasoning_of(message: BaseMessage) -> str:
    """Return the thinking of an answer."""
    return str(message.additional_kwargs.get("reasoning_content") or "")


def _result(messages: list[BaseMessage], call_id: str | None) -> str | None:
    return next((message.text for message in messages if getattr(message, "tool_call_id", None) == call_id), None)


def _dumps(value: Any) -> str:
    ascii_only = not str(sys.stdout.encoding).lower().startswith("utf")
    return json.dumps(value, ensure_ascii=ascii_only, indent=2)
