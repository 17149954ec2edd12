"""The operators' lists of people, workspaces and what gives access to them."""

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.models import Group

from accounts.admin import api_keys, grants, invitations, roles, sessions, users, workspaces

__all__ = ["api_keys", "grants", "invitations", "roles", "sessions", "users", "workspaces"]

# Roles take the place of groups, and an address is changed by its owner.
admin.site.unregister([Group, EmailAddress])
