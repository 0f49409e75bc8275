"""JSON schemas: as GLM takes them, arguments read back by them, answers checked against them."""
