"""The rules about hosts as questions: a function for each, named like the field of `Host` whose rule it asks about.

A new field of `Host` needs one new function here, or a line in `NOT_ASKED` that says why no request can show it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from langchain_glm.catalog.codes import CODES
from langchain_glm.catalog.models import plain_id
from langchain_glm.probe.exchanges import Ask
from langchain_glm.probe.questions import COLOUR, Question, Seen, accepted, answer_tokens, body, quiet, unclear, user

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from langchain_glm.catalog.hosts import Host
    from langchain_glm.catalog.models import Model
    from langchain_glm.probe.exchanges import Exchange

__all__ = ["HOST_RULES", "NOT_ASKED"]

NOT_ASKED: Final[Mapping[str, str]] = {
    "name": "it is ours",
    "base_url": "every other question shows it",
    "key_variables": "they are the user's",
    "provider": "it is a name in the tables of others",
    "url_variables": "they are the user's",
    "key_form": "the key is the user's",
    "chosen_by_key": "it is a decision of ours",
    "other_plan": "it takes a key of each plan",
    "native": "the codes of errors and tool_stream show it",
    "coding_plan": "efforts shows it",
    "think_tags": "reasoning_field shows it",
    "silent_search": "it takes an account without balance for searches",
    "currency": "it is on the price pages",
    "paths": "the questions are about chat only",
    "serves": "the questions are about chat only",
    "ocr_pages": "the questions are about chat only",
    "search_engines": "the questions are about chat only",
    "search_query_limit": "the questions are about chat only",
    "mcp_url": "the questions are about chat only",
    "chat_model": "it is a decision of ours",
    "image_model": "it is a decision of ours",
    "key_page": "it is a page for people",
    "tool_message_name": "no endpoint is known to refuse either form",
}
"""The fields of `Host` that have no question of their own, with the reason."""

_REASONING: Final = "The user may like walnut, teal, ochre, mauve, amber, coral, olive, slate, ivory and plum. " * 4
_FORCED: Final = {"type": "function", "function": {"name": "note_colour"}}
_HELLO: Final = "Say hello to Anna. Do not call any function."
_KEYS: Final = ("tint_code", "is_matte")
_SCHEMA: Final = {
    "type": "object",
    "properties": {key: {"type": "boolean"} for key in _KEYS},
    "required": list(_KEYS),
    "additionalProperties": False,
}
_PNG: Final = (
    "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAIAAAD8GO2jAAAAKUlEQVR42u3NMQ0AAAgDsElB6qSjgoOkSf9m2lMRCAQCgUAgEAgE"
    "X4IFJViAPc9b+w8AAAAASUVORK5CYII="
)
"""An image of 32 by 32 pixels, all of them teal."""
_NAMES: Final = ("a", "1st-colour_note", "note_colour", "a" * 64, "$colour")
"""Names of tools at the limits of the known rules."""


def served_as(host: Host, _: Model, model_id: str) -> Iterator[Question]:
    """Which model answers: the one that was asked for, or its replacement in a coding plan."""
    for requested in dict.fromkeys((plain_id(model_id), *host.served_as)):
        sent = model_id if requested == plain_id(model_id) else requested
        yield Question(
            rule=f"served_as {requested}",
            expected=(host.served_as.get(requested, requested),),
            asks=(Ask(body=body(host, sent, "Hello", tokens=1)),),
            read=_answering_model,
        )


def _answering_model(got: Sequence[Exchange]) -> Seen:
    answering = got[0].model
    return unclear(got[0]) if got[0].error or answering is None else Seen(plain_id(answering))


def wrong_urls(host: Host, _: Model, model_id: str) -> Iterator[Question]:
    """Whether the base URLs that are known to be wrong do not exist; asked on the server of the URL in use."""
    origin = urlsplit(host.base_url)
    urls = [urlsplit(url)._replace(scheme=origin.scheme, netloc=origin.netloc).geturl() for url in host.wrong_urls]

    def read(got: Sequence[Exchange]) -> Seen:
        return Seen("served" if got[0].error is None or got[0].code in CODES else "not served")

    for url in urls:
        yield Question(
            rule=f"wrong_urls {urlsplit(url).path}",
            expected=("not served",),
            asks=(Ask(body=body(host, model_id, "Hello", tokens=1), base_url=url),),
            read=read,
        )


def keeps_reasoning(host: Host, model: Model, model_id: str) -> Iterator[Question]:
    """Whether the reasoning of an earlier turn stays in the prompt, which shows in the count of its tokens."""
    if not (host.keeps_reasoning and model.keep_reasoning):
        return
    field = host.reasoning_field or "reasoning_content"

    def ask(reasoning: str) -> Ask:
        earlier = {"role": "assistant", "content": "Which colour do you like?", field: reasoning}
        messages = [user("Hello"), earlier, user("Teal.")]
        thinking = dict(model.keep_reasoning)
        return Ask(body={**body(host, model_id, "", tokens=1), "messages": messages, "thinking": thinking})

    def read(got: Sequence[Exchange]) -> Seen:
        long, short = (exchange.usage.get("prompt_tokens") for exchange in got)
        if not isinstance(long, int) or not isinstance(short, int):
            return unclear(next((exchange for exchange in got if exchange.error), got[0]))
        return Seen("kept" if long - short > len(_REASONING) / 10 else "dropped")

    yield Question(rule="keeps_reasoning", expected=("kept",), asks=(ask(_REASONING), ask("Hm.")), read=read)


def reasoning_field(host: Host, model: Model, model_id: str) -> Iterator[Question]:
    """The field in which reasoning comes, and in which it is sent back; `content` if it comes between tags."""
    if model.thinking == "none" or model.guessed_from:
        return

    def read(got: Sequence[Exchange]) -> Seen:
        found = got[0].reasoning_field
        return Seen(found) if found else unclear(got[0])

    known = ("reasoning_content", "reasoning") if host.reasoning_field is None else (host.reasoning_field,)
    yield Question(
        rule="reasoning_field",
        expected=("content",) if host.think_tags or model.think_tags else known,
        asks=(Ask(body=body(host, model_id, "Which primes are between 80 and 100?", tokens=128)),),
        read=read,
    )


def tool_names(host: Host, model: Model, model_id: str) -> Iterator[Question]:
    """Whether every name that the rule allows is accepted, all in one request; accepting more is no difference."""
    legal = [name for name in _NAMES if re.fullmatch(host.tool_names, name) and not name.startswith("$")]
    if model.tools and legal:
        tools = [{**COLOUR, "function": {**COLOUR["function"], "name": name}} for name in legal]
        asks = (Ask(body=body(host, model_id, "Hello", tokens=1, tools=tools)),)
        yield Question(rule="tool_names", expected=("accepted",), asks=asks, read=accepted)


def _forced(host: Host, model: Model, model_id: str, thinking: Mapping[str, Any]) -> Ask:
    more = {"tools": [COLOUR], "tool_choice": _FORCED, **thinking}
    return Ask(body=body(host, model_id, _HELLO, tokens=answer_tokens(model), **more))


def _obeyed(got: Sequence[Exchange]) -> Seen:
    if got[0].error:
        return accepted(got)
    if got[0].finish_reason == "length":
        return unclear(got[0])
    return Seen("obeyed" if got[0].called == "note_colour" else "ignored")


def tool_choice(host: Host, model: Model, model_id: str) -> Iterator[Question]:
    """Whether a forced tool choice is obeyed by a model that does not think, if it can stop thinking."""
    if not model.tools or (model.thinking == "always" and host.tool_choice and not host.forces_while_thinking):
        return
    expected = ("obeyed",) if host.tool_choice else ("ignored", "refused")
    yield Question(
        rule="tool_choice", expected=expected, asks=(_forced(host, model, model_id, quiet(model)),), read=_obeyed
    )


def forces_while_thinking(host: Host, model: Model, model_id: str) -> Iterator[Question]:
    """Whether a forced tool choice is obeyed while the model thinks."""
    if not (model.tools and host.tool_choice and model.thinking != "none"):
        return
    expected = ("obeyed",) if host.forces_while_thinking else ("ignored", "refused")
    yield Question(
        rule="forces_while_thinking", expected=expected, asks=(_forced(host, model, model_id, {}),), read=_obeyed
    )


def json_schema(host: Host, model: Model, model_id: str) -> Iterator[Question]:
    """Whether the answer follows a schema that the prompt does not mention."""
    wanted = {"type": "json_schema", "json_schema": {"name": "tint", "strict": True, "schema": _SCHEMA}}

    def read(got: Sequence[Exchange]) -> Seen:
        if got[0].error:
            return accepted(got)
        if got[0].answer is None and got[0].finish_reason == "length":
            return unclear(got[0])
        return Seen("enforced" if (got[0].answer or {}).keys() == set(_KEYS) else "ignored")

    more = {"response_format": wanted, **quiet(model)}
    yield Question(
        rule="json_schema",
        expected=("enforced",) if host.json_schema else ("ignored", "refused"),
        asks=(Ask(body=body(host, model_id, "Say hello to Anna.", tokens=answer_tokens(model), **more)),),
        read=read,
    )


def max_tokens_field(host: Host, model: Model, model_id: str) -> Iterator[Question]:
    """Whether the field for the output limit limits the output."""

    def read(got: Sequence[Exchange]) -> Seen:
        if got[0].error:
            return accepted(got)
        return Seen("obeyed" if got[0].finish_reason == "length" else "ignored")

    text = "Write the numbers from one to sixty in words, with a comma after each of them."
    asks = (Ask(body=body(host, model_id, text, tokens=8, **quiet(model))),)
    yield Question(rule="max_tokens_field", expected=("obeyed",), asks=asks, read=read)


def base64_images(host: Host, model: Model, model_id: str) -> Iterator[Question]:
    """Whether an inline image is accepted in the host's form by a model that reads images, and refused by others."""
    if model.guessed_from:
        return
    url = _PNG if host.base64_images == "raw" else f"data:image/png;base64,{_PNG}"
    content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "Which colour is it?"}]
    yield Question(
        rule="inputs, base64_images",
        expected=("accepted",) if "image" in model.inputs else ("refused",),
        asks=(Ask(body=body(host, model_id, content, tokens=1)),),
        read=accepted,
    )


def stream_usage(host: Host, _: Model, model_id: str) -> Iterator[Question]:
    """Whether a stream holds usage at its top level without being asked for it."""

    def read(got: Sequence[Exchange]) -> Seen:
        if got[0].error or got[1].error:
            return unclear(next(exchange for exchange in got if exchange.error))
        return Seen("unasked" if got[0].usage else "when asked" if got[1].usage else "never")

    plain = body(host, model_id, "Hello", tokens=1, stream=True)
    asks = (Ask(body=plain), Ask(body={**plain, "stream_options": {"include_usage": True}}))
    expected = ("when asked",) if host.stream_usage else ("unasked",)
    yield Question(rule="stream_usage", expected=expected, asks=asks, read=read)


def glm_tools(host: Host, _: Model, model_id: str) -> Iterator[Question]:
    """Whether GLM's own search is accepted as a tool; it is offered disabled, so nothing is searched."""
    tools = [{"type": "web_search", "web_search": {"enable": False, "search_engine": "search_std"}}]
    yield Question(
        rule="glm_tools",
        expected=("accepted",) if host.glm_tools else ("refused",),
        asks=(Ask(body=body(host, model_id, "Hello", tokens=1, tools=tools)),),
        read=accepted,
    )


def search_engine(host: Host, model: Model, model_id: str) -> Iterator[Question]:
    """Whether the search finds sources with the catalogue's engine; GLM itself decides whether to search."""
    if not host.glm_tools:
        return

    def read(got: Sequence[Exchange]) -> Seen:
        if got[0].error:
            return accepted(got)
        found = any(reply.get("web_search") for reply in got[0].replies)
        return Seen("sources") if found else Seen("no search, or no balance for it", decided=False)

    search: dict[str, Any] = {"enable": True, "search_result": True, "count": 1}
    search["search_query"] = "Z.ai GLM release notes"
    if host.search_engine:
        search["search_engine"] = host.search_engine
    more = {"tools": [{"type": "web_search", "web_search": search}], **quiet(model)}
    question = "Search the web: what do the latest release notes of GLM say? Answer in one sentence."
    yield Question(
        rule="search_engine",
        expected=("sources",),
        asks=(Ask(body=body(host, model_id, question, tokens=answer_tokens(model), **more), searches=1),),
        read=read,
    )


HOST_RULES: Final = (
    served_as,
    wrong_urls,
    stream_usage,
    max_tokens_field,
    reasoning_field,
    keeps_reasoning,
    tool_names,
    tool_choice,
    forces_while_thinking,
    json_schema,
    base64_images,
    glm_tools,
    search_engine,
)
"""The rules about hosts, in the order in which they are asked."""
