"""Does the project run? Checks, tests, the front end's own calls, and who sees whose rows."""

from taishang.generation.verify.checking import verify

__all__ = ["verify"]
