"""What ChatGLM costs, beside other LangChain models, on loopback: `make bench`, `make bench-quick`."""
