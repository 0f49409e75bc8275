"""An agent on GLM in the terminal: it thinks, calls tools over several turns, and searches the web.

It runs on the endpoint whose key is in the environment (`ZAI_API_KEY`, `ZHIPUAI_API_KEY`, …). Without a key, it runs on
the GLM server that the package contains for tests.

    python examples/demo.py [--model glm-5.2] [--host zai] [--question "…"]
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import ExitStack
from typing import Any, Literal

from langchain.agents import create_agent
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel, Field
from rich.console import Console

from langchain_glm import HOSTS, ChatGLM, GLMError, WebSearch

QUESTION = (
    "I fly to Beijing tomorrow. Use get_weather for Beijing, then convert_currency for 250 EUR into CNY, "
    'then search_web for "opening hours of the Palace Museum". What should I pack and plan?'
)
DECISION = 'So I go to "Beijing" with a "coat", "gloves" and 2077.50 CNY. Give me that as data.'
Currency = Literal["CNY", "EUR", "USD"]
RATES = {("EUR", "CNY"): 8.31, ("USD", "CNY"): 7.12, ("EUR", "USD"): 1.17}

console = Console(highlight=False)


class Trip(BaseModel):
    """What a traveller has decided."""

    city: str = Field(description="where the trip goes")
    pack: list[str] = Field(description="what to pack")
    budget_cny: float = Field(description="the money at hand, in CNY")


@tool
def get_weather(city: str) -> str:
    """Get the weather of a city for tomorrow."""
    return f"{city}: 4 °C, clear, strong wind from the north"


@tool
def convert_currency(amount: float, source: Currency, target: Currency) -> str:
    """Convert an amount of money from one currency to another."""
    rate = RATES.get((source, target))
    if rate is None:
        return f"no rate from {source} to {target}; known: {', '.join('/'.join(pair) for pair in RATES)}"
    return f"{amount:g} {source} = {amount * rate:.2f} {target}"


def make_search(model: ChatGLM) -> Any:
    """Make a tool that searches in a request of its own: Z.ai ignores its search in requests with function tools."""

    @tool
    def search_web(query: str) -> str:
        """Search the web and get an answer with its sources."""
        found = model.invoke(f"Search the web: {query}", web_search=WebSearch(count=3))
        sources = [result.get("link", "") for result in found.response_metadata.get("web_search", [])]
        return f"{found.text}\nSources: {', '.join(sources) or 'none'}"

    return search_web


class Printer:
    """Shows a stream: reasoning dimmed, each tool call and result on its own line, the answer plain."""

    def __init__(self) -> None:
        self.last_kind = ""

    def head(self, kind: str, title: str, style: str) -> None:
        if self.last_kind != kind:
            console.print(f"\n[bold {style}]{title}[/]", end="\n" if kind in ("call", "result") else " ")
            self.last_kind = kind

    def chunk(self, chunk: AIMessageChunk) -> None:
        for block in chunk.content_blocks:
            if block["type"] == "reasoning":
                self.head("thinking", "thinking", "magenta")
                console.print(block["reasoning"], style="dim", end="", markup=False)
            elif block["type"] == "text" and block["text"]:
                self.head("answer", "answer", "green")
                console.print(block["text"], end="", markup=False)

    def step(self, message: BaseMessage) -> None:
        if isinstance(message, AIMessage):
            for call in message.tool_calls:
                self.head("call", "calls", "yellow")
                console.print(
                    f"  {call['name']}({', '.join(f'{k}={v!r}' for k, v in call['args'].items())})", markup=False
                )
        elif isinstance(message, ToolMessage):
            self.head("result", "tool says", "cyan")
            console.print(f"  {message.text}", style="dim", markup=False)


def run(model: ChatGLM, question: str) -> None:
    """Run the agent, then ask for a decision as data, then show how many tokens the agent used."""
    agent: Any = create_agent(model, [get_weather, convert_currency, make_search(model)])
    printer = Printer()
    messages: list[BaseMessage] = []
    for mode, data in agent.stream({"messages": [("user", question)]}, stream_mode=["messages", "values"]):
        if mode == "messages":
            chunk, metadata = data
            if isinstance(chunk, AIMessageChunk) and metadata["langgraph_node"] == "model":  # not the search's request
                printer.chunk(chunk)
        else:
            for message in data["messages"][len(messages) :]:
                printer.step(message)
            messages = data["messages"]

    console.print(f"\n\n[bold]you[/] {DECISION}\n\n[bold blue]as data[/]")
    console.print(model.with_structured_output(Trip).invoke([*messages, ("user", DECISION)]))
    usages = [
        message.usage_metadata for message in messages if isinstance(message, AIMessage) and message.usage_metadata
    ]
    console.print(
        f"\n[bold]tokens[/] of the agent's {len(usages)} turns: {sum(usage['input_tokens'] for usage in usages)} in "
        f"({sum(usage.get('input_token_details', {}).get('cache_read', 0) for usage in usages)} from the cache), "
        f"{sum(usage['output_tokens'] for usage in usages)} out "
        f"({sum(usage.get('output_token_details', {}).get('reasoning', 0) for usage in usages)} of them thinking)"
    )


def main() -> int:
    """Choose the endpoint and run the agent on it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="glm-5.2")
    parser.add_argument("--host", choices=HOSTS, help="default: the host whose key is in the environment")
    parser.add_argument("--question", default=QUESTION)
    args = parser.parse_args()
    settings: dict[str, Any] = {"model": args.model, "host": args.host, "thinking": True}
    with ExitStack() as stack:
        if not any(host.key_from(os.environ) for host in HOSTS.values()):
            from langchain_glm.testing import GLMServer

            server = stack.enter_context(GLMServer(host=args.host or "zai"))
            settings |= {"host": server.host, "base_url": server.base_url, "api_key": server.api_key}
            console.print(
                "There is no key in the environment, so this runs on the embedded GLM server, which answers by rules "
                "and not by a model.\nTo run it on GLM, set ZAI_API_KEY, ZHIPUAI_API_KEY or another host's key."
            )
        try:
            model = ChatGLM(**settings)
            console.print(f"[bold]{args.model}[/] at {model.endpoint_host.base_url}\n\n[bold]you[/] {args.question}")
            run(model, args.question)
        except (GLMError, ValueError) as error:
            console.print(f"\n{error}", style="red", markup=False)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
