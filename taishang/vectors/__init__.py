"""Vector collections: rows that are found by meaning, by words or by example, with filters and namespaces."""
