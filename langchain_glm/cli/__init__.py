"""The program `glm`: questions, conversations and tools in the terminal; nothing else imports it."""
