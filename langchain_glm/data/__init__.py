"""Data in the place where LangChain's tools look for it."""
