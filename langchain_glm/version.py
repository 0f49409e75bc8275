"""What this package is called in messages and headers: its version and its provider's name."""

__version__ = "0.1.0"

PROVIDER = "glm"
"""`model_provider` of our messages: only their reasoning is sent back."""
