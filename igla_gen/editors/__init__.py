"""What editors need: a JSON Schema, a language server, a grammar for colours."""
