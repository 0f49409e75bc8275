"""What OpenTelemetry records of our runs, by instrumentations for LangChain that others wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from openinference.instrumentation.langchain import LangChainInstrumentor as OpenInference
from opentelemetry.instrumentation.genai.langchain import LangChainInstrumentor as GenAI
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from langchain_glm.testing import GLMServer, Reply, ToolCall
from tests.tracing.test_langsmith import SETTINGS, USAGE, ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from langchain_glm import ChatGLM

    Make = Callable[..., ChatGLM]


class Names(NamedTuple):
    """What an instrumentation calls the facts of a model's run."""

    provider: str
    asked: str | None
    served: str
    finish_reason: str
    input: str
    output: str
    cached: str
    reasoning: str


GENAI = Names(
    provider="gen_ai.provider.name",
    asked="gen_ai.request.model",
    served="gen_ai.response.model",
    finish_reason="gen_ai.response.finish_reasons",
    input="gen_ai.usage.input_tokens",
    output="gen_ai.usage.output_tokens",
    cached="gen_ai.usage.cache_read.input_tokens",
    reasoning="gen_ai.usage.reasoning.output_tokens",
)
OPENINFERENCE = Names(
    provider="llm.provider",
    asked=None,
    served="llm.model_name",
    finish_reason="llm.finish_reason",
    input="llm.token_count.prompt",
    output="llm.token_count.completion",
    cached="llm.token_count.prompt_details.cache_read",
    reasoning="llm.token_count.completion_details.reasoning",
)


@tool
def get_weather(city: str) -> str:
    """Get the weather of a city."""
    return f"{city}: sunny"


class Recorded(NamedTuple):
    names: Names
    exporter: InMemorySpanExporter

    def models(self) -> list[dict[str, Any]]:
        """The attributes of the models' spans, in the order in which they ended."""
        spans = [dict(span.attributes or {}) for span in self.exporter.get_finished_spans()]
        return [span for span in spans if self.names.provider in span and self.names.input in span]

    def facts(self, span: dict[str, Any]) -> dict[str, Any]:
        """What a span says, under our names."""
        found = {field: span[name] for field, name in self.names._asdict().items() if name in span}
        if isinstance(found.get("finish_reason"), tuple):
            (found["finish_reason"],) = found["finish_reason"]
        return found


@pytest.fixture(params=[(GenAI, GENAI), (OpenInference, OPENINFERENCE)], ids=["genai", "openinference"])
def recorded(request: pytest.FixtureRequest) -> Iterator[Recorded]:
    kind, names = request.param
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = kind()
    instrumentor.instrument(tracer_provider=provider)
    yield Recorded(names, exporter)
    instrumentor.uninstrument()
    provider.shutdown()


@pytest.mark.parametrize("way", ["invoke", "stream", "ainvoke", "astream"])
async def test_a_run_is_recorded(way: str, recorded: Recorded, glm_server: GLMServer, make_model: Make) -> None:
    reply = Reply("Hello.", reasoning="A greeting.", usage=USAGE, model="glm-5.2-served", finish_reason="length")
    glm_server.queue(reply)
    await ask(make_model(**SETTINGS), way, None)
    (span,) = recorded.models()
    found = recorded.facts(span)
    if recorded.names is OPENINFERENCE and "stream" in way:
        # It reads the served name from `llm_output`, which LangChain leaves out of streams.
        assert found.pop("served") == "glm-5.2"
    else:
        assert found.pop("served") == "glm-5.2-served"
    assert found.pop("asked", "glm-5.2") == "glm-5.2"
    assert found == {
        "provider": "zai",
        "finish_reason": "length",
        "input": 100,
        "output": 40,
        "cached": 64,
        "reasoning": 25,
    }


async def test_an_agents_models_are_recorded(recorded: Recorded, glm_server: GLMServer, make_model: Make) -> None:
    script = (
        Reply(reasoning="Look.", tool_calls=(ToolCall("get_weather", {"city": "Paris"}),), usage=USAGE),
        Reply("Sunny.", usage=USAGE),
    )
    glm_server.queue(*script, *script)
    agent: Any = create_agent(make_model(**SETTINGS), [get_weather])
    question = {"messages": [HumanMessage("Weather in Paris?")]}
    agent.invoke(question)
    await agent.ainvoke(question)
    found = [recorded.facts(span) for span in recorded.models()]
    assert [facts["finish_reason"] for facts in found] == ["tool_calls", "stop"] * 2
    assert {(facts["provider"], facts["served"], facts["cached"], facts["reasoning"]) for facts in found} == {
        ("zai", "glm-5.2", 64, 25)
    }


def test_thinking_settings_are_recorded_where_settings_are(recorded: Recorded, make_model: Make) -> None:
    make_model(**SETTINGS).invoke("hi")
    (span,) = recorded.models()
    if recorded.names is OPENINFERENCE:
        for setting in ('"thinking": true', '"reasoning_effort": "high"', '"host": "zai"'):
            assert setting in span["llm.invocation_parameters"]
    else:  # the GenAI conventions have no names for them
        assert span["gen_ai.request.temperature"] == 0.5
        assert span["gen_ai.request.max_tokens"] == 99


def test_secrets_are_not_recorded(recorded: Recorded, make_model: Make) -> None:
    model = make_model(api_key="key.secret", default_headers={"x-token": "header-secret"})
    with pytest.raises(Exception, match="1000"):
        model.invoke("hi")
    spans = recorded.exporter.get_finished_spans()
    assert spans
    for secret in ("key.secret", "header-secret"):
        assert secret not in "".join(span.to_json() for span in spans)
