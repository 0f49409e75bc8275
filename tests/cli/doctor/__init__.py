"""Tests of `glm doctor`."""
