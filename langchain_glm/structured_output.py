"""`with_structured_output` for endpoints that do not enforce tool calls or schemas.

Every answer is checked. An answer that does not fit raises `OutputParserException` with the raw text; `None` is never
returned for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, cast

from langchain_core.exceptions import ModelError, OutputParserException
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    ToolMessage,
    convert_to_messages,
)
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.output_parsers import BaseTransformOutputParser
from langchain_core.outputs import ChatGeneration, Generation
from langchain_core.prompt_values import PromptValue
from langchain_core.runnables import Runnable, RunnableConfig, RunnableGenerator, RunnableLambda
from langchain_core.runnables.utils import AddableDict
from langchain_core.utils.json import parse_json_markdown, parse_partial_json
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import BaseModel, RootModel, WithJsonSchema

from langchain_glm.errors import GLMValueError
from langchain_glm.json import dump_json, load_json
from langchain_glm.wire.reply.fences import extract_json
from langchain_glm.wire.reply.refusal import is_refused, refusal
from langchain_glm.wire.request.functions import to_wire_tool
from langchain_glm.wire.schemas.check import find_error
from langchain_glm.wire.schemas.convert import to_json_schema
from langchain_glm.wire.schemas.inline import inline

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from langchain_core.language_models.chat_models import BaseChatModel

    from langchain_glm.wire.types import Method

__all__ = ["structured"]


def structured(
    model: BaseChatModel,
    schema: Any,
    *,
    method: Method,
    include_raw: bool,
    strict: bool | None,
    repair: int,
    **kwargs: Any,
) -> Runnable[Any, Any]:
    """Make the chain of `ChatGLM.with_structured_output`, which describes the arguments."""
    if schema is None and method != "json_mode":
        raise GLMValueError(
            f"with_structured_output: method={method!r} needs a schema; only json_mode works without one."
        )
    traced: dict[str, Any] = {"kwargs": {"method": method, "strict": strict}, "schema": schema}
    json_schema = {} if schema is None else to_json_schema(schema)
    inlined = inline(json_schema)  # raises for a schema that is too large, whatever the method
    tool_name = None
    if method == "function_calling":
        parameters = {key: value for key, value in inlined.items() if key not in ("title", "description")}
        function = {"name": json_schema["title"], "parameters": parameters}
        if "description" in inlined:
            function["description"] = inlined["description"]
        tool = to_wire_tool({"type": "function", "function": function})
        tool_name = tool["function"]["name"]
        settings: dict[str, Any] = {"tools": [tool], "tool_choice": tool_name, "force_tool_choice": "ignore"}
    elif method == "json_schema":
        wrapper = {"name": json_schema["title"], "schema": inlined} | ({} if strict is None else {"strict": strict})
        settings = {"response_format": {"type": "json_schema", "json_schema": wrapper}}
    elif method == "json_mode":
        settings = {"response_format": {"type": "json_object"}}
    else:
        raise GLMValueError(f"method={method!r} is unknown; give function_calling, json_mode or json_schema.")
    parser = AnswerParser(
        json_schema=json_schema,
        answer_class=schema if isinstance(schema, type) and is_basemodel_subclass(schema) else None,
        tool_name=tool_name,
    )
    llm: Runnable[Any, Any] = model.bind(**settings, **kwargs, ls_structured_output_format=traced)
    if repair:
        repairing = _Repair(llm, parser, repair)
        llm = RunnableLambda(repairing.ask, repairing.aask)
    return llm | (RunnableGenerator(parser.with_raw, parser.awith_raw) if include_raw else parser)


class AnswerParser(BaseTransformOutputParser[Any]):
    """Parses a message into an instance of a schema.

    Args:
        json_schema: the complete schema; an empty one accepts any answer.
        answer_class: the pydantic class of the result, or `None` for a dict.
        tool_name: the tool whose call holds the answer; `None` if the text holds it.
    """

    json_schema: dict[str, Any]
    answer_class: Any = None
    tool_name: str | None = None

    @property
    def OutputType(self) -> Any:  # noqa: N802 - LangChain's name
        """The type of the chain's output."""
        return self.answer_class or dict[str, Any]

    def get_output_schema(self, config: RunnableConfig | None = None) -> Any:
        """Return the pydantic class, or a model with the JSON schema of the dict; LangServe shows it."""
        del config
        if isinstance(self.answer_class, type) and issubclass(self.answer_class, BaseModel):
            return self.answer_class
        json_schema = inline(self.json_schema) or {"type": "object"}
        return RootModel[Annotated[dict[str, Any], WithJsonSchema(json_schema)]]

    def invoke(self, input: str | BaseMessage, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Parse a message or text."""
        try:
            return super().invoke(input, config, **kwargs)
        except OutputParserException as error:
            return self._value_for_middleware(error, config)

    async def ainvoke(self, input: str | BaseMessage, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Parse a message or text."""
        try:
            return await super().ainvoke(input, config, **kwargs)
        except OutputParserException as error:
            return self._value_for_middleware(error, config)

    def _value_for_middleware(self, error: OutputParserException, config: RunnableConfig | None) -> Any:
        """Return a wrong answer to LangChain's own middleware as JSON or text; raise the error for other callers.

        Middleware such as `LLMToolSelectorMiddleware` asks for a dict and checks it itself: its `max_retries` and
        `on_parsing_failure` handle wrong values, but not exceptions. LangChain marks its calls with `lc_source`.
        """
        if self.answer_class is not None or "lc_source" not in ((config or {}).get("metadata") or {}):
            raise error
        raw = error.llm_output or ""
        parsed = load_json(raw)
        return raw if parsed is None else parsed

    def parse(self, text: str) -> Any:
        """Parse a text."""
        return self.parse_result([Generation(text=text)])

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> Any:
        """Parse a message.

        Returns:
            An instance of the class, or a dict. With `partial`, the part of the dict that has arrived, or `None`.

        Raises:
            OutputParserException: if the answer does not fit the schema.
            ModelRefusalError: if content safety stopped it; with an older langchain-core, `GLMContentFilterError`.
        """
        message = cast("AIMessage", result[0].message) if isinstance(result[0], ChatGeneration) else None
        if partial:
            return None if self.answer_class else self._part(message, result[0].text)
        if message is not None and is_refused(message):
            raise refusal(message)
        value = self._value(message, result[0].text)
        raw = value if isinstance(value, str) else dump_json(value)
        if self.answer_class is None:
            if mismatch := find_error(value, self.json_schema):
                raise OutputParserException(
                    f"The answer does not fit the schema: {mismatch}. It was: {raw}", llm_output=raw
                )
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
            value = load_json(extract_json(text))
            if value is None:
                raise OutputParserException(
                    f"The answer{_finish_reason(message)} is not JSON: {text!r}", llm_output=text
                )
            return value
        for call in message.tool_calls:
            if call["name"] == self.tool_name:
                return call["args"]
        for invalid in message.invalid_tool_calls:
            raw = invalid["args"] or ""
            raise OutputParserException(
                f"The arguments{_finish_reason(message)} are not a JSON object: {raw}", llm_output=raw
            )
        raise OutputParserException(
            f"The model did not call the tool {self.tool_name}; it answered{_finish_reason(message)}: {message.text!r}",
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
        """Yield the growing parts of a dict, then the checked answer."""
        chunks: list[str | BaseMessage] = []
        last = None
        for chunk in input:
            chunks.append(chunk)
            if (part := self._new_part(chunks, last)) is not None:
                last = part
                yield part
        if (answer := self.parse_result([_sum(chunks)])) != last:
            yield answer

    async def _atransform(self, input: AsyncIterator[str | BaseMessage]) -> AsyncIterator[Any]:
        chunks: list[str | BaseMessage] = []
        last = None
        async for chunk in input:
            chunks.append(chunk)
            if (part := self._new_part(chunks, last)) is not None:
                last = part
                yield part
        if (answer := self.parse_result([_sum(chunks)])) != last:
            yield answer

    def _new_part(self, chunks: list[str | BaseMessage], last: Any) -> Any:
        """Return the part of a dict that has arrived, or `None` if it has not grown."""
        part = None if self.answer_class else self.parse_result([_sum(chunks)], partial=True)
        return None if part == last else part

    def with_raw(self, input: Iterator[BaseMessage]) -> Iterator[AddableDict]:
        """Yield the chunks of the message, then the parsed answer or the error."""
        chunks: list[str | BaseMessage] = []
        for chunk in input:
            chunks.append(chunk)
            yield AddableDict(raw=chunk)
        yield self._outcome(chunks)

    async def awith_raw(self, input: AsyncIterator[BaseMessage]) -> AsyncIterator[AddableDict]:
        """Yield the chunks of the message, then the parsed answer or the error. The async version of `with_raw`."""
        chunks: list[str | BaseMessage] = []
        async for chunk in input:
            chunks.append(chunk)
            yield AddableDict(raw=chunk)
        yield self._outcome(chunks)

    def _outcome(self, chunks: list[str | BaseMessage]) -> AddableDict:
        try:
            return AddableDict(parsed=self.parse_result([_sum(chunks)]), parsing_error=None)
        except (OutputParserException, ModelError) as error:
            return AddableDict(parsed=None, parsing_error=error)


def _finish_reason(message: BaseMessage | None) -> str:
    """Return the finish reason in parentheses; it shows whether a wrong answer was cut off."""
    reason = message.response_metadata.get("finish_reason") if message is not None else None
    return f" (finish_reason {reason})" if reason else ""


def _sum(chunks: list[str | BaseMessage]) -> Generation:
    """Add the chunks of a message, and replace them in the list by their sum."""
    if chunks and all(isinstance(chunk, AIMessageChunk) for chunk in chunks):
        first, *rest = cast("list[AIMessageChunk]", chunks)
        chunks[:] = [add_ai_message_chunks(first, *rest)] if rest else [first]
    if len(chunks) == 1 and isinstance(chunks[0], BaseMessage):
        return ChatGeneration(message=chunks[0])
    return Generation(text="".join(chunk.text if isinstance(chunk, BaseMessage) else chunk for chunk in chunks))


@dataclass(frozen=True)
class _Repair:
    """Asks again, with an error message, if an answer does not fit; the last answer is returned unchanged."""

    llm: Runnable[Any, Any]
    parser: AnswerParser
    attempts: int

    def ask(self, prompt: Any, config: RunnableConfig) -> BaseMessage:
        messages = _to_messages(prompt)
        answer: BaseMessage = self.llm.invoke(messages, config)
        for _ in range(self.attempts):
            correction = _correction_request(self.parser, answer)
            if not correction:
                break
            messages = [*messages, answer, *correction]
            answer = self.llm.invoke(messages, config)
        return answer

    async def aask(self, prompt: Any, config: RunnableConfig) -> BaseMessage:
        messages = _to_messages(prompt)
        answer: BaseMessage = await self.llm.ainvoke(messages, config)
        for _ in range(self.attempts):
            correction = _correction_request(self.parser, answer)
            if not correction:
                break
            messages = [*messages, answer, *correction]
            answer = await self.llm.ainvoke(messages, config)
        return answer


def _to_messages(prompt: Any) -> Sequence[BaseMessage]:
    """Return the messages of any input that a chat model accepts."""
    if isinstance(prompt, str):
        return [HumanMessage(prompt)]
    return prompt.to_messages() if isinstance(prompt, PromptValue) else convert_to_messages(prompt)


def _correction_request(parser: AnswerParser, answer: BaseMessage) -> list[BaseMessage]:
    """Return the messages that ask for a correction; none if the answer fits or if content safety stopped it."""
    if is_refused(answer):
        return []
    try:
        parser.parse_result([ChatGeneration(message=answer)])
    except OutputParserException as error:
        wrong = str(error).partition("\nFor troubleshooting")[0]  # langchain-core adds a link
        calls = [*answer.tool_calls, *answer.invalid_tool_calls] if isinstance(answer, AIMessage) else []
        if calls:
            return [ToolMessage(wrong, tool_call_id=call["id"] or "", status="error") for call in calls]
        return [HumanMessage(f"{wrong}\nAnswer again, in the form that the schema requires.")]
    return []
