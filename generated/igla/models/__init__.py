"""Generated modules: models."""
