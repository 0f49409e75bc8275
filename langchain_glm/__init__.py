"""The LangChain integration for GLM: BigModel, Z.ai and the gateways that serve GLM.

```python
from langchain_glm import ChatGLM

ChatGLM(model="glm-5.2", host="zai").invoke("你好")
```

Each name is imported when it is first used, so `import langchain_glm` itself is fast. Importing `ChatGLM` also
registers the translation of its messages into LangChain's standard content blocks.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from langchain_glm.version import __version__

if TYPE_CHECKING:
    from langchain_glm.catalog.hosts import HOSTS, Host
    from langchain_glm.catalog.money import Cost, Price
    from langchain_glm.catalog.prices import cost, list_prices, usage_cost
    from langchain_glm.catalog.profiles import MODELS, Model
    from langchain_glm.chat_models import ChatGLM
    from langchain_glm.cost_callback import CostCallbackHandler
    from langchain_glm.cost_tracer import CostTracer
    from langchain_glm.embeddings import GLMEmbeddings
    from langchain_glm.errors import (
        GLMAuthenticationError,
        GLMBalanceError,
        GLMConnectionError,
        GLMConnectTimeoutError,
        GLMContentFilterError,
        GLMContextOverflowError,
        GLMError,
        GLMInvalidRequestError,
        GLMNotFoundError,
        GLMOverloadedError,
        GLMPermissionError,
        GLMQuotaError,
        GLMRateLimitError,
        GLMServerError,
        GLMStreamError,
        GLMTimeoutError,
        GLMToolChoiceError,
        GLMValueError,
    )
    from langchain_glm.kimi_search import KimiWebSearch
    from langchain_glm.knowledge import GLMKnowledgeRetriever
    from langchain_glm.notices import GLMWarning
    from langchain_glm.ocr import GLMOCRLoader, GLMOCRParser
    from langchain_glm.reader import GLMWebLoader, GLMWebReader
    from langchain_glm.registration import register
    from langchain_glm.rerank import GLMRerank
    from langchain_glm.search import GLMSearchResults, GLMSearchRetriever
    from langchain_glm.tools import MCPServer, Retrieval, WebSearch
    from langchain_glm.transport.clients import aclose_clients, close_clients
    from langchain_glm.transport.limits import InFlightLimiter
    from langchain_glm.transport.timeouts import Timeout

__all__ = [
    "HOSTS",
    "MODELS",
    "ChatGLM",
    "Cost",
    "CostCallbackHandler",
    "CostTracer",
    "GLMAuthenticationError",
    "GLMBalanceError",
    "GLMConnectTimeoutError",
    "GLMConnectionError",
    "GLMContentFilterError",
    "GLMContextOverflowError",
    "GLMEmbeddings",
    "GLMError",
    "GLMInvalidRequestError",
    "GLMKnowledgeRetriever",
    "GLMNotFoundError",
    "GLMOCRLoader",
    "GLMOCRParser",
    "GLMOverloadedError",
    "GLMPermissionError",
    "GLMQuotaError",
    "GLMRateLimitError",
    "GLMRerank",
    "GLMSearchResults",
    "GLMSearchRetriever",
    "GLMServerError",
    "GLMStreamError",
    "GLMTimeoutError",
    "GLMToolChoiceError",
    "GLMValueError",
    "GLMWarning",
    "GLMWebLoader",
    "GLMWebReader",
    "Host",
    "InFlightLimiter",
    "KimiWebSearch",
    "MCPServer",
    "Model",
    "Price",
    "Retrieval",
    "Timeout",
    "WebSearch",
    "__version__",
    "aclose_clients",
    "close_clients",
    "cost",
    "list_prices",
    "register",
    "usage_cost",
]

_MODULE_OF: Final = {
    "HOSTS": "catalog.hosts",
    "Host": "catalog.hosts",
    "Cost": "catalog.money",
    "Price": "catalog.money",
    "cost": "catalog.prices",
    "list_prices": "catalog.prices",
    "usage_cost": "catalog.prices",
    "MODELS": "catalog.profiles",
    "Model": "catalog.profiles",
    "ChatGLM": "chat_models",
    "CostCallbackHandler": "cost_callback",
    "CostTracer": "cost_tracer",
    "GLMEmbeddings": "embeddings",
    "KimiWebSearch": "kimi_search",
    "GLMKnowledgeRetriever": "knowledge",
    "GLMWarning": "notices",
    "GLMOCRLoader": "ocr",
    "GLMOCRParser": "ocr",
    "GLMWebLoader": "reader",
    "GLMWebReader": "reader",
    "register": "registration",
    "GLMRerank": "rerank",
    "GLMSearchResults": "search",
    "GLMSearchRetriever": "search",
    "MCPServer": "tools",
    "Retrieval": "tools",
    "WebSearch": "tools",
    "aclose_clients": "transport.clients",
    "close_clients": "transport.clients",
    "InFlightLimiter": "transport.limits",
    "Timeout": "transport.timeouts",
}
"""Where each public name is defined. A name that begins with `GLM` and is not listed is an exception in `errors`."""

if not TYPE_CHECKING:  # if type checkers saw __getattr__, they would accept every misspelled name

    def __getattr__(name: str) -> Any:
        """Import a public name when it is first used."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_MODULE_OF.get(name, 'errors')}"), name)
        globals()[name] = value  # later uses do not call this function
        return value

    def __dir__() -> list[str]:
        """List the public names, including those that are not imported yet."""
        return sorted({*globals(), *__all__})
