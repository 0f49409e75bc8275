"""An MCP server in this process, and both of LangChain's clients for it; each needs its own version of `mcp`."""

from __future__ import annotations

import base64
import importlib
import importlib.util
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel, Field

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

PNG: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
LONG_NAME: Final = "warehouse_inventory_reservations_create_or_update_with_an_idempotency_key"
NAMES: Final = ("files.read", "files/read", "读取文件", "read file", LONG_NAME)
"""Names that GLM refuses: with dots, slashes, Chinese characters or spaces, or longer than 64 characters."""


class Size(BaseModel):
    """A size in centimetres."""

    width: float
    height: float | None = None


class Box(BaseModel):
    """A box, which may hold other boxes."""

    label: str
    kind: Literal["paper", "wood"] = "paper"
    size: Size
    inside: list[Box] = Field(default_factory=list)


def has_langchain_mcp() -> bool:
    """Whether `langchain.mcp` can be used: since langchain 1.4, with FastMCP 4."""
    found = importlib.util.find_spec("langchain.mcp") and importlib.util.find_spec("fastmcp")
    return found is not None and _major("mcp") >= 2


def has_adapters() -> bool:
    """Whether langchain-mcp-adapters can be used; 0.3 cannot be imported beside mcp 2."""
    return importlib.util.find_spec("langchain_mcp_adapters") is not None and _major("mcp") == 1


def _major(package: str) -> int:
    try:
        return int(version(package).partition(".")[0])
    except PackageNotFoundError:
        return 0


def make_server() -> Any:
    """An MCP server of the SDK that is installed."""
    old = _major("mcp") == 1
    module = importlib.import_module("mcp.server.fastmcp" if old else "fastmcp")
    images = importlib.import_module("mcp.server.fastmcp" if old else "fastmcp.utilities.types")
    server = module.FastMCP("warehouse")

    @server.tool()  # type: ignore[untyped-decorator]
    def store(boxes: list[Box], note: str | None = None) -> str:
        """Store boxes."""
        first = boxes[0]
        return f"{len(boxes)}: {first.label} of {first.kind}, {first.size.width} cm, holds {first.inside[0].label}"

    @server.tool()  # type: ignore[untyped-decorator]
    def shelves() -> list[str]:
        """List the shelves."""
        return ["A: 3 boxes", "B: empty"]

    @server.tool()  # type: ignore[untyped-decorator]
    def photo() -> Any:
        """Take a photo of the shelf."""
        return ["Shelf A:", images.Image(data=PNG, format="png")]

    @server.tool()  # type: ignore[untyped-decorator]
    def weigh(label: str) -> str:
        """Weigh a box."""
        raise ValueError(f"the scale is broken, so {label} was not weighed")

    for name in NAMES:

        @server.tool(name=name, description=f"The tool {name}.")  # type: ignore[untyped-decorator]
        def named(path: str, called: str = name) -> str:
            return f"{called} was called with {path}"

    return server


async def tools_by_langchain() -> list[BaseTool]:
    """The tools by `langchain.mcp`."""
    adapter: Any = importlib.import_module("langchain.mcp").MCPAdapter(make_server())
    tools: list[BaseTool] = await adapter.list_tools()
    return tools


async def tools_by_adapters(session: Any) -> list[BaseTool]:
    """The tools by langchain-mcp-adapters, in an open session."""
    tools: list[BaseTool] = await importlib.import_module("langchain_mcp_adapters.tools").load_mcp_tools(session)
    return tools
