"""Books that people bring: read, previewed, adjusted, and written as chapters only when they say so."""
