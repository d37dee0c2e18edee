"""Generated modules: evaluation."""
