"""GLM's own tools, which the endpoint runs itself.

```python
from langchain_glm import ChatGLM, MCPServer, Retrieval, WebSearch

model = ChatGLM(model="glm-5.2", web_search=WebSearch(count=5, search_recency_filter="oneWeek"))
model = ChatGLM(model="glm-5.2").bind_tools([Retrieval(knowledge_id="1234567890")])
```

Plain dicts of the same shape (`{"type": "web_search", "web_search": {…}}`) are taken as well.
Source: docs.bigmodel.cn, chat completions, `tools`, 2026-04.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["GLMTool", "MCPServer", "Retrieval", "WebSearch"]


class GLMTool(BaseModel):
    """A tool that the endpoint runs by itself; LangChain never sees a call to run."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    wire_type: ClassVar[str]

    def to_wire(self) -> dict[str, Any]:
        """Return the entry of `tools`: `{"type": …, …: {the fields that are set}}`."""
        return {"type": self.wire_type, self.wire_type: self.model_dump(exclude_none=True)}


class WebSearch(GLMTool):
    """GLM's built-in web search.

    Whether to search stays the model's decision. Z.ai ignores this tool when functions are offered beside it.
    Results come back in `response_metadata["web_search"]` and as `server_tool_result` content blocks.

    Args:
        search_engine: `search_std`, `search_pro`, `search_pro_sogou`, `search_pro_quark` (BigModel);
            `search-prime` (Z.ai). Default: what the host needs.
        enable: whether the search is on. Default `True`.
        search_query: search for exactly this, instead of what the model words.
        search_intent: whether the model first judges if a search is needed. Endpoint's default: yes.
        count: results wanted, 1 to 50 (sogou: 10, 20, 30, 40 or 50). Endpoint's default: 10.
        search_domain_filter: one domain to stay in, such as `"www.example.com"`.
        search_recency_filter: how old results may be. Endpoint's default: `noLimit`.
        content_size: how much of each page is read. Endpoint's default: `medium`.
        result_sequence: whether results come before or after the answer. Endpoint's default: `after`.
        search_result: whether results are sent back. Default `True`.
        require_search: answer only if the search found something. Endpoint's default: no.
        search_prompt: a template over `{{search_result}}` and `{{current_date}}`.

    Example:
        ```python
        WebSearch(search_engine="search_pro", count=5).to_wire()["type"]  # "web_search"
        ```
    """

    wire_type: ClassVar[str] = "web_search"

    search_engine: (
        Literal["search_std", "search_pro", "search_pro_sogou", "search_pro_quark", "search-prime"] | None
    ) = None
    enable: bool = True
    search_query: str | None = None
    search_intent: bool | None = None
    count: int | None = Field(default=None, ge=1, le=50)
    search_domain_filter: str | None = None
    search_recency_filter: Literal["oneDay", "oneWeek", "oneMonth", "oneYear", "noLimit"] | None = None
    content_size: Literal["medium", "high"] | None = None
    result_sequence: Literal["before", "after"] | None = None
    search_result: bool = True
    require_search: bool | None = None
    search_prompt: str | None = None

    @model_validator(mode="after")
    def _sogou_counts(self) -> WebSearch:
        if self.search_engine == "search_pro_sogou" and self.count not in (None, 10, 20, 30, 40, 50):
            raise ValueError(f"count={self.count}: search_pro_sogou takes 10, 20, 30, 40 or 50.")
        return self


class Retrieval(GLMTool):
    """A knowledge base that was uploaded to BigModel.

    Args:
        knowledge_id: the knowledge base's id.
        prompt_template: a template over `{{knowledge}}` and `{{question}}`.
    """

    wire_type: ClassVar[str] = "retrieval"

    knowledge_id: str = Field(min_length=1)
    prompt_template: str | None = None


class MCPServer(GLMTool):
    """An MCP server that the endpoint calls by itself.

    Its calls come back as `server_tool_call` and `server_tool_result` blocks.

    Args:
        server_label: a name of yours; or one of BigModel's own MCP codes, then without a URL.
        server_url: where the server answers.
        transport_type: `sse` or `streamable-http` (the endpoint's default).
        allowed_tools: the server's tools that may be used; default all.
        headers: sent to the server with each call, such as its authorization. Never traced.
    """

    wire_type: ClassVar[str] = "mcp"

    server_label: str = Field(min_length=1)
    server_url: str | None = None
    transport_type: Literal["sse", "streamable-http"] | None = None
    allowed_tools: list[str] | None = None
    headers: dict[str, str] | None = Field(default=None, repr=False)
