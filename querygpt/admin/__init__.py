<<<<<<< HEAD
from querygpt.admin import prompts

__all__ = ["prompts"]
=======
from querygpt.admin.connections import ConnectionAdmin, RunAdmin

__all__ = ["ConnectionAdmin", "RunAdmin"]
>>>>>>> s6-base
