"""The operators' lists of people, workspaces and what gives access to them."""

from accounts.admin import api_keys, roles, sessions, users, workspaces

__all__ = ["api_keys", "roles", "sessions", "users", "workspaces"]
