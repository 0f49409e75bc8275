"""HTTP: sends JSON and receives JSON or events. Nothing in here depends on messages or tools."""
