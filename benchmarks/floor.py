"""The floor: a model that only hands prepared replies to LangChain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import ToolCallChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

from benchmarks.works import Work, fragments

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from langchain_core.language_models import LanguageModelInput
    from langchain_core.runnables import Runnable
    from langchain_core.tools import BaseTool

__all__ = ["Floor"]


class Floor(BaseChatModel):
    """Answers the work that its URL names, without using the network."""

    model: str
    base_url: str
    api_key: str

    _result: ChatResult = PrivateAttr()
    _chunks: list[ChatGenerationChunk] = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Prepare everything that will be asked for."""
        work = Work.named(self.base_url.rpartition("/")[2])
        if work.kind == "reply":
            self._result = ChatResult(generations=[ChatGeneration(message=AIMessage(content=fragments(work)[0]))])
        else:
            self._chunks = [ChatGenerationChunk(message=message) for message in _messages(work)]

    @property
    def _llm_type(self) -> str:
        return "floor"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        return self._result

    async def _agenerate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        return self._result

    def _stream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in self._chunks:
            if run_manager:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._chunks:
            if run_manager:
                await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool], **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind tools as the partner packages do."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)


def _messages(work: Work) -> Iterator[AIMessageChunk]:
    for number, piece in enumerate(fragments(work)):
        if work.kind in ("tools", "nested"):
            name, call_id = (work.tool, "call_1") if number == 0 else (None, None)
            part = ToolCallChunk(name=name, args=piece, id=call_id, index=0, type="tool_call_chunk")
            yield AIMessageChunk(content="", tool_call_chunks=[part])
        elif work.kind == "reasoning":
            yield AIMessageChunk(content="", additional_kwargs={"reasoning_content": piece})
        else:
            yield AIMessageChunk(content=piece)
    yield AIMessageChunk(content="", chunk_position="last")
