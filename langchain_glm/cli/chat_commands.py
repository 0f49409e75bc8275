"""The commands of `glm chat`, such as `/model`: functions that change the chat and return what to print."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.catalog.models import EFFORTS, find_model
from langchain_glm.cli.conversations import Conversation, as_json, as_markdown, new_conversation
from langchain_glm.cli.endpoint import find_host, reads_images
from langchain_glm.cli.folders import write_private
from langchain_glm.cli.media import image_block
from langchain_glm.errors import GLMValueError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["COMMANDS", "Chat", "obey"]


@dataclass(slots=True)
class Chat:
    """What a chat remembers.

    Args:
        conversation: the conversation and its file.
        settings: the settings of the model.
        images: the images for the next question.
        thinking: the thinking of the last answer.
    """

    conversation: Conversation
    settings: dict[str, Any]
    images: list[dict[str, Any]] = field(default_factory=list)
    thinking: str = ""


def obey(chat: Chat, line: str) -> str:
    """Obey a command.

    Args:
        chat: the chat, which is changed.
        line: the command with its slash, and its argument.

    Returns:
        What to print.

    Raises:
        GLMValueError: if the argument is wrong.
        OSError: if a file cannot be used.
    """
    name, _, argument = line[1:].partition(" ")
    if name not in COMMANDS:
        return f"/{name} is not a command. There are {', '.join(f'/{known}' for known in COMMANDS)}."
    return COMMANDS[name].obey(chat, argument.strip())


def _model(chat: Chat, argument: str) -> str:
    host = chat.settings["host"]
    if not argument:
        return f"The model is {chat.settings['model']}. To change it: /model NAME"
    chat.settings["model"] = argument
    unknown = "" if find_model(argument, host) else " No model of this name is known here; it is asked as it is."
    return f"The model is {argument}.{unknown}"


def _host(chat: Chat, argument: str) -> str:
    if not argument:
        return f"The host is {chat.settings['host'].name}. To change it: /host {'|'.join(HOSTS)}"
    if "api_key" in chat.settings:
        return "With --demo, the host is the embedded server. Begin again: glm chat --demo --host NAME"
    host = find_host(argument, None, os.environ, None)
    chat.settings |= {"host": host, "model": host.chat_model}
    return f"The host is {host.name}, the model {host.chat_model}."


def _effort(chat: Chat, argument: str) -> str:
    if argument and argument not in (*EFFORTS, "default"):
        raise GLMValueError(f"/effort {argument}: give one of {', '.join(EFFORTS)}; or default.")
    if argument:
        chat.settings["reasoning_effort"] = None if argument == "default" else argument
    return f"The effort is {chat.settings['reasoning_effort'] or 'the default of the model'}."


def _think(chat: Chat, argument: str) -> str:
    if argument == "show":
        return chat.thinking or "The last answer came without thinking."
    return _switch(chat, "thinking", "Thinking", argument, "/think on, off, default or show")


def _search(chat: Chat, argument: str) -> str:
    return _switch(chat, "web_search", "Search", argument, "/search on or off")


def _switch(chat: Chat, setting: str, shown: str, argument: str, usage: str) -> str:
    values = {"on": True, "off": False, "default": None}
    if argument and argument not in values:
        raise GLMValueError(f"Give {usage}.")
    if argument:
        chat.settings[setting] = values[argument]
    now = chat.settings[setting]
    return f"{shown} is {'left to the model' if now is None else 'on' if now else 'off'}. To change it: {usage}"


def _image(chat: Chat, argument: str) -> str:
    host = chat.settings["host"]
    if not argument:
        return "Give a file or a URL: /image photo.png"
    if not reads_images(chat.settings["model"], host):
        raise GLMValueError(f"{chat.settings['model']} cannot read images. First: /model {host.image_model}")
    chat.images.append(image_block(argument))
    count = len(chat.images)
    return f"The next question has {count} image{'s' * (count > 1)}."


def _clear(chat: Chat, _: str) -> str:
    chat.conversation = new_conversation()
    chat.images, chat.thinking = [], ""
    return "A new conversation begins. The last one stays saved."


def _save(chat: Chat, argument: str) -> str:
    if not argument:
        return "Give a file: /save notes.md for reading, /save talk.json for glm cost and other programs."
    path = Path(argument).expanduser()
    if path.suffix == ".json":
        chat.conversation.host, chat.conversation.model = chat.settings["host"].name, chat.settings["model"]
        write_private(path, as_json(chat.conversation))
    else:
        write_private(path, as_markdown(chat.conversation.messages))
    return f"Saved in {path}."


def _help(_: Chat, __: str) -> str:
    lines = [f"  {f'/{name} {command.argument}':<29}{command.help}" for name, command in COMMANDS.items()]
    return "\n".join([*lines, "", 'A line that ends in \\ goes on in the next; """ begins and ends several lines.'])


def _quit(_: Chat, __: str) -> str:
    return "To end, enter /quit alone."


class Command(NamedTuple):
    """A command: what it does to the chat, the form of its argument, and its help."""

    obey: Callable[[Chat, str], str]
    argument: str
    help: str


COMMANDS: Final = {
    "model": Command(_model, "[NAME]", "show or change the model"),
    "host": Command(_host, "[NAME]", "show or change the host"),
    "effort": Command(_effort, "[LEVEL]", "how long the model thinks"),
    "think": Command(_think, "[on|off|default|show]", "switch thinking, or show the last"),
    "search": Command(_search, "[on|off]", "switch the web search"),
    "image": Command(_image, "FILE_OR_URL", "put an image to the next question"),
    "clear": Command(_clear, "", "begin a new conversation"),
    "save": Command(_save, "FILE", "save as Markdown, or as JSON to a .json file"),
    "help": Command(_help, "", "this list"),
    "quit": Command(_quit, "", "end, as Ctrl-D does"),
}
"""The commands by name, without the slash."""
