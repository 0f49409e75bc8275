"""Data in the places where tools look for it."""
