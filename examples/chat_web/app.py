"""Your own agent on the chat page: `python examples/chat_web/app.py`, then open http://127.0.0.1:8000.

It needs a key in the environment (`ZAI_API_KEY`, `ZHIPUAI_API_KEY`, …). Without one, `glm serve --chat` shows the page.
"""

from __future__ import annotations

import argparse

import uvicorn
from langchain.agents import create_agent
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver

from langchain_glm import ChatGLM
from langchain_glm.cli.chat_page import chat_app

NOTES: list[str] = []


@tool
def note_down(text: str) -> str:
    """Note something down for the user."""
    NOTES.append(text)
    return f"noted as number {len(NOTES)}"


@tool
def read_notes() -> str:
    """Read all notes."""
    return "\n".join(f"{number}. {text}" for number, text in enumerate(NOTES, 1)) or "There is no note yet."


def main() -> None:
    """Serve the page on this computer until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="glm-5.2")
    parser.add_argument("--port", type=int, default=8000)
    args = parser.parse_args()
    model = ChatGLM(model=args.model, thinking=True)
    agent = create_agent(model, [note_down, read_notes], checkpointer=InMemorySaver())
    page = chat_app(
        agent,
        title="Notes",
        note=f"{model.model} at {model.endpoint_host.base_url}",
        examples=["Note down: water the plants on Friday.", "What have I noted?"],
        images=False,
    )
    uvicorn.run(page, host="127.0.0.1", port=args.port)


if __name__ == "__main__":
    main()
