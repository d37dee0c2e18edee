"""Pages of docs/ that are made from the code's own tables, and what `explain` prints."""
