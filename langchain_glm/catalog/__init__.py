"""Facts about hosts and models, each with its source and date; plain data that every other room may read."""
