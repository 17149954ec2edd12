"""What workers can do, a file for each subject: kinds of task and the operations behind them."""

from studio.handlers import books, helping


def declare() -> None:
    """Register every handler; called once at start."""
    books.declare()
    helping.declare()
