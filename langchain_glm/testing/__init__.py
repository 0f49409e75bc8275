"""A GLM endpoint on this machine, for offline tests of agents.

Example:
    ```python
    from langchain_glm.testing import Fault, GLMServer, Reply, ToolCall

    with GLMServer() as server:
        server.queue(Reply(tool_calls=[ToolCall("get_weather", {"city": "北京"})]), Fault.code("1302"))
    ```
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from langchain_glm.testing.faults import Fault
    from langchain_glm.testing.ledger import RecordedRequest
    from langchain_glm.testing.replies import Reply, ToolCall
    from langchain_glm.testing.server import GLMServer

__all__ = ["Fault", "GLMServer", "RecordedRequest", "Reply", "ToolCall"]

_MODULE_OF: Final = {
    "Fault": "faults",
    "GLMServer": "server",
    "RecordedRequest": "ledger",
    "Reply": "replies",
    "ToolCall": "replies",
}
_EXTRA: Final = ("starlette", "uvicorn", "h11")

if not TYPE_CHECKING:  # if type checkers saw __getattr__, they would accept every misspelled name

    def __getattr__(name: str) -> Any:
        """Import a public name when it is first used, because the plugin loads this package in every run of pytest."""
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
        except ModuleNotFoundError as error:
            if str(error.name).partition(".")[0] not in _EXTRA:
                raise
            raise ImportError(
                f'{name} needs starlette and uvicorn: pip install "langchain-zai-glm[testing]"', name=error.name
            ) from error
        globals()[name] = value
        return value
