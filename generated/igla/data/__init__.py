"""Generated modules: data."""
