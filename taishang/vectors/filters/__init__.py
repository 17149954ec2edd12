"""Conditions on rows: one grammar, one reference evaluator, one compiler to SQL."""
