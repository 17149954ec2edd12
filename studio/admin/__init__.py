from studio.admin import people, works

__all__ = ["people", "works"]
