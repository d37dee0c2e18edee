"""Specs and templates to source text."""
