"""Files: staged, verified, renamed; the manifest that owns them; the drift check."""
