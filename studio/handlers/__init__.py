"""What workers can do, a file for each subject: kinds of task and the operations behind them."""


def declare() -> None:
    pass
