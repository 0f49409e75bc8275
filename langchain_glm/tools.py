"""GLM's own tools, which the endpoint runs.

```python
from langchain_glm import ChatGLM, MCPServer, Retrieval, WebSearch

model = ChatGLM(model="glm-5.2", web_search=WebSearch(count=5, search_recency_filter="oneWeek"))
model = ChatGLM(model="glm-5.2").bind_tools([Retrieval(knowledge_id="1234567890")])
agent = create_agent(model, [WebSearch(), get_weather])
```

Plain dicts of the same shape (`{"type": "web_search", "web_search": {…}}`) are accepted as well.
Source: docs.bigmodel.cn, chat completions, `tools`, 2026-04.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, Required, Unpack

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from langchain_glm.catalog.hosts import SEARCH_COUNTS
from langchain_glm.errors import GLMValueError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["GLMTool", "MCPServer", "Retrieval", "WebSearch", "without_headers"]

_FORBID_UNKNOWN = ConfigDict(extra="forbid")


class GLMTool(dict[str, Any]):
    """A tool that the endpoint runs, so that LangChain has no call to run.

    It is a dict, the entry of `tools` that is sent: `{"type": …, …: {the fields that are set}}`. Agents and middleware
    pass dicts on unchanged, while they treat any other object as a function.
    """

    def __init__(self, wire_type: str, fields_type: type, fields: dict[str, Any]) -> None:
        try:
            checked = _adapter(fields_type).validate_python(fields)
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(map(str, fault["loc"]))
            raise GLMValueError(f"{type(self).__name__}: {field}: {fault['msg']}.") from None
        settings = {name: value for name, value in checked.items() if value is not None}
        super().__init__({"type": wire_type, wire_type: settings})

    def __repr__(self) -> str:
        """Show the entry without an MCP server's headers."""
        return repr(without_headers(self))


def without_headers(tool: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tool's entry without an MCP server's headers, which hold secrets."""
    settings = tool.get("mcp")
    if not isinstance(settings, dict):
        return dict(tool)
    return {**tool, "mcp": {name: value for name, value in settings.items() if name != "headers"}}


@cache
def _adapter(fields_type: type) -> TypeAdapter[dict[str, Any]]:
    """Make the adapter when the first tool of its kind is made, so that importing this module stays fast."""
    return TypeAdapter(fields_type)


class WebSearchFields(TypedDict, total=False):
    """The arguments of `WebSearch`, which describes them."""

    __pydantic_config__ = _FORBID_UNKNOWN  # type: ignore[misc]  # pydantic's documented way

    search_engine: str | None
    enable: bool
    search_query: str | None
    search_intent: bool | None
    count: Annotated[int, Field(ge=1, le=50)] | None
    search_domain_filter: str | None
    search_recency_filter: Literal["oneDay", "oneWeek", "oneMonth", "oneYear", "noLimit"] | None
    content_size: Literal["medium", "high"] | None
    result_sequence: Literal["before", "after"] | None
    search_result: bool
    require_search: bool | None
    search_prompt: str | None


class WebSearch(GLMTool):
    """GLM's built-in web search.

    The model decides whether to search. Z.ai ignores this tool if the request also offers functions.
    Results come back in `response_metadata["web_search"]` and as `server_tool_result` content blocks. If the account
    has no balance for searches, BigModel sends no results and no error; a `GLMWarning` then says so once.

    Args:
        search_engine: `search_std`, `search_pro`, `search_pro_sogou`, `search_pro_quark` (BigModel);
            `search-prime` (Z.ai); `search_pro_jina` (Z.ai, PhanEdge); or a newer engine.
            Default: the one that the host requires.
        enable: whether the search is on. Default `True`.
        search_query: the query to use instead of one that the model writes.
        search_intent: whether the model first decides if a search is needed. Endpoint's default: yes.
        count: how many results, 1 to 50 (sogou: 10, 20, 30, 40 or 50). Endpoint's default: 10.
        search_domain_filter: the only domain to search, such as `"www.example.com"`.
        search_recency_filter: how old results may be: `oneDay`, `oneWeek`, `oneMonth`, `oneYear` or `noLimit`.
            Endpoint's default: `noLimit`.
        content_size: how much of each page is read, `medium` or `high`. Endpoint's default: `medium`.
        result_sequence: whether results come `before` or `after` the answer. Endpoint's default: `after`.
        search_result: whether the reply holds the results. Default `True`.
        require_search: whether to answer only if the search found something. Endpoint's default: no.
        search_prompt: a template that may use `{{search_result}}` and `{{current_date}}`.

    Raises:
        GLMValueError: if an argument is unknown or out of range; the message names it.

    Example:
        ```python
        WebSearch(search_engine="search_pro", count=5)["web_search"]["count"]  # 5
        ```
    """

    def __init__(self, **fields: Unpack[WebSearchFields]) -> None:
        super().__init__("web_search", WebSearchFields, {"enable": True, "search_result": True, **fields})
        settings = self["web_search"]
        engine, count = settings.get("search_engine"), settings.get("count", 10)
        if count not in (accepted := SEARCH_COUNTS.get(engine, (count,))):
            raise GLMValueError(f"WebSearch: count={count}: {engine} accepts only {', '.join(map(str, accepted))}.")


class RetrievalFields(TypedDict, total=False):
    """The arguments of `Retrieval`, which describes them."""

    __pydantic_config__ = _FORBID_UNKNOWN  # type: ignore[misc]  # pydantic's documented way

    knowledge_id: Required[Annotated[str, Field(min_length=1)]]
    prompt_template: str | None


class Retrieval(GLMTool):
    """A knowledge base that was uploaded to BigModel.

    An id that does not exist is not reported: the answer then comes without the knowledge base (measured 2026-10-09).

    Args:
        knowledge_id: the knowledge base's id.
        prompt_template: a template that may use `{{knowledge}}` and `{{question}}`.

    Raises:
        GLMValueError: if an argument is unknown or missing; the message names it.

    Example:
        ```python
        model.bind_tools([Retrieval(knowledge_id="1234567890")])
        ```
    """

    def __init__(self, **fields: Unpack[RetrievalFields]) -> None:
        super().__init__("retrieval", RetrievalFields, {**fields})


class MCPServerFields(TypedDict, total=False):
    """The arguments of `MCPServer`, which describes them."""

    __pydantic_config__ = _FORBID_UNKNOWN  # type: ignore[misc]  # pydantic's documented way

    server_label: Required[Annotated[str, Field(min_length=1)]]
    server_url: str | None
    transport_type: Literal["sse", "streamable-http"] | None
    allowed_tools: list[str] | None
    headers: dict[str, str] | None


class MCPServer(GLMTool):
    """An MCP server that the endpoint calls.

    Its calls come back as `server_tool_call` and `server_tool_result` blocks.

    Args:
        server_label: a name that you choose; or the code of one of BigModel's MCP servers, without `server_url`.
        server_url: the URL of the server.
        transport_type: `sse` or `streamable-http` (the endpoint's default).
        allowed_tools: the tools of the server that may be used. Default: all.
        headers: the headers of each call to the server, such as `Authorization`. `repr` does not show them.

    Raises:
        GLMValueError: if an argument is unknown, missing or not valid; the message names it.

    Example:
        ```python
        model.bind_tools([MCPServer(server_label="docs", server_url="https://mcp.example.com/mcp")])
        ```
    """

    def __init__(self, **fields: Unpack[MCPServerFields]) -> None:
        super().__init__("mcp", MCPServerFields, {**fields})
