"""What workers can do, a file for each subject: kinds of task and the operations behind them."""

from querygpt.handlers import answering, running, schema


def declare() -> None:
    """Register every handler; called once at start."""
    answering.declare()
    running.declare()
    schema.declare()
