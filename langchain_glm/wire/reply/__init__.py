"""GLM's replies, whole or streamed → LangChain messages and chunks."""
