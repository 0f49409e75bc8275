"""A chat page in the browser for an agent or a chat model of LangChain: `chat_app`."""

try:
    from langchain_glm.cli.chat_page.app import chat_app
except ModuleNotFoundError as error:
    if str(error.name).partition(".")[0] not in ("langgraph", "starlette"):
        raise
    raise ImportError(
        'The chat page needs LangChain and Starlette: pip install "langchain-zai-glm[cli]" "langchain>=1.3"',
        name=error.name,
    ) from error

__all__ = ["chat_app"]
