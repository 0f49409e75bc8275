"""The version of this package and its provider's name, for messages and headers."""

__version__ = "0.1.0"

PROVIDER = "glm"
"""The `model_provider` of our messages; reasoning is sent back only for messages that have it."""
