"""What workers can do, a file for each subject: kinds of task and the operations behind them."""

from taishang.handlers import generation, usage, vector_engines, vectors


def declare() -> None:
    """Register every handler; called once at start."""
    generation.declare()
    usage.declare()
    vectors.declare()
    vector_engines.declare()
