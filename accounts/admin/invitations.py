"""Invitations across all workspaces; their links are nowhere to be seen."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts import invitations
from accounts.admin.base import Console, operator, with_reason
from accounts.models import Invitation


@admin.register(Invitation)
class InvitationAdmin(Console):
    icon = "forward_to_inbox"
    list_display = (
        "email",
        "workspace",
        "role",
        "state",
        "invited_by",
        "send_count",
        "expires_at",
        "created_at",
    )
    list_filter = ("created_at", "expires_at", "revoked_reason")
    list_select_related = ("workspace", "role", "invited_by")
    search_fields = ("email_key", "workspace__name_key", "invited_by__username_key")
    ordering = ("-created_at",)
    fields = readonly_fields = (
        "id",
        "email",
        "workspace",
        "role",
        "message",
        "invited_by",
        "send_count",
        "last_sent_at",
        "expires_at",
        "accepted_at",
        "accepted_by",
        "declined_at",
        "revoked_at",
        "revoked_reason",
        "created_at",
    )
    actions = ("revoke",)

    @display(description=_("state"))
    def state(self, invitation: Invitation) -> str:
        return str(Invitation.State(invitation.state(timezone.now())).label)

    @admin.action(description=_("Take back: the link is dead at once"))
    def revoke(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        def run(invitation: Any, reason: str) -> None:
            try:
                invitations.revoke(invitation=invitation, by=operator(request), note=reason)
            except invitations.InvitationClosed:
                messages.warning(request, _("%(name)s is not open.") % {"name": invitation})

        effect = _("The links of these invitations stop working.")
        return with_reason(self, request, queryset, effect=str(effect), run=run)
