"""A GLM endpoint to test agents against, offline.

Example:
    ```python
    from langchain_glm.testing import Fault, GLMServer, Reply, ToolCall

    with GLMServer() as server:
        server.queue(Reply(tool_calls=[ToolCall("get_weather", {"city": "北京"})]), Fault.code("1302"))
    ```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_glm.testing.faults import Fault
from langchain_glm.testing.replies import Reply, ToolCall

if TYPE_CHECKING:
    from langchain_glm.testing.ledger import RecordedRequest
    from langchain_glm.testing.server import GLMServer

__all__ = ["Fault", "GLMServer", "RecordedRequest", "Reply", "ToolCall"]


def __getattr__(name: str) -> Any:
    # The pytest plugin passes through here in every run of pytest: the server's imports wait for its use.
    if name == "GLMServer":
        from langchain_glm.testing.server import GLMServer

        return GLMServer
    if name == "RecordedRequest":
        from langchain_glm.testing.ledger import RecordedRequest

        return RecordedRequest
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
