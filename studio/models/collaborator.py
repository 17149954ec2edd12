"""The people of a work, and what each of them may do there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from studio.models.base import Owned, one_of
from studio.models.work import Work

if TYPE_CHECKING:
    from accounts.authentication import Principal
    from accounts.models import User

# An owner becomes one by a transfer alone.
GIVEN_ROLES = ["editor", "commenter"]


class CollaboratorQuerySet(models.QuerySet["Collaborator"]):
    def visible_to(self, principal: Principal) -> CollaboratorQuerySet:
        return self.filter(work__in=Work.objects.visible_to(principal))

    def active(self) -> CollaboratorQuerySet:
        return self.filter(accepted_at__isnull=False, revoked_at__isnull=True)

    def allowing(self, user: User, right: str) -> CollaboratorQuerySet:
        """The memberships by which this person, who does not own the work, has this right in it."""
        mine = self.active().filter(user=user)
        if right in {"read", "comment"}:
            return mine
        editors = mine.filter(role=Collaborator.Role.EDITOR)
        if right == "versions":
            return editors
        if right == "write":
            return editors.filter(permissions__chapters__isnull=True)
        if right in {"ai", "export"}:
            name = {"ai": "permissions__can_use_ai", "export": "permissions__can_export"}[right]
            return editors.filter(Q(**{f"{name}__isnull": True}) | Q(**{name: True}))
        granted = {"publish": "permissions__can_publish", "invite": "permissions__can_invite"}
        return editors.filter(**{granted[right]: True}) if right in granted else editors.none()


class Collaborator(Owned):
    """One person's part in one work; the owner has a row too.

    `permissions` may hold `chapters` (ids, for an editor of these alone), `can_use_ai`, `can_export`,
    `can_publish` and `can_invite`.
    """

    class Role(models.TextChoices):
        OWNER = "owner", _("owner")
        EDITOR = "editor", _("editor")
        COMMENTER = "commenter", _("commenter")

    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, related_name="collaborators", db_constraint=False
    )
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    role = models.CharField(_("role"), max_length=9, choices=Role.choices)
    permissions = models.JSONField(default=dict)
    invited_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = CollaboratorQuerySet.as_manager()

    class Meta:
        db_table = "studio_collaborators"
        verbose_name = _("collaborator")
        verbose_name_plural = _("collaborators")
        constraints = [
            models.UniqueConstraint(
                fields=["work", "user"], name="studio_collaborators_person_uniq"
            ),
            models.UniqueConstraint(
                fields=["work"], condition=Q(role="owner"), name="studio_collaborators_owner_uniq"
            ),
            one_of("role", ["owner", "editor", "commenter"], "studio_collaborators_role_ck"),
        ]
        indexes = [
            # The works that are shared with a person.
            models.Index(fields=["user", "work"], name="studio_collaborators_user_ix"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
