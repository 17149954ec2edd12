"""Books as files: one format per file, each a function of a book, its options and an open file."""
