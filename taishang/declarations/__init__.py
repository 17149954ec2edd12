"""What this app adds to the closed stores, a file for each subject: rights, audit actions, problems, places."""

from taishang.declarations import engine, openai, providers, usage


def declare() -> None:
    engine.declare()
    providers.declare()
    openai.declare()
    usage.declare()
