"""Generated modules: recipes."""
