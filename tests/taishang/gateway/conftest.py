"""The desk at which models are called."""

from tests.taishang.desk import desk  # noqa: F401
