from studio.admin import helping, people, works

__all__ = ["helping", "people", "works"]
