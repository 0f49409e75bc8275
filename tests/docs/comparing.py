"""What ChatGLM and other ways to GLM do in the same situation, each asked on an embedded server of its own.

`python -m tests.docs.comparing` prints the answers as JSON: question → what each way to GLM does.
"""

from __future__ import annotations

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.messages.ai import add_ai_message_chunks
from pydantic import BaseModel

from langchain_glm import ChatGLM
from langchain_glm.testing import Fault, GLMServer, Reply, ToolCall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from langchain_core.messages import AIMessageChunk

__all__ = ["COLUMNS", "PACKAGES", "QUESTIONS", "measure"]


ANSWER: Final = Reply("Blue light is scattered most.", reasoning="Rayleigh scattering.")
FOUND: Final = {"title": "GLM", "link": "https://e.com/glm", "content": "…", "media": "", "icon": "", "refer": "ref_1"}


class Trip(BaseModel):
    """A trip."""

    city: str
    days: int


class Box(BaseModel):
    """A box with two measures."""

    size: tuple[int, int]


def get_weather(city: str) -> str:
    """Get the weather of a city."""
    return f"{city}: clear"


os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # otherwise LiteLLM downloads its price list when it is imported

# Each way to GLM: a function that makes the model for a server.


def chat_glm(server: GLMServer, **settings: Any) -> Any:
    return ChatGLM(model="glm-5.2", host="bigmodel", base_url=server.base_url, api_key=server.api_key, **settings)


def chat_openai(server: GLMServer, **settings: Any) -> Any:
    return import_module("langchain_openai").ChatOpenAI(
        model="glm-5.2", base_url=server.base_url, api_key=server.api_key, **settings
    )


def chat_deepseek(server: GLMServer, **settings: Any) -> Any:
    return import_module("langchain_deepseek").ChatDeepSeek(
        model="glm-5.2", api_base=server.base_url, api_key=server.api_key, **settings
    )


def chat_zhipuai(server: GLMServer, **settings: Any) -> Any:
    url = server.base_url + "/chat/completions"
    return import_module("langchain_community.chat_models").ChatZhipuAI(
        model="glm-5.2", api_base=url, api_key=server.api_key, **settings
    )


def chat_litellm(server: GLMServer, **settings: Any) -> Any:
    vars(import_module("litellm"))["suppress_debug_info"] = True
    make = import_module("langchain_litellm").ChatLiteLLM
    return make(model="zai/glm-5.2", api_base=server.base_url, api_key=server.api_key, **settings)


MODELS: Final[dict[str, Callable[..., Any]]] = {
    "ChatGLM": chat_glm,
    "ChatOpenAI": chat_openai,
    "ChatDeepSeek": chat_deepseek,
    "ChatZhipuAI": chat_zhipuai,
    "ChatLiteLLM": chat_litellm,
}
COLUMNS: Final = (*MODELS, "zai-sdk")
PACKAGES: Final = ("langchain-openai", "langchain-deepseek", "langchain-community", "langchain-litellm", "zai-sdk")


def whole(chunks: Iterable[AIMessageChunk]) -> AIMessageChunk:
    """A stream's chunks, added up."""
    first, *others = chunks
    return add_ai_message_chunks(first, *others)


def failure(server: GLMServer, call: Callable[[], Any]) -> str:
    """The name of the error that a call raises, and whether it was found before a request was sent."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - any error is a result here
        name = f"`{type(error).__name__}`"
        return name if server.requests else f"{name} before sending"
    return "no error"


def reasoning_of(message: Any) -> str:
    return "kept" if any(block["type"] == "reasoning" for block in message.content_blocks) else "dropped"


def tokens_of(message: Any) -> str:
    usage = message.usage_metadata or {}
    kinds = {*usage.get("input_token_details", {}), *usage.get("output_token_details", {})}
    return (
        "with cached and reasoning tokens" if {"cache_read", "reasoning"} <= kinds else "none" if not usage else "sums"
    )


# Each question: what a model does, in the words of the page.


def reasoning(make: Any, server: GLMServer) -> str:
    server.queue(ANSWER)
    return reasoning_of(make(server).invoke("Why is the sky blue?"))


def reasoning_streamed(make: Any, server: GLMServer) -> str:
    server.queue(ANSWER)
    return reasoning_of(whole(make(server).stream("Why is the sky blue?")))


def reasoning_returned(make: Any, server: GLMServer) -> str:
    server.queue(ANSWER, Reply("At sunset, the way through the air is longer."))
    model = make(server)
    first = model.invoke("Why is the sky blue?")
    model.invoke([HumanMessage("Why is the sky blue?"), first, HumanMessage("And at sunset?")])
    return "sent back" if "reasoning_content" in server.requests[-1].body["messages"][1] else "not sent back"


def search(make: Any, server: GLMServer) -> str:
    tool = {"type": "web_search", "web_search": {"enable": True, "search_engine": "search_pro"}}
    server.queue(Reply("There is news [ref_1].", web_search=[FOUND]))
    try:
        answer = make(server).bind_tools([tool]).invoke("What is new?")
    except Exception as error:  # noqa: BLE001 - any error is a result here
        name = f"`{type(error).__name__}`"
        path = server.requests[-1].path.rpartition("/")[2] if server.requests else None
        server.clear_queue()
        return f"404 from `/{path}`" if path == "responses" else f"{name} before sending"
    return "searches, results kept" if FOUND["link"] in repr(answer) else "searches, results dropped"


def forced_call(make: Any, server: GLMServer) -> str:
    server.queue(Reply("It is sunny."))
    return failure(server, lambda: make(server).bind_tools([get_weather], tool_choice="any").invoke("The weather?"))


def structured(make: Any, server: GLMServer) -> str:
    server.queue(Reply("I cannot say."))
    result: list[Any] = []
    raised = failure(server, lambda: result.append(make(server).with_structured_output(Trip).invoke("Hello")))
    return raised if raised != "no error" else f"`{result[0]}`"


def no_balance(make: Any, server: GLMServer) -> str:
    server.queue(*[Fault.code(1113)] * 5)
    raised = failure(server, lambda: make(server).invoke("Hello"))
    return f"{raised} after {len(server.requests)}"


def quota(make: Any, server: GLMServer) -> str:
    server.queue(*[Fault.code(1308)] * 5)
    try:
        make(server).invoke("Hello")
    except Exception as error:  # noqa: BLE001 - any error is a result here
        known = "with" if getattr(error, "reset_at", None) else "without"
        return f"{known} the time of its reset, after {len(server.requests)}"
    raise AssertionError("used up quotas must raise")


def overloaded(make: Any, server: GLMServer) -> str:
    server.queue(Fault.code(1302, retry_after=0), ANSWER)
    raised = failure(server, lambda: make(server).invoke("Hello"))
    return "tries again" if raised == "no error" else raised


def broken_stream(make: Any, server: GLMServer) -> str:
    server.queue(Fault.cut(after=4, reply=ANSWER))
    try:
        list(make(server).stream("Hello"))
    except Exception as error:  # noqa: BLE001 - any error is a result here
        partial = getattr(error, "partial", None)
        return f"`{type(error).__name__}`" + (" with what came" if partial else "")
    return "no error"


def half_a_call(make: Any, server: GLMServer) -> str:
    call = ToolCall("get_weather", '{"city":"New Yo')
    server.queue(Reply(tool_calls=[call], finish_reason="length"))
    answer = whole(make(server).bind_tools([get_weather]).stream("The weather in New York?"))
    return "an invalid call" if answer.invalid_tool_calls else f"a call with {answer.tool_calls[0]['args']['city']!r}"


def model_failed(make: Any, server: GLMServer) -> str:
    server.queue(*[Fault.finish("network_error")] * 3)
    answer: list[Any] = []
    raised = failure(server, lambda: answer.append(make(server).invoke("Hello")))
    return raised if raised != "no error" else f"an answer with `{answer[0].response_metadata['finish_reason']}`"


def output_limit(make: Any, server: GLMServer) -> str:
    make(server, max_tokens=50).invoke("Hello")
    return next(f"`{name}`" for name in server.requests[-1].body if name.startswith("max"))


def schema(make: Any, server: GLMServer) -> str:
    server.queue(Reply("Nothing to pack."))
    raised = failure(server, lambda: make(server).bind_tools([Box]).invoke("Hello"))
    server.clear_queue()
    if raised == "no error":
        return "works"
    assert server.requests[-1].status == 400
    return "refused (1210)"


def system_only(make: Any, server: GLMServer) -> str:
    raised = failure(server, lambda: make(server).invoke([SystemMessage("Say hello.")]))
    if raised == "no error":
        return "works"
    assert server.requests[-1].status == 400
    return "refused (1214)"


def tokens(make: Any, server: GLMServer) -> str:
    server.queue(ANSWER)
    return tokens_of(make(server).invoke("Why is the sky blue?"))


def tokens_streamed(make: Any, server: GLMServer) -> str:
    server.queue(ANSWER)
    return tokens_of(whole(make(server).stream("Why is the sky blue?")))


def two_loops(make: Any, server: GLMServer) -> str:
    model = make(server)
    for _ in range(2):
        asyncio.run(model.ainvoke("Hello"))
    return str(len(server.requests))


def profile(make: Any, server: GLMServer) -> str:
    return "yes" if make(server).profile else "no"


QUESTIONS: Final[dict[str, Callable[[Any, GLMServer], str]]] = {
    "reasoning, from `invoke`": reasoning,
    "reasoning, from `stream`": reasoning_streamed,
    "reasoning in the next request": reasoning_returned,
    "GLM's web search in `bind_tools`": search,
    '`tool_choice="any"`, but no call comes': forced_call,
    "structured output, but the model answers in prose": structured,
    "no balance (1113): error and requests": no_balance,
    "quota used up (1308): requests": quota,
    "too many requests (1302), then an answer": overloaded,
    "a stream breaks": broken_stream,
    "a streamed tool call ends after `New Yo`": half_a_call,
    "the model fails (`network_error`)": model_failed,
    "`max_tokens` is sent as": output_limit,
    "a tuple in a tool's schema": schema,
    "only a system message": system_only,
    "token counts, from `invoke`": tokens,
    "token counts, from `stream`": tokens_streamed,
    "requests for two calls, each in its own `asyncio.run`": two_loops,
    "`model.profile`": profile,
}


class SDK:
    """The official SDK, which has no LangChain class: the questions that apply to it."""

    def __init__(self, server: GLMServer) -> None:
        from zai import ZhipuAiClient

        self.server = server
        self.client = ZhipuAiClient(api_key=server.api_key, base_url=server.base_url)

    def ask(self, **settings: Any) -> Any:
        messages = [{"role": "user", "content": "Hello"}]
        return self.client.chat.completions.create(model="glm-5.2", messages=messages, **settings)

    def answers(self) -> dict[str, Callable[[], str]]:
        """Each question that applies, and how the SDK answers it."""
        return {
            "reasoning, from `invoke`": self.reasoning,
            "reasoning, from `stream`": self.reasoning_streamed,
            "no balance (1113): error and requests": self.no_balance,
            "quota used up (1308): requests": self.quota,
            "too many requests (1302), then an answer": self.overloaded,
            "a stream breaks": self.broken_stream,
            "the model fails (`network_error`)": self.model_failed,
            "`max_tokens` is sent as": self.output_limit,
        }

    def reasoning(self) -> str:
        self.server.queue(ANSWER)
        return "kept" if self.ask().choices[0].message.reasoning_content else "dropped"

    def reasoning_streamed(self) -> str:
        self.server.queue(ANSWER)
        deltas = [chunk.choices[0].delta for chunk in self.ask(stream=True) if chunk.choices]
        return "kept" if any(delta.reasoning_content for delta in deltas) else "dropped"

    def no_balance(self) -> str:
        self.server.queue(*[Fault.code(1113)] * 5)
        return f"{failure(self.server, self.ask)} after {len(self.server.requests)}"

    def quota(self) -> str:
        self.server.queue(*[Fault.code(1308)] * 5)
        failure(self.server, self.ask)
        return f"without the time of its reset, after {len(self.server.requests)}"

    def overloaded(self) -> str:
        self.server.queue(Fault.code(1302, retry_after=0), ANSWER)
        raised = failure(self.server, self.ask)
        return "tries again" if raised == "no error" else raised

    def broken_stream(self) -> str:
        self.server.queue(Fault.cut(after=4, reply=ANSWER))
        return failure(self.server, lambda: list(self.ask(stream=True)))

    def model_failed(self) -> str:
        self.server.queue(*[Fault.finish("network_error")] * 3)
        return f"an answer with `{self.ask().choices[0].finish_reason}`"

    def output_limit(self) -> str:
        self.ask(max_tokens=50)
        return next(f"`{name}`" for name in self.server.requests[-1].body if name.startswith("max"))


def measure(question: str, column: str) -> str:
    """What a way to GLM does in the situation of a question; a dash if the question does not apply."""
    with GLMServer("bigmodel") as server:
        if column in MODELS:
            return QUESTIONS[question](MODELS[column], server)
        answer = SDK(server).answers().get(question)
        return answer() if answer else "–"


def main() -> None:
    """Print what all of them do."""
    import_module("langchain_litellm")  # before the threads, because it takes seconds

    pairs = [(question, column) for question in QUESTIONS for column in COLUMNS]
    with ThreadPoolExecutor(12) as threads:  # most of the time is waiting between tries
        cells = list(threads.map(lambda pair: measure(*pair), pairs))
    width = len(COLUMNS)
    print(json.dumps({question: cells[n * width : (n + 1) * width] for n, question in enumerate(QUESTIONS)}))


if __name__ == "__main__":
    main()
