"""`with_structured_output` on endpoints that force neither a tool nor a schema.

Nothing is trusted: an answer that is not what was asked for raises `OutputParserException` with the raw text,
never comes back as `None`.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal

from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
from langchain_core.output_parsers.openai_tools import JsonOutputKeyToolsParser, PydanticToolsParser
from langchain_core.outputs import ChatGeneration, Generation
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.utils.function_calling import convert_to_json_schema
from langchain_core.utils.pydantic import is_basemodel_subclass

from langchain_glm.wire.functions import to_wire_tool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.output_parsers import BaseOutputParser

__all__ = ["Method", "structured"]

Method = Literal["function_calling", "json_mode", "json_schema"]


def structured(
    model: BaseChatModel, schema: Any, *, method: Method, include_raw: bool, strict: bool | None
) -> Runnable[Any, Any]:
    """Make the chain for `ChatGLM.with_structured_output`; see there."""
    if schema is None and method != "json_mode":
        raise ValueError(f"with_structured_output: method={method!r} needs a schema; only json_mode does without.")
    is_model = isinstance(schema, type) and is_basemodel_subclass(schema)
    shown: dict[str, Any] = {"kwargs": {"method": method, "strict": strict}, "schema": schema}
    parser: BaseOutputParser[Any]
    if method == "function_calling":
        tool = to_wire_tool(schema)
        name = tool["function"]["name"]
        llm = model.bind(tools=[tool], tool_choice=name, force_tool_choice="ignore", ls_structured_output_format=shown)
        if is_model:
            parser = _PydanticTool(tools=[schema], first_tool_only=True)
        else:
            parser = _JsonTool(key_name=name, first_tool_only=True)
    else:
        response_format: dict[str, Any] = {"type": "json_object"}
        if method == "json_schema":
            json_schema = convert_to_json_schema(schema)
            name = json_schema.get("title", "answer")
            response_format = {"type": "json_schema", "json_schema": {"name": name, "schema": json_schema}}
            if strict is not None:
                response_format["json_schema"]["strict"] = strict
        llm = model.bind(response_format=response_format, ls_structured_output_format=shown)
        parser = PydanticOutputParser(pydantic_object=schema) if is_model else JsonOutputParser()
    if not include_raw:
        return llm | parser
    parsed = RunnablePassthrough.assign(parsed=itemgetter("raw") | parser, parsing_error=lambda _: None)
    failed = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=llm) | parsed.with_fallbacks([failed], exception_key="parsing_error")


class _DemandsCall:
    """Raises where the parser that it is mixed into would return `None` or nothing."""

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> Any:
        parsed = super().parse_result(result, partial=partial)  # type: ignore[misc]
        if parsed is None and not partial:
            raise _no_call(result[0])
        return parsed

    def _transform(self, input: Iterator[str | BaseMessage]) -> Iterator[Any]:
        seen: list[str | BaseMessage] = []
        empty = True
        for parsed in super()._transform(_noted(input, seen)):  # type: ignore[misc]
            empty = False
            yield parsed
        if empty:
            raise _no_call(_summed(seen))

    async def _atransform(self, input: AsyncIterator[str | BaseMessage]) -> AsyncIterator[Any]:
        seen: list[str | BaseMessage] = []
        empty = True
        async for parsed in super()._atransform(_anoted(input, seen)):  # type: ignore[misc]
            empty = False
            yield parsed
        if empty:
            raise _no_call(_summed(seen))


class _PydanticTool(_DemandsCall, PydanticToolsParser):
    """The first tool call as an instance of the schema."""


class _JsonTool(_DemandsCall, JsonOutputKeyToolsParser):
    """The first tool call's arguments."""


def _noted(chunks: Iterator[Any], seen: list[Any]) -> Iterator[Any]:
    for chunk in chunks:
        seen.append(chunk)
        yield chunk


async def _anoted(chunks: AsyncIterator[Any], seen: list[Any]) -> AsyncIterator[Any]:
    async for chunk in chunks:
        seen.append(chunk)
        yield chunk


def _summed(chunks: list[Any]) -> Generation:
    total = chunks[0] if chunks else AIMessage("")
    for chunk in chunks[1:]:
        total = total + chunk
    return ChatGeneration(message=total) if isinstance(total, BaseMessage) else Generation(text=str(total))


def _no_call(generation: Generation) -> OutputParserException:
    message = generation.message if isinstance(generation, ChatGeneration) else None
    text = message.text if message is not None else generation.text
    invalid = message.invalid_tool_calls if isinstance(message, AIMessage) else []
    finish_reason = message.response_metadata.get("finish_reason") if message is not None else None
    what = f"arguments that are no JSON object: {invalid[0]['args']}" if invalid else f"text: {text!r}"
    reason = f" (finish_reason {finish_reason})" if finish_reason else ""
    return OutputParserException(
        f"The model did not call the schema's tool; it answered{reason} with {what}", llm_output=text
    )
