"""The proof that the audit log is whole: rows numbered and hashed into chains, heads signed outside the database."""
