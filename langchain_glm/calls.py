"""One call: the request, made from the model's settings and the call's keywords, and the check of its reply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from langchain_core.messages.ai import add_usage
from langchain_core.outputs import ChatResult

from langchain_glm.content_blocks import provider_of
from langchain_glm.errors import GLMToolChoiceError
from langchain_glm.json import load_object
from langchain_glm.keywords import sort_keywords
from langchain_glm.notices import notify
from langchain_glm.validation import as_glm_value_error, own_settings
from langchain_glm.wire.reply.chunks import ChunkReader
from langchain_glm.wire.reply.completion import to_result
from langchain_glm.wire.reply.refusal import is_refused, refusal
from langchain_glm.wire.reply.think_tags import TaggedChunkReader
from langchain_glm.wire.reply.usage import sum_usage
from langchain_glm.wire.request.functions import (
    demands_call,
    original_names,
    parallel_calls,
    parameters_of,
    to_wire_tool,
)
from langchain_glm.wire.request.payload import build

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
    from langchain_core.messages import AIMessage, BaseMessage

    from langchain_glm.chat_models import ChatGLM
    from langchain_glm.transport.exchange import Endpoint
    from langchain_glm.wire.types import Event, Payload

__all__ = ["Call", "prepare"]

_NOT_SENT: Final = frozenset(
    {"stream", "strict", "tools", "tool_choice", "parallel_tool_calls", "ls_structured_output_format"}
)
"""Keywords of a call that are read here and are not fields of the request."""

_NOT_CALLED: Final = (
    "tool_choice demanded a tool call, but the model answered without one. GLM cannot be forced: "
    'force_tool_choice="retry" asks once more, "ignore" accepts the answer.'
)
_NO_SEARCH: Final = (
    "No search result came, so the answer may be ungrounded. Either the model saw no need to search, or the account "
    "has no balance for searches: {host} then answers without an error. Check the search balance."
)
_NOT_AN_OBJECT: Final = "tool_choice demanded a tool call, but its arguments are not a JSON object."


@dataclass(frozen=True, slots=True)
class Call:
    """One call, ready to be sent.

    Args:
        endpoint: where to send it, and how.
        payload: the request body.
        schemas: the schemas of the tools' arguments, by the names that are sent.
        names: the tools' original names, by the names that are sent, for tools whose name the host refuses.
        origin: the `model_provider` and the `host` for the reply's `response_metadata`.
        json_only: whether the request asked for text that is only JSON.
        think_tags: whether the model writes its thinking between tags in the text.
        search_notice: the warning if the reply holds no search results; `None` if no search was asked for, or if the
            host itself reports failed searches.
        tool_call_demanded: whether the reply must hold a tool call.
        retries_tool_choice: whether to ask once more if a demanded tool call is missing.
    """

    endpoint: Endpoint
    payload: Payload
    schemas: Mapping[str, Any]
    names: Mapping[str, str]
    origin: Mapping[str, str]
    json_only: bool
    think_tags: bool
    search_notice: str | None
    tool_call_demanded: bool
    retries_tool_choice: bool

    def result(self, body: Event) -> ChatResult:
        """Read a complete reply."""
        return to_result(
            body,
            self.schemas,
            names=self.names,
            json_only=self.json_only,
            think_tags=self.think_tags,
            origin=self.origin,
        )

    def reader(self) -> ChunkReader:
        """Return a reader for the reply's stream."""
        kind = TaggedChunkReader if self.think_tags else ChunkReader
        return kind(self.schemas, names=self.names, json_only=self.json_only, origin=self.origin)

    def must_ask_again(self, result: ChatResult) -> bool:
        """Whether a demanded tool call is missing and the model should be asked once more."""
        answer = _answer(result)
        missing = self.tool_call_demanded and not answer.tool_calls and not is_refused(answer)
        return missing and self.retries_tool_choice

    def second_result(self, result: ChatResult, *, after: ChatResult) -> ChatResult:
        """Return the result of the second request with the usage of both requests."""
        first, second = _answer(after), _answer(result)
        second.usage_metadata = add_usage(first.usage_metadata, second.usage_metadata)
        usage = sum_usage(
            [first.response_metadata.get("token_usage") or {}, second.response_metadata.get("token_usage") or {}]
        )
        second.response_metadata["token_usage"] = usage
        return ChatResult(
            generations=result.generations, llm_output={**(result.llm_output or {}), "token_usage": usage}
        )

    def check(self, result: ChatResult) -> None:
        """Raise `GLMToolChoiceError` if a demanded tool call is missing or invalid, or the refusal of content safety.

        An invalid call counts as missing, because agents end without an error if all calls are invalid. A warning is
        given if search results are missing.
        """
        message = _answer(result)
        metadata = message.response_metadata
        if self.search_notice and metadata.get("finish_reason") == "stop" and not metadata.get("web_search"):
            notify(self.search_notice)
        if self.tool_call_demanded and not message.tool_calls:
            if is_refused(message):
                raise refusal(message)
            raise GLMToolChoiceError(_NOT_AN_OBJECT if message.invalid_tool_calls else _NOT_CALLED, partial=message)

    def check_stream(self, reader: ChunkReader) -> None:
        """Do what `check` does for a stream that has ended."""
        if self.search_notice and reader.lacks_search:
            notify(self.search_notice)
        if self.tool_call_demanded and not reader.called:
            message = reader.partial()
            raise refusal(message) if is_refused(message) else GLMToolChoiceError(_NOT_CALLED, partial=message)
        if self.tool_call_demanded and all(load_object(arguments or "{}") is None for arguments in reader.arguments):
            raise GLMToolChoiceError(_NOT_AN_OBJECT, partial=reader.partial())


def _answer(result: ChatResult) -> AIMessage:
    return cast("AIMessage", result.generations[0].message)


def _searches(payload: Mapping[str, Any]) -> bool:
    """Whether a request asks for search results; GLM ignores its search if functions are offered too."""
    given = payload.get("tools")
    tools = [tool for tool in given if isinstance(tool, dict)] if isinstance(given, list) else []
    searches = [tool.get("web_search") for tool in tools if tool.get("type") == "web_search"]
    asked = any(_is_on(search, "enable") and _is_on(search, "search_result") for search in searches)
    return asked and not any(tool.get("type") == "function" for tool in tools)


def _is_on(settings: Any, name: str) -> bool:
    return isinstance(settings, dict) and str(settings.get(name)).lower() == "true"  # official samples send strings


def prepare(
    model: ChatGLM,
    messages: Sequence[BaseMessage],
    stop: list[str] | None,
    keywords: Mapping[str, Any],
    *,
    stream: bool = False,
    run_manager: CallbackManagerForLLMRun | AsyncCallbackManagerForLLMRun | None = None,
) -> Call:
    """Make a call from the model's settings and the keywords of this call.

    Args:
        model: the settings.
        messages: the conversation.
        stop: the stop words from LangChain; `None` uses those of the settings.
        keywords: the call's keywords: settings, tools, and fields that are sent unchanged.
        stream: whether to ask for a stream.
        run_manager: notified of each wait between attempts.

    Raises:
        GLMValueError: if a setting or message cannot be sent.
    """
    overrides, others = sort_keywords(keywords, own_settings(type(model)))
    if stop is not None:
        overrides["stop"] = stop
    model = model._with_settings(overrides)  # noqa: SLF001 - this module is a part of ChatGLM
    host, traits = model.endpoint_host, model.traits
    extra = {name: value for name, value in others.items() if name not in _NOT_SENT and value is not None}
    choice = keywords.get("tool_choice")
    with as_glm_value_error():
        tools = [to_wire_tool(tool) for tool in keywords.get("tools") or ()]
        names = original_names(tools, host)
        payload, notices = build(messages, model.__dict__, host, tools=tools, tool_choice=choice, stream=stream)
    parallel, more_notices = parallel_calls(keywords.get("parallel_tool_calls"), host)
    for notice in (*notices, *more_notices):
        notify(notice)
    return Call(
        endpoint=model._endpoint(run_manager.on_retry if run_manager else None),  # noqa: SLF001
        payload=payload | parallel | extra,
        schemas=parameters_of(tools, names),
        names=names,
        origin={"model_provider": provider_of(host), "host": host.name},
        json_only=isinstance(response_format := model.response_format, dict)
        and response_format.get("type") in ("json_object", "json_schema"),
        think_tags=host.think_tags or bool(traits and traits.think_tags),
        search_notice=_NO_SEARCH.format(host=host.name) if host.silent_search and _searches(payload) else None,
        tool_call_demanded=model.force_tool_choice != "ignore" and demands_call(tools, choice),
        retries_tool_choice=model.force_tool_choice == "retry",
    )
