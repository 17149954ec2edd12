"""Vector collections over HTTP."""
