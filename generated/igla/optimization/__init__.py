"""Generated modules: optimization."""
