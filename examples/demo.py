"""An agent on GLM in the terminal: it thinks, calls tools over several turns, and searches the web.

It runs on the endpoint whose key is in the environment (`ZAI_API_KEY`, `ZHIPUAI_API_KEY`, `MOONSHOT_API_KEY`, …).
Without a key, it runs on the GLM server that the package contains for tests, which plays a scripted conversation.

    python examples/demo.py [--model glm-5.2] [--host zai] [--question "…"]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from contextlib import ExitStack
from typing import Any, Literal

from demo_script import QUESTION, replies
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel, Field
from rich.console import Console

from langchain_glm import HOSTS, ChatGLM, GLMError, KimiWebSearch, WebSearch, cost

DECISION = "Sum that up as data: where I go, what I pack, the plan in order, and my money in CNY."
Currency = Literal["CNY", "EUR", "USD"]
RATES = {("EUR", "CNY"): 8.31, ("USD", "CNY"): 7.12, ("EUR", "USD"): 1.17}

console = Console(highlight=False)


class Trip(BaseModel):
    """What a traveller has decided."""

    city: str = Field(description="where the trip goes")
    pack: list[str] = Field(description="what to pack")
    plan: list[str] = Field(description="the steps of the plan, in order")
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
    """Make a tool that searches in a separate request, because Z.ai ignores its search if functions are offered."""
    kimi: Any = None
    if not model.endpoint_host.glm_tools:
        kimi = create_agent(model.model_copy(update={"thinking": False}), [KimiWebSearch()])

    @tool
    async def search_web(query: str) -> str:
        """Search the web and get an answer with its sources."""
        request = f"Search the web: {query}"
        if kimi is not None:
            return str((await kimi.ainvoke({"messages": [("user", request)]}))["messages"][-1].text)
        found = await model.ainvoke(request, web_search=WebSearch(count=3))
        results = found.response_metadata.get("web_search", [])
        return "\n".join([found.text, *(f"{result['title']}: {result['link']}" for result in results)])

    return search_web


class Printer:
    """Shows a stream: reasoning dimmed, each tool call and result on its own line, the answer plain."""

    def __init__(self) -> None:
        self.last_kind = ""

    def head(self, kind: str, title: str, style: str) -> None:
        if self.last_kind != kind:
            start = "\n" if self.last_kind in ("thinking", "answer") else ""
            console.print(f"{start}\n[bold {style}]{title}[/]", end="\n" if kind in ("call", "result") else " ")
            self.last_kind = kind

    def chunk(self, chunk: AIMessageChunk) -> None:
        for block in chunk.content_blocks:
            if block["type"] == "reasoning":
                self.head("thinking", "thinking", "magenta")
                console.print(block["reasoning"], style="dim", end="", markup=False, soft_wrap=True)
            elif block["type"] == "text" and block["text"]:
                self.head("answer", "answer", "green")
                console.print(block["text"], end="", markup=False, soft_wrap=True)

    def step(self, message: BaseMessage) -> None:
        if isinstance(message, AIMessage):
            for call in message.tool_calls:
                self.head("call", "calls", "yellow")
                arguments = ", ".join(f"{name}={value!r}" for name, value in call["args"].items())
                console.print(f"  {call['name']}({arguments})", markup=False, soft_wrap=True)
        elif isinstance(message, ToolMessage):
            self.head("result", "tools say", "cyan")
            console.print(f"  {message.text}".replace("\n", "\n  "), style="dim", markup=False, soft_wrap=True)


async def run(model: ChatGLM, question: str) -> None:
    """Run the agent, then ask for the trip as data, then show what the agent used."""
    agent: Any = create_agent(model, [get_weather, convert_currency, make_search(model)])
    printer = Printer()
    messages: list[BaseMessage] = []
    async for mode, data in agent.astream({"messages": [("user", question)]}, stream_mode=["messages", "values"]):
        if mode == "messages":
            chunk, metadata = data
            if isinstance(chunk, AIMessageChunk) and metadata["langgraph_node"] == "model":  # not the search's request
                printer.chunk(chunk)
        else:
            for message in data["messages"][len(messages) :]:
                printer.step(message)
            messages = data["messages"]

    console.print()
    if question == QUESTION:
        console.print(f"\n[bold]you[/] {DECISION}\n\n[bold blue]as data[/]", soft_wrap=True)
        console.print(await model.with_structured_output(Trip).ainvoke([*messages, ("user", DECISION)]))
    show_usage([message for message in messages if isinstance(message, AIMessage)])


def show_usage(turns: list[AIMessage]) -> None:
    """Show the tokens and the price of the agent's turns."""
    usages = [message.usage_metadata for message in turns if message.usage_metadata]
    console.print(
        f"\n[bold]tokens[/] of the agent's {len(usages)} turns: {sum(usage['input_tokens'] for usage in usages)} in "
        f"({sum(usage.get('input_token_details', {}).get('cache_read', 0) for usage in usages)} from the cache), "
        f"{sum(usage['output_tokens'] for usage in usages)} out "
        f"({sum(usage.get('output_token_details', {}).get('reasoning', 0) for usage in usages)} of them thinking)",
        soft_wrap=True,
    )
    costs = [cost(message) for message in turns]
    known = [price for price in costs if price is not None]
    if known and len(known) == len(costs):
        console.print(f"[bold]price[/] of these turns: {sum(known):.4f} {known[0].currency}")


def main() -> int:
    """Choose the endpoint and run the agent on it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", help="default: glm-5.2, or kimi-k2.6 on Kimi's hosts")
    parser.add_argument("--host", choices=HOSTS, help="default: the host whose key is in the environment")
    parser.add_argument("--question", default=QUESTION)
    parser.add_argument(
        "--pace",
        type=float,
        default=1.0,
        help="the embedded server's pace: 1 is that of a real endpoint, 0 answers at once",
    )
    args = parser.parse_args()
    with ExitStack() as stack:
        try:
            model = ChatGLM(thinking=True, **endpoint(args, stack))
            console.print(
                f"[bold]{model.model}[/] at {model.endpoint_host.base_url}\n\n[bold]you[/] {args.question}",
                soft_wrap=True,
            )
            asyncio.run(run(model, args.question))
        except (GLMError, ValueError) as error:
            console.print(f"\n{error}", style="red", markup=False)
            return 1
        except KeyboardInterrupt:
            console.print("\n\nStopped.")
            return 130
    return 0


def endpoint(args: argparse.Namespace, stack: ExitStack) -> dict[str, Any]:
    """Return the settings for the requested host, or the host whose key is set, or else the embedded server."""
    has_key = [name for name, host in HOSTS.items() if host.chosen_by_key and host.key_from(os.environ)]
    name = args.host or (has_key[0] if len(has_key) == 1 else None)
    settings = {"model": args.model or ("kimi-k2.6" if (name or "").startswith("kimi") else "glm-5.2"), "host": name}
    if has_key or (name and HOSTS[name].key_from(os.environ)):
        return settings
    from langchain_glm.testing import GLMServer

    server = stack.enter_context(GLMServer(host=name or "zai"))
    if args.question == QUESTION:
        server.queue(*replies(HOSTS[server.host], args.pace))
    console.print(
        "There is no key in the environment, so this runs on the embedded GLM server, which plays a prepared "
        "conversation and answers other questions by rules.\nTo run it on GLM, set ZAI_API_KEY, ZHIPUAI_API_KEY or "
        "another host's key.\n",
        style="yellow",
    )
    return settings | {"host": server.host, "base_url": server.base_url, "api_key": server.api_key}


if __name__ == "__main__":
    sys.exit(main())
