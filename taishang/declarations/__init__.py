"""What this app adds to the closed stores, a file for each subject: rights, audit actions, problems, places."""

from taishang.declarations import (
    catalogue,
    engine,
    openai,
    providers,
    usage,
    vector_engines,
    vector_imports,
    vectors,
)


def declare() -> None:
    engine.declare()
    catalogue.declare()
    providers.declare()
    openai.declare()
    usage.declare()
    vectors.declare()
    vector_engines.declare()
    vector_imports.declare()
