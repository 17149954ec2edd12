"""The operators' lists of people, workspaces and what gives access to them."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin
from django.contrib.auth.models import Group

from accounts.admin import (
    api_keys,
    columns,
    feed,
    grants,
    invitations,
    roles,
    sessions,
    users,
    workspaces,
)

__all__ = [
    "api_keys",
    "columns",
    "feed",
    "grants",
    "invitations",
    "roles",
    "sessions",
    "users",
    "workspaces",
]

# Roles take the place of groups; addresses, second factors and services belong to their owners alone.
admin.site.unregister([Group, EmailAddress, Authenticator, SocialAccount, SocialApp, SocialToken])
columns.name_all()
