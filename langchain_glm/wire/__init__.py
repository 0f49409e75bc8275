"""Translation between LangChain and GLM's JSON: pure functions without I/O."""
