"""What the pages that this package serves have in common: they guard themselves, and they stream events."""
