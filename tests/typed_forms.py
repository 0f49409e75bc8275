"""The forms in which users write settings: `make lint` checks their types, strictly and without a plugin of pydantic.

Nothing runs this file. A form that loses its type is an error of mypy, and so is a wrong form that is no longer one,
because its comment is then unused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import SecretStr

from langchain_glm import HOSTS, ChatGLM, Host, InFlightLimiter, Timeout, WebSearch

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage
    from langchain_core.runnables import Runnable


async def mint() -> str:
    """Return a key."""
    return "k"


def right_forms(limiter: InFlightLimiter) -> AIMessage:
    """Settings in every form that the documents show."""
    vllm = Host(name="vllm", base_url="http://localhost/v1", key_variables=("VLLM_API_KEY",), tool_choice=True)
    ChatGLM(model="glm-5.2", host="zai", temperature=0.3, max_tokens=8000)
    ChatGLM(model_name="glm-5.2", stop_sequences=["END"], request_timeout=60, max_completion_tokens=9)
    ChatGLM(model="glm-5.2", api_key="k", timeout=Timeout(connect=5, idle=300, total=1800), max_retries=4)
    ChatGLM(model="glm-5.2", api_key=SecretStr("k"), timeout=60, web_search=WebSearch(count=5))
    ChatGLM(model="glm-5.2", api_key=lambda: "k", timeout=(5, 60), web_search=True, thinking=True, stop="END")
    ChatGLM(model="glm-5.2", timeout={"total": 30}, web_search={"count": 5}, thinking={"clear_thinking": True})
    ChatGLM(model="glm-5.2", host=HOSTS["zai"], base_url="https://gateway.example/v1", default_headers={"x-team": "a"})
    ChatGLM(model="glm-5.2", max_concurrency=5, wait_for_reset=True, reasoning_effort="high", output_version="v1")
    ChatGLM(model="glm-5.2", api_key=mint, max_concurrency=limiter, host=vllm)
    model = ChatGLM(model="glm-5.2")
    name: str = model.model_name
    model.host = "kimi"
    model.api_key = name
    model.timeout = 60
    model.web_search = WebSearch()
    bound: Runnable[object, AIMessage] | object = model.bind_tools([WebSearch()], tool_choice="any")
    assert bound
    answer: AIMessage = model.bind(temperature=0.5).invoke("hi")
    return answer


def wrong_forms() -> None:
    """Settings that a type checker must refuse."""
    ChatGLM(model="glm-5.2", temprature=0.3)  # type: ignore[call-arg]
    ChatGLM(model="glm-5.2", temperature="hot")  # type: ignore[arg-type]
    ChatGLM(model="glm-5.2", reasoning_effort="huge")  # type: ignore[arg-type]
    ChatGLM(model="glm-5.2", timeout="soon")  # type: ignore[arg-type]
