from studio.admin import helping, works

__all__ = ["helping", "works"]
