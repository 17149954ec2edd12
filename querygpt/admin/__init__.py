from querygpt.admin import connections, prompts

__all__ = ["connections", "prompts"]
