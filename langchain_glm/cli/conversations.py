"""Conversations as JSON files in the user's data folder, in LangChain's format of messages."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage, messages_from_dict, messages_to_dict

from langchain_glm.cli.folders import data_folder, write_private
from langchain_glm.errors import GLMValueError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Conversation", "conversations_folder", "last_conversation", "new_conversation", "read", "title", "write"]


@dataclass(slots=True)
class Conversation:
    """A conversation and where it is saved.

    Args:
        path: its file.
        host: the host that answered last.
        model: the model that was asked last.
        messages: the messages.
    """

    path: Path
    host: str = ""
    model: str = ""
    messages: list[BaseMessage] = field(default_factory=list)


def conversations_folder() -> Path:
    """Return the folder of the conversations."""
    return data_folder() / "conversations"


def new_conversation() -> Conversation:
    """Return an empty conversation; its file is made when it is written."""
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}.json"
    return Conversation(conversations_folder() / name)


def last_conversation() -> Conversation:
    """Return the conversation that was written last.

    Raises:
        GLMValueError: if there is none, or if it cannot be read.
    """
    files = sorted(conversations_folder().glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    if not files:
        raise GLMValueError('There is no conversation yet. Begin one: glm "your question", or glm chat.')
    return read(files[-1])


def read(path: Path) -> Conversation:
    """Read a conversation.

    Raises:
        GLMValueError: if the file does not hold one.
        OSError: if the file cannot be read.
    """
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        messages = messages_from_dict(saved["messages"])
        return Conversation(path, str(saved["host"]), str(saved["model"]), messages)
    except (ValueError, KeyError, TypeError) as error:
        raise GLMValueError(f"{path} is not a conversation of glm ({type(error).__name__}).") from None


def write(conversation: Conversation) -> None:
    """Write a conversation to its file, which only the user can read.

    Raises:
        OSError: if it cannot be written.
    """
    write_private(conversation.path, as_json(conversation))


def as_json(conversation: Conversation) -> str:
    """Return a conversation as it is saved; it never holds a key, because only messages and names are saved."""
    saved: dict[str, Any] = {
        "host": conversation.host,
        "model": conversation.model,
        "messages": messages_to_dict(conversation.messages),
    }
    return json.dumps(saved, ensure_ascii=False, indent=1)


def as_markdown(messages: list[BaseMessage]) -> str:
    """Return a conversation for readers: questions as headings, answers as they came."""
    parts = []
    for message in messages:
        if isinstance(message, HumanMessage):
            parts.append(f"## {' '.join(message.text.split())}")
        elif message.type == "ai" and message.text:
            parts.append(message.text)
        elif isinstance(message, SystemMessage):
            parts.append(f"*{message.text}*")
    return "\n\n".join(parts) + "\n"


def title(messages: list[BaseMessage], width: int = 60) -> str:
    """Return the beginning of the last question in a line."""
    questions = [message.text for message in messages if isinstance(message, HumanMessage)]
    text = " ".join(questions[-1].split()) if questions else ""
    return text if len(text) <= width else f"{text[: width - 3]}..."
