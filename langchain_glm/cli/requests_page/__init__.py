"""The page of `glm serve` that shows the requests as they come."""
