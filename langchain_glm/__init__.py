"""The LangChain chat model for GLM: BigModel, Z.ai and the gateways that serve GLM.

```python
from langchain_glm import ChatGLM

ChatGLM(model="glm-5.2", host="zai").invoke("你好")
```
"""

from typing import TYPE_CHECKING, Any

from langchain_glm.catalog.hosts import HOSTS, Host
from langchain_glm.catalog.prices import Price, cost, list_prices, usage_cost
from langchain_glm.catalog.profiles import MODELS, Model
from langchain_glm.chat_models import ChatGLM
from langchain_glm.errors import (
    GLMAuthenticationError,
    GLMBalanceError,
    GLMConnectionError,
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
)
from langchain_glm.notices import GLMWarning
from langchain_glm.registration import register
from langchain_glm.tools import MCPServer, Retrieval, WebSearch
from langchain_glm.transport.limits import InFlightLimiter
from langchain_glm.transport.timeouts import Timeout
from langchain_glm.version import __version__

if TYPE_CHECKING:
    from langchain_glm.kimi_search import KimiWebSearch
else:

    def __getattr__(name: str) -> Any:
        """Import what is seldom wanted, and brings langchain_core.tools along, which takes 5 ms."""
        if name == "KimiWebSearch":
            from langchain_glm.kimi_search import KimiWebSearch

            return KimiWebSearch
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "HOSTS",
    "MODELS",
    "ChatGLM",
    "GLMAuthenticationError",
    "GLMBalanceError",
    "GLMConnectionError",
    "GLMContentFilterError",
    "GLMContextOverflowError",
    "GLMError",
    "GLMInvalidRequestError",
    "GLMNotFoundError",
    "GLMOverloadedError",
    "GLMPermissionError",
    "GLMQuotaError",
    "GLMRateLimitError",
    "GLMServerError",
    "GLMStreamError",
    "GLMTimeoutError",
    "GLMToolChoiceError",
    "GLMWarning",
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
    "cost",
    "list_prices",
    "register",
    "usage_cost",
]
