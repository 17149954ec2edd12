"""Rows from files: JSONL, Parquet and NPY, mapped to a collection, previewed, and written by a task that resumes."""
