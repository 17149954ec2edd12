from studio.admin import helping, imports, people, works

__all__ = ["helping", "imports", "people", "works"]
