"""`with_structured_output` on endpoints that force neither a tool nor a schema.

Nothing is trusted: an answer that is not what was asked for raises `OutputParserException` with the raw text,
never comes back as `None`.
"""

from __future__ import annotations

import json
from operator import itemgetter
from typing import TYPE_CHECKING, Any, cast

from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, ToolMessage
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.output_parsers import BaseCumulativeTransformOutputParser
from langchain_core.outputs import ChatGeneration, Generation
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda, RunnablePassthrough
from langchain_core.utils.function_calling import convert_to_json_schema
from langchain_core.utils.json import parse_json_markdown, parse_partial_json
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import BaseModel

from langchain_glm.json import dump_json
from langchain_glm.wire.request.functions import to_wire_tool
from langchain_glm.wire.schemas.check import fault_in
from langchain_glm.wire.schemas.inline import inline

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from langchain_core.language_models.chat_models import BaseChatModel

    from langchain_glm.wire.types import Method

__all__ = ["structured"]


def structured(
    model: BaseChatModel, schema: Any, *, method: Method, include_raw: bool, strict: bool | None, repair: int
) -> Runnable[Any, Any]:
    """Make the chain for `ChatGLM.with_structured_output`; see there."""
    if schema is None and method != "json_mode":
        raise ValueError(f"with_structured_output: method={method!r} needs a schema; only json_mode does without.")
    shown: dict[str, Any] = {"kwargs": {"method": method, "strict": strict}, "schema": schema}
    json_schema = {} if schema is None else convert_to_json_schema(schema)
    tool_name = None
    if method == "function_calling":
        tool = to_wire_tool(schema)
        tool_name = tool["function"]["name"]
        settings: dict[str, Any] = {"tools": [tool], "tool_choice": tool_name, "force_tool_choice": "ignore"}
    elif method == "json_schema":
        wrapper = {"name": json_schema.get("title", "answer"), "schema": json_schema}
        wrapper |= {} if strict is None else {"strict": strict}
        settings = {"response_format": {"type": "json_schema", "json_schema": wrapper}}
    elif method == "json_mode":
        settings = {"response_format": {"type": "json_object"}}
    else:
        raise ValueError(f"method={method!r} is unknown; known are function_calling, json_mode and json_schema.")
    parser = AnswerParser(
        json_schema=inline(json_schema),
        answer_class=schema if isinstance(schema, type) and is_basemodel_subclass(schema) else None,
        tool_name=tool_name,
    )
    llm: Runnable[Any, Any] = model.bind(**settings, ls_structured_output_format=shown)
    if repair:
        llm = _repairing(model, llm, parser, repair)
    if not include_raw:
        return llm | parser
    parsed = RunnablePassthrough.assign(parsed=itemgetter("raw") | parser, parsing_error=lambda _: None)
    failed = RunnablePassthrough.assign(parsed=lambda _: None)
    return {"raw": llm} | parsed.with_fallbacks([failed], exception_key="parsing_error")


class AnswerParser(BaseCumulativeTransformOutputParser[Any]):
    """Reads a message as an instance of a schema.

    Args:
        json_schema: the schema, inlined; empty takes any object.
        answer_class: the pydantic class to make, or `None` for a dict.
        tool_name: the tool whose call holds the answer; `None` where the text does.
    """

    json_schema: dict[str, Any]
    answer_class: Any = None
    tool_name: str | None = None

    def parse(self, text: str) -> Any:
        """Read a text."""
        return self.parse_result([Generation(text=text)])

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> Any:
        """Read a message.

        Returns:
            An instance of the class, or a dict. With `partial`, what there is of the dict, or `None`.

        Raises:
            OutputParserException: if it is not what was asked for.
        """
        message = cast("AIMessage", result[0].message) if isinstance(result[0], ChatGeneration) else None
        if partial:
            return None if self.answer_class else self._part(message, result[0].text)
        value = self._value(message, result[0].text)
        raw = value if isinstance(value, str) else dump_json(value)
        fault = fault_in(value, self.json_schema) if not self.answer_class else None
        if fault:
            raise OutputParserException(f"The answer does not fit the schema: {fault}. It was: {raw}", llm_output=raw)
        if self.answer_class is None:
            return value
        try:
            if issubclass(self.answer_class, BaseModel):
                return self.answer_class.model_validate(value)
            return self.answer_class.parse_obj(value)  # a class of pydantic's version 1
        except ValueError as error:
            raise OutputParserException(
                f"The answer does not fit the schema: {error}\nIt was: {raw}", llm_output=raw
            ) from error

    def _value(self, message: AIMessage | None, text: str) -> Any:
        if self.tool_name is None or message is None:
            try:
                return parse_json_markdown(text, parser=json.loads)  # the default one completes halves
            except ValueError:
                raise OutputParserException(
                    f"The answer{_why(message)} is no JSON: {text!r}", llm_output=text
                ) from None
        for call in message.tool_calls:
            if call["name"] == self.tool_name:
                return call["args"]
        for invalid in message.invalid_tool_calls:
            raw = invalid["args"] or ""
            raise OutputParserException(f"The arguments{_why(message)} are no JSON object: {raw}", llm_output=raw)
        raise OutputParserException(
            f"The model did not call the tool {self.tool_name}; it answered{_why(message)}: {message.text!r}",
            llm_output=message.text,
        )

    def _part(self, message: AIMessage | None, text: str) -> Any:
        if self.tool_name is not None and message is not None:
            return next((call["args"] for call in message.tool_calls if call["name"] == self.tool_name), None)
        try:
            return parse_json_markdown(text, parser=parse_partial_json) if "{" in text else None
        except ValueError:
            return None

    def _transform(self, input: Iterator[str | BaseMessage]) -> Iterator[Any]:
        """Give the parts as they grow, then the whole, checked."""
        seen: list[str | BaseMessage] = []
        last = None
        for last in super()._transform(_noted(input, seen)):
            yield last
        whole = self.parse_result([_summed(seen)])
        if whole != last:
            yield whole

    async def _atransform(self, input: AsyncIterator[str | BaseMessage]) -> AsyncIterator[Any]:
        seen: list[str | BaseMessage] = []
        last = None
        async for last in super()._atransform(_anoted(input, seen)):
            yield last
        whole = self.parse_result([_summed(seen)])
        if whole != last:
            yield whole


def _why(message: BaseMessage | None) -> str:
    """The finish reason, which tells an answer that was cut off from one that is wrong."""
    reason = message.response_metadata.get("finish_reason") if message is not None else None
    return f" (finish_reason {reason})" if reason else ""


def _noted(chunks: Iterator[Any], seen: list[Any]) -> Iterator[Any]:
    for chunk in chunks:
        seen.append(chunk)
        yield chunk


async def _anoted(chunks: AsyncIterator[Any], seen: list[Any]) -> AsyncIterator[Any]:
    async for chunk in chunks:
        seen.append(chunk)
        yield chunk


def _summed(chunks: list[Any]) -> Generation:
    if chunks and all(isinstance(chunk, AIMessageChunk) for chunk in chunks):
        return ChatGeneration(message=add_ai_message_chunks(chunks[0], *chunks[1:]))
    if len(chunks) == 1 and isinstance(chunks[0], BaseMessage):
        return ChatGeneration(message=chunks[0])
    return Generation(text="".join(chunk.text if isinstance(chunk, BaseMessage) else chunk for chunk in chunks))


def _repairing(model: BaseChatModel, llm: Runnable[Any, Any], parser: AnswerParser, tries: int) -> Runnable[Any, Any]:
    """Ask again, with what was wrong, when an answer does not fit; the last answer is given as it is."""

    def ask(prompt: Any, config: RunnableConfig) -> BaseMessage:
        messages = model._convert_input(prompt).to_messages()  # noqa: SLF001 - LangChain's own reading of a prompt
        answer: BaseMessage = llm.invoke(messages, config)
        for _ in range(tries):
            complaint = _complaint(parser, answer)
            if not complaint:
                break
            messages = [*messages, answer, *complaint]
            answer = llm.invoke(messages, config)
        return answer

    async def aask(prompt: Any, config: RunnableConfig) -> BaseMessage:
        messages = model._convert_input(prompt).to_messages()  # noqa: SLF001 - as above
        answer: BaseMessage = await llm.ainvoke(messages, config)
        for _ in range(tries):
            complaint = _complaint(parser, answer)
            if not complaint:
                break
            messages = [*messages, answer, *complaint]
            answer = await llm.ainvoke(messages, config)
        return answer

    return RunnableLambda(ask, aask)


def _complaint(parser: AnswerParser, answer: BaseMessage) -> list[BaseMessage]:
    """What to say to an answer that does not fit; nothing to one that does."""
    try:
        parser.parse_result([ChatGeneration(message=answer)])
    except OutputParserException as error:
        calls = [*answer.tool_calls, *answer.invalid_tool_calls] if isinstance(answer, AIMessage) else []
        if calls:
            return [ToolMessage(str(error), tool_call_id=call["id"] or "", status="error") for call in calls]
        return [HumanMessage(f"{error}\nAnswer again, as the schema wants it.")]
    return []
