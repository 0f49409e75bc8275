"""Facts about hosts and models, each with its source and date; plain data that any other module may read."""
