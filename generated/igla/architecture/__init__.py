"""Generated modules: architecture."""
