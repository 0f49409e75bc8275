"""Interrupts: a person decides, also after the process has gone, and the thinking goes on where it stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.types import Command, interrupt

from langchain_glm.testing import GLMServer, Reply, ToolCall
from tests.agents.acting import (
    SECOND_THOUGHT,
    THOUGHT,
    answer,
    ask,
    call,
    get_weather,
    results,
    sent,
    thoughts,
    thread,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from langchain_glm import ChatGLM
    from tests.agents.acting import Run

paid: list[int] = []


@tool
def pay(amount: int) -> str:
    """Pay an amount."""
    paid.append(amount)
    return f"paid {amount}"


@pytest.fixture(autouse=True)
def _nothing_paid() -> None:
    paid.clear()


async def test_a_tool_asks_a_person(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    @tool
    def ask_owner(question: str) -> str:
        """Ask the owner."""
        return str(interrupt({"question": question}))

    glm_server.queue(call("ask_owner", thought=THOUGHT, question="May I?"), answer("You may."))
    agent: Any = create_agent(model, [ask_owner], checkpointer=InMemorySaver())
    stopped = await run(agent, ask("May I?"), thread())
    assert stopped["__interrupt__"][0].value == {"question": "May I?"}
    assert len(glm_server.requests) == 1

    result = await run(agent, Command(resume="yes"), thread())
    assert result["messages"][-1].text == "You may."
    assert results(glm_server) == ["yes"]
    assert thoughts(glm_server) == [THOUGHT]


@pytest.mark.parametrize(
    ("decision", "paid_in_the_end", "told"),
    [
        ({"type": "approve"}, [90], "paid 90"),
        ({"type": "edit", "edited_action": {"name": "pay", "args": {"amount": 9}}}, [9], "paid 9"),
        ({"type": "reject", "message": "too much"}, [], "too much"),
    ],
    ids=["approve", "edit", "reject"],
)
async def test_human_in_the_loop_middleware(
    decision: dict[str, Any],
    paid_in_the_end: list[int],
    told: str,
    run: Run,
    model: ChatGLM,
    glm_server: GLMServer,
) -> None:
    glm_server.queue(call("pay", thought=THOUGHT, amount=90), answer("Done."))
    review: Any = HumanInTheLoopMiddleware({"pay": True})
    agent: Any = create_agent(model, [pay], middleware=[review], checkpointer=InMemorySaver())
    stopped = await run(agent, ask("Pay 90"), thread())
    (request,) = stopped["__interrupt__"][0].value["action_requests"]
    assert (request["name"], request["args"]) == ("pay", {"amount": 90})
    assert paid == []

    await run(agent, Command(resume={"decisions": [decision]}), thread())
    assert paid == paid_in_the_end
    assert told in results(glm_server)[0]
    assert thoughts(glm_server) == [THOUGHT]


async def test_one_of_two_calls_waits_for_a_person(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    both = (ToolCall("pay", {"amount": 90}), ToolCall("get_weather", {"city": "Paris"}))
    glm_server.queue(Reply(reasoning=THOUGHT, tool_calls=both), answer("Done."))
    review: Any = HumanInTheLoopMiddleware({"pay": True})
    agent: Any = create_agent(model, [pay, get_weather], middleware=[review], checkpointer=InMemorySaver())
    await run(agent, ask("Pay 90 and get the weather"), thread())
    await run(agent, Command(resume={"decisions": [{"type": "reject", "message": "no"}]}), thread())
    assert paid == []
    (turn,) = sent(glm_server, "assistant")
    answered = {message["tool_call_id"]: message["content"] for message in sent(glm_server, "tool")}
    assert ["no" in answered[made["id"]] for made in turn["tool_calls"]] == [True, False]
    assert answered[turn["tool_calls"][1]["id"]] == "Paris: sunny, 21 °C"


def test_another_process_resumes(
    version: str, tmp_path: Path, make_model: Callable[..., ChatGLM], glm_server: GLMServer
) -> None:
    def step(given: Any) -> Any:
        with SqliteSaver.from_conn_string(str(tmp_path / "memory.db")) as saver:
            review: Any = HumanInTheLoopMiddleware({"pay": True})
            model = make_model(thinking=True, output_version=version)
            agent: Any = create_agent(model, [pay, get_weather], middleware=[review], checkpointer=saver)
            return agent.invoke(given, thread())

    glm_server.queue(
        call("get_weather", thought=THOUGHT, city="Paris"),
        call("pay", thought=SECOND_THOUGHT, amount=3),
        answer("Done."),
    )
    step(ask("Pay 3 if it is sunny"))
    result = step(Command(resume={"decisions": [{"type": "approve"}]}))
    assert result["messages"][-1].text == "Done."
    assert paid == [3]
    assert thoughts(glm_server) == [THOUGHT, SECOND_THOUGHT]


async def test_interrupt_before_the_tools(run: Run, model: ChatGLM, glm_server: GLMServer) -> None:
    """The state may be looked at and changed before the run goes on."""
    glm_server.queue(call("pay", thought=THOUGHT, amount=90), answer("Done."))
    agent: Any = create_agent(model, [pay], interrupt_before=["tools"], checkpointer=InMemorySaver())
    await run(agent, ask("Pay 90"), thread())
    message = agent.get_state(thread()).values["messages"][-1]
    message.tool_calls[0]["args"] = {"amount": 9}
    agent.update_state(thread(), {"messages": [message]})
    await run(agent, None, thread())
    assert paid == [9]
    assert sent(glm_server, "assistant")[0]["tool_calls"][0]["function"]["arguments"] == '{"amount":9}'
    assert thoughts(glm_server) == [THOUGHT]
