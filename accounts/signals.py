"""What accounts tells the apps above. Each signal carries keyword arguments only, sent in the deed's transaction."""

from django.dispatch import Signal

user_created = Signal()  # user
signed_in = Signal()  # user, session, request_facts
sign_in_failed = Signal()  # email_key_hash, request_facts
signed_out = Signal()  # user, request_facts
refresh_reused = Signal()  # user, session
session_revoked = Signal()  # user, session, reason, by, note
api_key_created = Signal()  # user, api_key
api_key_changed = Signal()  # user, api_key, before, after
api_key_revoked = Signal()  # user, api_key, note
workspace_created = Signal()  # workspace, by
workspace_changed = Signal()  # workspace, by, verb, before, after
workspace_suspended = Signal()  # workspace
workspace_activated = Signal()  # workspace
workspace_deleting = Signal()  # workspace
workspace_deleted = Signal()  # workspace, counts
membership_added = Signal()  # membership, by, roles
membership_changed = Signal()  # membership, by, before, after
membership_removed = Signal()  # workspace, user, by
invitation_changed = Signal()  # invitation, by, verb, details
rights_changed = Signal()  # workspace, user (None: everybody's in it)
role_changed = Signal()  # role, by, verb, before, after
role_granted = Signal()  # role, user, workspace, by, expires_at, note
role_revoked = Signal()  # role, user, workspace, by, note
settings_changed = Signal()  # user, before, after, changed_at (by the client's clock)
platform_scope_entered = Signal()  # reason, caller
user_suspended = Signal()  # user, by, reason
user_activated = Signal()  # user, by, reason
feed_reset = Signal()  # reason, by
user_deleted = Signal()  # user: nothing of the person is left; apps above erase theirs
# Everything else that happens to an account; `action` is what the audit log calls it.
account_event = Signal()  # user, action, by, before, after, details
