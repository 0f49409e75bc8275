"""A support agent in the terminal: it looks up orders, remembers the conversation, and writes a ticket at the end."""

from typing import Any, Literal

from langchain.agents import create_agent
from langchain_core.messages import ToolMessage
from langgraph.checkpoint.sqlite import SqliteSaver
from pydantic import BaseModel, Field

from langchain_glm import ChatGLM, GLMError

ORDERS = {1001: "a blue kettle, arrives on 6 May", 1002: "a teapot, out of stock until 20 May"}


class Ticket(BaseModel):
    """What the support team has to know."""

    order: int = Field(description="the order's number")
    problem: str = Field(description="what is wrong, in one sentence")
    urgency: Literal["low", "high"]


def look_up_order(number: int) -> str:
    """Look up what was ordered and when it arrives."""
    return ORDERS.get(number, f"there is no order {number}")


def refund(number: int) -> str:
    """Refund an order."""
    return f"order {number} is refunded"


def say(agent: Any, text: str, config: Any) -> None:
    """Stream the answer: reasoning dimmed, tool results in brackets, text plain."""
    for chunk, _ in agent.stream({"messages": text}, config, stream_mode="messages"):
        if isinstance(chunk, ToolMessage):
            print(f"\n[{chunk.name}: {chunk.text}]")
            continue
        for block in chunk.content_blocks:
            if block["type"] == "reasoning":
                print(f"\033[2m{block['reasoning']}\033[0m", end="", flush=True)
            elif block["type"] == "text":
                print(block["text"], end="", flush=True)
    print()


def ask(prompt: str) -> str:
    """Read a line; the end of the input (Ctrl-D) counts as an empty one."""
    try:
        return input(prompt).strip()
    except EOFError:
        return ""


def main() -> None:
    """Talk until an empty line or Ctrl-D, then write the ticket."""
    model = ChatGLM(model="glm-5.2", host="zai", thinking=True)
    config: Any = {"configurable": {"thread_id": ask("Your name? ") or "guest"}}
    with SqliteSaver.from_conn_string("support.db") as memory:
        prompt = "You work for a tea shop. Look up an order before you talk about it."
        agent: Any = create_agent(model, [look_up_order, refund], system_prompt=prompt, checkpointer=memory)
        while text := ask("\nyou> "):
            try:
                say(agent, text, config)
            except GLMError as error:
                print(error)
        if messages := agent.get_state(config).values.get("messages"):
            print(model.with_structured_output(Ticket).invoke([*messages, ("user", "Write a Ticket about this.")]))


if __name__ == "__main__":
    main()
