"""What pydantic's genai-prices, a price table that others keep, finds by the names in our runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from genai_prices import Usage, calc_price
from langchain.agents import create_agent
from opentelemetry.instrumentation.genai.langchain import LangChainInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from langchain_glm import HOSTS, ChatGLM, cost, list_prices
from langchain_glm.testing import GLMServer, Reply, ToolCall
from tests.tracing.test_langsmith import USAGE, WAYS, LangSmith, ask, get_weather

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from langchain_core.messages.ai import UsageMetadata

    from langchain_glm import Host

MODELS: Final = (
    ("zai", "glm-5.2"),
    ("zai", "glm-4.6v"),
    ("zai-coding", "glm-4.7"),  # another model answers; the price is that of its list, as the plan has a flat fee
    ("bigmodel", "glm-5.2"),
    ("kimi", "kimi-k3"),
    ("kimi-cn", "kimi-k2.6"),
)


def model_at(server: GLMServer, host: str, model: str) -> ChatGLM:
    return ChatGLM(model=model, host=host, base_url=server.base_url, api_key=server.api_key, max_retries=0)


def price(provider: Any, model: Any, usage: UsageMetadata | Mapping[str, Any]) -> Decimal:
    """The table's price in US dollars; a `LookupError` if it knows no such provider or model."""
    details = usage.get("input_token_details") or {}
    tokens = Usage(
        input_tokens=usage["input_tokens"],
        cache_read_tokens=details.get("cache_read", 0),
        output_tokens=usage["output_tokens"],
    )
    return calc_price(tokens, model_ref=model, provider_id=provider).total_price


@pytest.mark.filterwarnings("ignore::langchain_glm.GLMWarning")  # coding plans answer with another model
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("host", "model"), MODELS)
async def test_a_traced_run_has_a_price(host: str, model: str, way: str) -> None:
    langsmith = LangSmith()
    with GLMServer(host) as server:
        server.queue(Reply("Hello.", usage=USAGE))
        await ask(model_at(server, host, model), way, langsmith.config)
    (run,) = langsmith.runs()
    langsmith.session.close()
    metadata = run["extra"]["metadata"]
    asked = price(metadata["ls_provider"], metadata["ls_model_name"], metadata["usage_metadata"])
    answer = run["outputs"]["generations"][0][0]["message"]["kwargs"]
    told = answer["response_metadata"]
    served = price(told["model_provider"], told["model_name"], answer["usage_metadata"])
    assert asked > 0
    assert served > 0


def test_the_table_agrees_with_ours() -> None:
    with GLMServer("zai") as server:
        server.queue(Reply("Hello.", usage=USAGE))
        answer = model_at(server, "zai", "glm-5.2").invoke("Hello")
    assert answer.usage_metadata is not None
    found = price("zai", answer.response_metadata["model_name"], answer.usage_metadata)
    assert cost(answer, host="zai") == pytest.approx(float(found))


PRICED: Final = [name for name, ours in list_prices().items() if name.startswith("glm-") and ours.output]
# Free models are not in that table, nor are these.
_NOT_IN_IT: Final = {"glm-5-turbo", "glm-5v-turbo"}


@pytest.mark.parametrize("model", PRICED)
def test_every_price_of_ours_is_theirs(model: str) -> None:
    """Under the provider of the host that bills by our table; under `glm`, the table has none."""
    usage: UsageMetadata = {"input_tokens": 1_000_000, "output_tokens": 1_000_000, "total_tokens": 2_000_000}
    with pytest.raises(LookupError):
        price("glm", model, usage)
    if model in _NOT_IN_IT:
        with pytest.raises(LookupError):
            price(HOSTS["zai"].provider, model, usage)
        return
    ours = list_prices()[model]
    assert float(price(HOSTS["zai"].provider, model, usage)) == pytest.approx(ours.input + ours.output)


VENDORS: Final = [host for host in HOSTS.values() if host.provider != "glm"]


@pytest.mark.parametrize("host", VENDORS, ids=[host.name for host in VENDORS])
def test_every_vendor_is_known(host: Host) -> None:
    model = "kimi-k3" if host.provider == "moonshotai" else "glm-5.2"
    assert price(host.provider, model, {"input_tokens": 1_000, "output_tokens": 1_000}) > 0


async def test_recorded_spans_have_prices() -> None:
    """Each model call of an agent, by the attributes of OpenTelemetry's GenAI conventions."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = LangChainInstrumentor()  # type: ignore[no-untyped-call]
    instrumentor.instrument(tracer_provider=provider)
    with GLMServer("zai") as server:
        server.queue(Reply(tool_calls=(ToolCall("get_weather", {"city": "Paris"}),), usage=USAGE))
        server.queue(Reply("Sunny.", usage=USAGE))
        agent: Any = create_agent(model_at(server, "zai", "glm-5.2"), [get_weather])
        await agent.ainvoke({"messages": "Weather in Paris?"})
    instrumentor.uninstrument()
    provider.shutdown()
    spans = [dict(span.attributes or {}) for span in exporter.get_finished_spans()]
    calls = [span for span in spans if "gen_ai.response.model" in span]
    assert len(calls) == 2
    for span in calls:
        tokens = Usage(
            input_tokens=span["gen_ai.usage.input_tokens"],  # type: ignore[arg-type]
            output_tokens=span["gen_ai.usage.output_tokens"],  # type: ignore[arg-type]
        )
        found = calc_price(
            tokens,
            model_ref=str(span["gen_ai.response.model"]),
            provider_id=str(span["gen_ai.provider.name"]),
        )
        assert found.total_price > 0
