from querygpt.admin.connections import ConnectionAdmin, RunAdmin

__all__ = ["ConnectionAdmin", "RunAdmin"]
