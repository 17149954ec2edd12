"""What is known of a database: read from its server, kept, guessed, corrected by people, ranked for a question."""

from querygpt.schema.ranking import rank
from querygpt.schema.reading import catalogue
from querygpt.schema.refreshing import refresh

__all__ = ["catalogue", "rank", "refresh"]
