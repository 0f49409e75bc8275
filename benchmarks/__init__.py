"""What ChatGLM costs compared with other LangChain models, on loopback: `make bench`, `make bench-quick`."""
