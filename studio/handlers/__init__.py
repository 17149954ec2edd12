"""What workers can do, a file for each subject: kinds of task and the operations behind them."""

from studio.handlers import helping


def declare() -> None:
    helping.declare()
