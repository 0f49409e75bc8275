"""Test suites in the style of langchain-tests, for LangChain interfaces that langchain-tests does not cover."""
