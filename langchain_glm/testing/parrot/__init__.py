"""The parrot: a model made of a few rules, which answers when no reply is queued.

It calls a tool if the user asks for it, quotes the results, fills JSON schemas, searches, counts images, and repeats
everything else. It obeys `stop` and `max_tokens`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.testing.parrot.choosing import choose_tool, functions
from langchain_glm.testing.parrot.filling import fill
from langchain_glm.testing.parrot.reading import json_objects, mention, quotes, read, without_json
from langchain_glm.testing.parrot.searching import asks_to_search, offers_kimi_search, search_results, search_settings
from langchain_glm.testing.replies import Reply, ToolCall
from langchain_glm.testing.tokens import cut_reply, tokens
from langchain_glm.testing.turn import is_kimi, serving_model, thinks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.testing.parrot.reading import Conversation

__all__ = ["parrot_reply"]

_MAX_ECHO: Final = 500
_MAX_THOUGHT: Final = 80


def parrot_reply(body: Mapping[str, Any], host: Host) -> Reply:
    """Return the parrot's reply to a valid request.

    Args:
        body: the request.
        host: the host to imitate: the parrot obeys `tool_choice` and `json_schema` if the host does.
    """
    conversation = read(body["messages"])
    reply = (
        _tool_reply(body, host, conversation)
        or _json_reply(body, host, conversation)
        or _text_reply(body, conversation)
    )
    model = serving_model(body["model"], host)
    if model and thinks(body, model, host):
        reply = replace(reply, reasoning=_thought(conversation, reply))
    stop = body.get("stop") or ()
    limit = body.get(host.max_tokens_field)
    if limit is None and is_kimi(host):
        limit = body.get("max_tokens")  # the older name, which Kimi still obeys
    return cut_reply(reply, stop=[stop] if isinstance(stop, str) else stop, max_tokens=limit)


def _thought(conversation: Conversation, reply: Reply) -> str:
    asked = " ".join(conversation.user.split())[:_MAX_THOUGHT]
    if reply.tool_calls:
        return f'The user says "{asked}". I should call {reply.tool_calls[0].name}.'
    if count := len(conversation.results):
        results = "the result of one tool call" if count == 1 else f"the results of {count} tool calls"
        return f"I have {results} and can answer."
    return f'The user says "{asked}". I can answer at once.'


def _tool_reply(body: Mapping[str, Any], host: Host, conversation: Conversation) -> Reply | None:
    choice = body.get("tool_choice") if host.tool_choice else None
    if choice == "none":
        return None
    offered = functions(body)
    chosen = choose_tool(offered, conversation)
    if isinstance(choice, dict):
        requested = choice["function"]["name"]
        chosen = next((function for function in offered if function["name"] == requested), chosen)
    elif choice == "required" and chosen is None and offered:
        chosen = offered[0]
    if chosen is None:
        searches = offers_kimi_search(body) and conversation.asked and asks_to_search(conversation.user)
        return Reply(tool_calls=(_kimi_search(conversation),)) if searches else None
    schema = chosen.get("parameters") or {"type": "object"}
    arguments = fill(schema, _about(chosen["name"], [function["name"] for function in offered], conversation.user))
    return Reply(tool_calls=(ToolCall(chosen["name"], arguments),))


def _kimi_search(conversation: Conversation) -> ToolCall:
    arguments = {"search_result": {"query": conversation.user}, "usage": {"total_tokens": tokens(conversation.user)}}
    return ToolCall("$web_search", arguments, type="builtin_function")


def _about(name: str, names: list[str], text: str) -> str:
    """Return the part of a text about a tool: from its name to the next tool's, or all of it if it names only one."""
    start = mention(name, text)
    if start < 0:
        return text
    others = [position for other in names if other != name and (position := mention(other, text)) >= 0]
    if not others:
        return text
    return text[start + len(name) : min((position for position in others if position > start), default=len(text))]


def _json_reply(body: Mapping[str, Any], host: Host, conversation: Conversation) -> Reply | None:
    requested = body.get("response_format") or {}
    kind = requested.get("type")
    schema = _schema_in(f"{conversation.system}\n{conversation.user}")
    # Results of tools are used before what the user said.
    prompt = "\n".join([*(content for _, content in conversation.results), without_json(conversation.user)])
    if kind == "json_schema" and host.json_schema:
        return Reply(_dumps(fill(requested["json_schema"].get("schema") or {}, prompt)))
    if kind == "json_object":
        return Reply(_dumps(fill(schema, prompt) if schema else _keyed(conversation.user)))
    # The host does not enforce schemas: a schema in the prompt is obeyed, and the answer comes in a Markdown fence.
    if schema:
        return Reply(_fenced(fill(schema, prompt)))
    return Reply(_fenced({"answer": _echo(prompt)})) if kind == "json_schema" else None


def _schema_in(text: str) -> dict[str, Any] | None:
    schemas = [found for value in json_objects(text) if (found := _schema_within(value))]
    return schemas[-1] if schemas else None


def _schema_within(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("properties"), dict):
        return value
    return next((found for inner in value.values() if (found := _schema_within(inner))), None)


def _keyed(text: str) -> dict[str, str]:
    keys = [quote for quote in quotes(text) if quote.isidentifier()]
    return {key: _echo(text) for key in keys} or {"answer": _echo(text)}


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _fenced(value: Any) -> str:
    return f"```json\n{_dumps(value)}\n```"


def _text_reply(body: Mapping[str, Any], conversation: Conversation) -> Reply:
    settings = search_settings(body)
    forced = settings.get("search_query") if settings else None
    if settings is not None and (forced or asks_to_search(conversation.user)):
        query = " ".join(str(forced or conversation.user).split())
        results = search_results(query, settings)
        return Reply(f"I searched for: {query} [ref_1]", web_search=None if results is None else tuple(results))
    if conversation.results:
        return Reply("\n".join(f"{name} says: {content}" for name, content in conversation.results))
    seen = [
        f"{conversation.seen.count(kind)} {kind}{'s' * (conversation.seen.count(kind) > 1)}"
        for kind in dict.fromkeys(conversation.seen)
    ]
    sight = f"I see {' and '.join(seen)}. " if seen else ""
    return Reply(sight + _echo(conversation.user))


def _echo(text: str) -> str:
    text = " ".join(text.split())[:_MAX_ECHO]
    return f"You said: {text}" if text else "You said nothing."
