"""Translation of GLM's replies and streams into LangChain messages and chunks."""
