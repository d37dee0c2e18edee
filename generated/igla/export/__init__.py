"""Generated modules: export."""
