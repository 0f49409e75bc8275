"""`ChatGLM`'s methods that bind settings, tools or an answer's schema to each call."""

from __future__ import annotations

# `with_fallbacks(…).bind_tools` reads the annotations: their names must exist at run time.
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar, overload

from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.chat_models import BaseChatModel  # noqa: TC002
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableBinding

from langchain_glm.keys import SecretHeaders, secret_key
from langchain_glm.keywords import sort_keywords
from langchain_glm.validation import as_glm_value_error, own_settings
from langchain_glm.wire.request.functions import to_wire_tool
from langchain_glm.wire.types import Method  # noqa: TC001

__all__ = ["ChatGLMBinding", "bind", "bind_tools", "with_structured_output"]


Answer = TypeVar("Answer")


class ChatGLMBinding(RunnableBinding[LanguageModelInput, AIMessage]):
    """A `ChatGLM` with keywords for each call; a key or headers among them are never shown."""

    def bind(self, **kwargs: Any) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind more keywords; see `ChatGLM.bind`."""
        return super().bind(**_with_wrapped_secrets(self.bound, kwargs))

    @classmethod
    def lc_id(cls) -> list[str]:
        """Return the id of LangChain's class, so that `langchain_core.load` can restore the binding."""
        return RunnableBinding.lc_id()


def bind(self: BaseChatModel, **kwargs: Any) -> Any:
    """Bind settings to each call; a key or headers are wrapped, so that reprs, dumps and pickles do not hold them.

    Args:
        self: the model.
        **kwargs: settings, tools, or fields of the request body.

    Raises:
        GLMValueError: if a keyword must not be sent.
    """
    return ChatGLMBinding(bound=self, kwargs=_with_wrapped_secrets(self, kwargs), config={})


def bind_tools(
    self: BaseChatModel,
    tools: Sequence[Any],
    *,
    tool_choice: Any = None,
    strict: bool | None = None,
    parallel_tool_calls: bool | None = None,
    **kwargs: Any,
) -> Runnable[LanguageModelInput, AIMessage]:
    """Offer tools to the model.

    Args:
        self: the model.
        tools: LangChain tools, functions, pydantic classes, TypedDicts, dicts, and GLM's own tools
            (`WebSearch`, `Retrieval`, `MCPServer`, or dicts of the same shape).
        tool_choice: `"auto"`, `"none"`, `"any"`, `"required"`, `True`, a tool's name or a dict. GLM obeys only
            `"auto"`. For any other choice, only the chosen tools are sent, and a sentence in the system message asks
            the model to call one.
        strict: accepted because LangChain passes it; GLM does not enforce schemas.
        parallel_tool_calls: not sent to Zhipu's own hosts, which do not have this setting.
        **kwargs: settings for each call.

    Returns:
        The model with the tools bound.

    Raises:
        GLMValueError: if a tool cannot be translated.

    Example:
        ```python
        model.bind_tools([get_weather]).invoke("How is the weather in Paris?").tool_calls
        ```
    """
    del strict
    given = {"tool_choice": tool_choice, "parallel_tool_calls": parallel_tool_calls}
    kwargs |= {name: value for name, value in given.items() if value is not None}
    with as_glm_value_error():
        wire_tools = [to_wire_tool(tool) for tool in tools]
    return self.bind(tools=wire_tools, **kwargs)


@overload
def with_structured_output(
    self: BaseChatModel,
    schema: type[Answer],
    *,
    method: Method = ...,
    include_raw: Literal[False] = ...,
    strict: bool | None = ...,
    repair: int = ...,
    **kwargs: Any,
) -> Runnable[LanguageModelInput, Answer]: ...


@overload
def with_structured_output(
    self: BaseChatModel,
    schema: dict[str, Any] | type | None = ...,
    *,
    method: Method = ...,
    include_raw: bool = ...,
    strict: bool | None = ...,
    repair: int = ...,
    **kwargs: Any,
) -> Runnable[LanguageModelInput, Any]: ...


def with_structured_output(
    self: BaseChatModel,
    schema: dict[str, Any] | type | None = None,
    *,
    method: Method = "function_calling",
    include_raw: bool = False,
    strict: bool | None = None,
    repair: int = 0,
    **kwargs: Any,
) -> Runnable[LanguageModelInput, Any]:
    """Make the model answer with an instance of a schema, also on endpoints that do not enforce schemas.

    A pydantic class validates its answers itself. Dicts are checked against the JSON schema, except for `format`,
    `multipleOf`, `uniqueItems`, `not`, `if` and a few rarer keywords, which are not checked.

    Args:
        self: the model.
        schema: a pydantic class, TypedDict, JSON schema or OpenAI function.
        method: `function_calling` offers the schema as the only tool; `json_schema` puts it into the prompt
            (or sends it to an endpoint that enforces it); `json_mode` asks for a JSON object that your prompt
            must describe.
        include_raw: return `{"raw": message, "parsed": …, "parsing_error": …}` instead of raising. In a
            stream, the message comes in chunks, followed by the other two.
        strict: sent to endpoints that enforce schemas.
        repair: how many times an answer that does not fit is sent back with an error message. Such a chain does
            not stream. Default 0.
        **kwargs: settings for each call, as `bind` takes them.

    Returns:
        A runnable that returns an instance of a pydantic class, or a dict. In a stream, dicts come in growing parts.
        LangChain's own middleware, which marks its calls with `lc_source`, gets a dict or text that does not fit the
        schema unchanged, because it checks answers itself.

    Raises:
        ValueError: if the schema or method cannot be used.
        OutputParserException: when run, if the answer does not fit the schema; it holds the raw text.
        ModelRefusalError: when run, if content safety stopped the answer; it holds the message, and nothing is
            sent back for repair. With langchain-core before 1.7.5: `GLMContentFilterError` with `partial`.

    Example:
        ```python
        model.with_structured_output(Joke).invoke("Tell me a joke about cats.").punchline
        ```
    """
    from langchain_glm.structured_output import structured  # its parsers take 3 ms to import

    return structured(self, schema, method=method, include_raw=include_raw, strict=strict, repair=repair, **kwargs)


def _with_wrapped_secrets(model: Any, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keywords under our names for them, with secrets wrapped."""
    settings, others = sort_keywords(keywords, own_settings(model.__class__))
    if "api_key" in settings:
        settings["api_key"] = secret_key(settings["api_key"])
    if isinstance(headers := settings.get("default_headers"), Mapping):
        settings["default_headers"] = SecretHeaders(dict(headers))
    return settings | others
