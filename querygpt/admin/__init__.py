from querygpt.admin import prompts

__all__ = ["prompts"]
