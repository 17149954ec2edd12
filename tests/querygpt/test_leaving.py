"""What was private goes with its person; what others use stays."""

import pytest

from accounts import signals, tenancy
from accounts.models import User, Workspace
from querygpt.models import Connection, Conversation, Prompt, Result, Run
from tests.querygpt import rows

pytestmark = pytest.mark.django_db


def test_who_left_runs_nothing_by_a_private_database(alice, bob):
    with tenancy.workspace(alice.workspace.id, user_id=bob.user.id):
        mine = rows.connection(bob, "mine")
        ours = rows.connection(bob, "ours", visibility="workspace")
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        hers = rows.connection(alice, "hers")

        signals.membership_removed.send(
            sender=Workspace, workspace=alice.workspace, user=bob.user, by=alice.user
        )

        states = dict(Connection.objects.values_list("pk", "status"))
    assert states == {mine.pk: "disabled", ours.pk: "new", hers.pk: "new"}


def test_nothing_private_is_left_of_a_deleted_account(alice, bob):
    with tenancy.workspace(alice.workspace.id, user_id=bob.user.id):
        rows.connection(bob, "mine")
        rows.connection(bob, "ours", visibility="workspace")
        thread = rows.conversation(bob)
        run = rows.run(bob, conversation=thread, actor_name="bob")
        rows.result(run, message=rows.message(thread))
        Prompt.objects.create(workspace=bob.workspace, user=bob.user, type="qa", content_en="mine")

        signals.user_deleted.send(sender=User, user=bob.user)

        assert list(Connection.objects.values_list("name", flat=True)) == ["ours"]
        assert not Conversation.objects.exists()
        assert not Prompt.objects.filter(user=bob.user).exists()
        assert Result.objects.get().data_key_encrypted == ""
        run = Run.objects.get()
        assert (run.actor_name, run.user_id) == ("", None)
