"""`glm doctor`: what is wrong with this installation, its keys, its network and its hosts, and what to do about it."""

from langchain_glm.cli.doctor.command import add_arguments, run

__all__ = ["add_arguments", "run"]
