"""Test suites in the manner of langchain-tests, for LangChain interfaces that langchain-tests does not cover."""
