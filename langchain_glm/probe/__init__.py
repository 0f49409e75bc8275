"""Ask a live endpoint whether the catalogue's rules still hold: `python -m langchain_glm probe`."""
