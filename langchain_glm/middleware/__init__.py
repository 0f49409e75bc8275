"""Middleware for `create_agent`, for two things that only GLM has: its web search, and plans with a quota."""

try:
    from langchain_glm.middleware.plan_fallback import PlanFallbackMiddleware
    from langchain_glm.middleware.web_search import GLMWebSearchMiddleware
except ModuleNotFoundError as error:
    if str(error.name).partition(".")[0] != "langchain":
        raise
    raise ImportError("langchain_glm.middleware needs langchain: pip install langchain", name=error.name) from error

__all__ = ["GLMWebSearchMiddleware", "PlanFallbackMiddleware"]
