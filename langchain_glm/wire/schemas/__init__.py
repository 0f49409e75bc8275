"""JSON schemas: their form for GLM, the reading of arguments, and the check of answers."""
