"""What becomes of works when somebody leaves their workspace, or the platform. Runs in the platform scope."""

from __future__ import annotations

from django.db.models import F
from django.utils import timezone

from accounts.models import User, Workspace
from studio.models import AIRequest, ChapterVersion, Collaborator, Comment, Work


def hand_over(*, workspace: Workspace, user: User) -> int:
    """The works go to the workspace's owner, parts in others' works end. Answers how many works went."""
    now = timezone.now()
    people = Collaborator.objects.filter(workspace=workspace, user=user)
    people.exclude(role=Collaborator.Role.OWNER).update(revoked_at=now, updated_at=now)
    works = list(Work.objects.filter(workspace=workspace, user=user).values_list("pk", flat=True))
    people.filter(work__in=works).delete()
    Work.objects.filter(pk__in=works).update(
        user_id=workspace.owner_id, revision=F("revision") + 1, updated_at=now
    )
    for pk in works:
        Collaborator.objects.update_or_create(
            work_id=pk,
            user_id=workspace.owner_id,
            defaults={
                "workspace_id": workspace.pk,
                "role": Collaborator.Role.OWNER,
                "permissions": {},
                "accepted_at": now,
                "revoked_at": None,
            },
        )
    return len(works)


def forget(*, user: User) -> None:
    """Of a person whose account was erased no name stays beside texts and remarks."""
    ChapterVersion.objects.filter(author_id=user.pk).update(author_id=None, author_name="")
    Comment.objects.filter(author=user).update(author=None, author_name="")
    AIRequest.objects.filter(user_id=user.pk).update(user_id=None, user_name="")
