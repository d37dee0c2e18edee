"""Specs in the form of the public ancestor: recognised, read in full, reported, and imported."""
