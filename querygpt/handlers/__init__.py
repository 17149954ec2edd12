"""What workers can do, a file for each subject: kinds of task and the operations behind them."""

from querygpt.handlers import schema


def declare() -> None:
    schema.declare()
