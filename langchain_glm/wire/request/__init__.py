"""Translation of LangChain messages, tools and settings into the request body."""
