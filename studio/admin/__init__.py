from studio.admin import works

__all__ = ["works"]
