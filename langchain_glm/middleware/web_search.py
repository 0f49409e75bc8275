"""`GLMWebSearchMiddleware`: GLM's built-in web search as a tool that works alongside functions, with citations."""

from __future__ import annotations

import re
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from langchain.agents.middleware import AgentMiddleware
from langchain.tools import ToolRuntime  # noqa: TC002 - LangChain reads the annotations of a tool's function
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.tools import StructuredTool
from langgraph.constants import TAG_NOSTREAM

from langchain_glm.errors import GLMValueError
from langchain_glm.wire.reply.citations import citations

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from langchain.agents.middleware import ModelRequest, ModelResponse
    from langchain_core.messages import AnyMessage
    from langchain_core.runnables import RunnableConfig

    from langchain_glm.chat_models import ChatGLM
    from langchain_glm.tools import WebSearch

__all__ = ["GLMWebSearchMiddleware"]

Result = dict[str, Any]

_DESCRIPTION: Final = (
    "Search the web. Returns pages with their titles, addresses and contents. In your answer, put the reference of "
    "each page that you use after the sentence that it supports, for example [ref_1]."
)
_REQUEST: Final = "Search the web for this and answer in one sentence: {query}"
_NOTHING_FOUND: Final = "No search results came. The endpoint did not search, or it found nothing."
_MOST_RESULTS: Final = 50
_NUMBER: Final = re.compile(r"ref_(\d{1,9})")
_CONFIG: Final[RunnableConfig] = {"tags": [TAG_NOSTREAM], "metadata": {"lc_source": "web_search"}}
"""Keeps the tokens of the search request out of the agent's stream."""


class GLMWebSearchMiddleware(AgentMiddleware[Any, Any, Any]):
    """Give an agent GLM's web search as a tool, because Z.ai ignores its built-in search if functions are offered too.

    For each call of the tool, the model gets a separate request that offers only GLM's built-in search. Its results
    become the tool's result, and the model's own sentence is dropped. This works wherever the built-in search does,
    with the same key and plan. (The endpoint `/web_search` would not work everywhere: it bills the balance, not the
    plan, and gateways do not have it.) The request costs the tokens of the results, about 2,000.

    If the agent's answer refers to results (`[ref_1]`), it gets LangChain's citations in its text block, and
    `response_metadata["sources"]` lists the results that it refers to. In a stream of tokens, both come only with the
    complete message.

    Args:
        model: the `ChatGLM` that searches: the agent's own, or a cheaper one.
        search: the settings of the search, such as `WebSearch(count=5)`. Default: those of `WebSearch()`.
        name: the name of the tool.

    Raises:
        GLMValueError: if the model's host does not have GLM's search.

    Example:
        ```python
        model = ChatGLM(model="glm-5.2", host="zai")
        agent = create_agent(model, [get_weather], middleware=[GLMWebSearchMiddleware(model)])
        ```

    Source: recorded replies of Z.ai, 2026-08, in which functions disabled the search.
    """

    def __init__(self, model: ChatGLM, *, search: WebSearch | None = None, name: str = "web_search") -> None:
        super().__init__()
        if not model.endpoint_host.glm_tools:
            raise GLMValueError(f"host {model.endpoint_host.name!r} does not have GLM's web search.")
        self.model = model.model_copy(update={"web_search": search or True})
        self.tool_name = name
        self.tools = [
            StructuredTool.from_function(
                func=self._search,
                coroutine=self._asearch,
                name=name,
                description=_DESCRIPTION,
                response_format="content_and_artifact",
            )
        ]

    def _search(self, query: str, runtime: ToolRuntime) -> tuple[str, list[Result]]:
        found = self.model.invoke(_REQUEST.format(query=query), _CONFIG)
        return self._read(found, runtime)

    async def _asearch(self, query: str, runtime: ToolRuntime) -> tuple[str, list[Result]]:
        found = await self.model.ainvoke(_REQUEST.format(query=query), _CONFIG)
        return self._read(found, runtime)

    def _read(self, found: AIMessage, runtime: ToolRuntime) -> tuple[str, list[Result]]:
        """Return the results as text and as a list, with references that are unique in the conversation."""
        results = found.response_metadata.get("web_search")
        first = _first_number(runtime.state["messages"], runtime.tool_call_id, self.tool_name)
        listed = [
            {**result, "refer": f"ref_{number}"}
            for number, result in enumerate(results if isinstance(results, list) else (), first)
            if isinstance(result, dict)
        ]
        return "\n\n".join(map(_as_text, listed)) or _NOTHING_FOUND, listed

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Add citations to the answer."""
        return self._cited(handler(request), request.messages)

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """Add citations to the answer."""
        return self._cited(await handler(request), request.messages)

    def _cited(self, response: ModelResponse[Any], messages: Sequence[AnyMessage]) -> ModelResponse[Any]:
        sources = {
            result["refer"]: result
            for message in messages
            if isinstance(message, ToolMessage) and message.name == self.tool_name
            for result in message.artifact or ()
        }
        if not sources:
            return response
        found = list(sources.values())
        result = [_with_citations(item, found) if isinstance(item, AIMessage) else item for item in response.result]
        return replace(response, result=result)


def _first_number(messages: Sequence[AnyMessage], call_id: str | None, tool_name: str) -> int:
    """Return a number above all that the messages mention, different for each search of one turn.

    The messages of earlier searches are not counted: a summary may mention their references when they are gone.
    """
    mentioned = (int(number) for message in messages for number in _NUMBER.findall(message.text))
    turn = next((message for message in reversed(messages) if isinstance(message, AIMessage)), None)
    searches = [call["id"] for call in turn.tool_calls if call["name"] == tool_name] if turn else []
    place = searches.index(call_id) if call_id in searches else 0
    return (ceil(max(mentioned, default=0) / _MOST_RESULTS) + place) * _MOST_RESULTS + 1


def _as_text(result: Result) -> str:
    lines = (result.get("title"), result.get("link"), result.get("publish_date"), result.get("content"))
    return "\n".join([f"[{result['refer']}]", *(str(line) for line in lines if line)])


def _with_citations(message: AIMessage, sources: list[Result]) -> AIMessage:
    """Return a copy of an answer with the citations of its references, in v0 or v1; the answer if it has none."""
    if isinstance(message.content, str):
        found = citations(message.content, sources)
        update: dict[str, Any] = {"additional_kwargs": {**message.additional_kwargs, "annotations": found}}
    else:
        content = [_block_with_citations(block, sources) for block in message.content]
        found = [citation for block in content if isinstance(block, dict) for citation in block.get("annotations", ())]
        update = {"content": content}
    cited = {citation.get("extras", {}).get("refer") for citation in found}
    if not cited:
        return message
    metadata = {**message.response_metadata, "sources": [source for source in sources if source["refer"] in cited]}
    return message.model_copy(update={**update, "response_metadata": metadata})


def _block_with_citations(block: str | Result, sources: list[Result]) -> str | Result:
    if not isinstance(block, dict) or block.get("type") != "text":
        return block
    found = citations(block["text"], sources)
    return {**block, "annotations": [*block.get("annotations", ()), *found]} if found else block
