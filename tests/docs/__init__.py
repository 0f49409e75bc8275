"""Tests of the documents: their examples run and print what the page says."""
