"""Sheets of strangers become tables of a DuckDB file. Runs in a cage: no Django, no network, nobody's rights."""
