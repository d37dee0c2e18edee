"""Generated modules: distributed."""
