"""LangChain messages, tools and settings → the request body."""
