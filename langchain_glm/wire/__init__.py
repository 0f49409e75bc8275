"""LangChain ⇄ GLM's JSON: pure functions from values to values, without I/O."""
