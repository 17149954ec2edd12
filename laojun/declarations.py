"""What this app adds to the closed stores: rights, audit actions, file purposes, schedules, body sizes."""

from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.permissions import EVERYBODY, MANAGERS, WRITERS
from accounts.registry import (
    ConsoleRight,
    DeletionStep,
    NavigationEntry,
    Permission,
    Problem,
    Schedule,
)
from laojun import archive, audit, file_sweeps, files, removal, snapshots
from laojun.files import Purpose

MAX_UPLOAD_BODY = 256 * 1024**2
AUDITORS = MANAGERS | {"analyst", "ops_admin"}
OPERATORS = MANAGERS | {"ops_admin"}
ACTIONS = {
    "access.denied": _("was refused"),
    "audit.exported": _("exported the audit log"),
    "auth.signed_in": _("signed in"),
    "auth.sign_in_failed": _("failed to sign in"),
    "auth.signed_out": _("signed out"),
    "auth.refresh_reused": _("showed a used refresh token"),
    "auth.session_revoked": _("ended a session"),
    "auth.password_changed": _("changed a password"),
    "auth.password_reset": _("set a new password by mail"),
    "auth.disowned": _("disowned a sign-in"),
    "auth.mfa_added": _("added a second factor"),
    "auth.mfa_removed": _("removed a second factor"),
    "auth.mfa_required": _("asked for a second factor"),
    "auth.service_connected": _("connected a service"),
    "auth.service_removed": _("disconnected a service"),
    "auth.reset_sent": _("sent a link to a new password"),
    "auth.confirmation_sent": _("sent a confirmation again"),
    "user.created": _("opened an account"),
    "user.address_confirmed": _("confirmed an address"),
    "user.address_changed": _("changed the main address"),
    "user.renamed": _("changed a user name"),
    "user.picture_changed": _("changed the picture"),
    "user.plan_changed": _("changed a plan"),
    "user.notices_changed": _("changed what to be told of"),
    "user.closed": _("closed the account"),
    "user.reopened": _("opened the account again"),
    "user.deleted": _("was deleted for good"),
    "user.suspended": _("suspended an account"),
    "user.activated": _("activated an account"),
    "role.created": _("made a role"),
    "role.changed": _("changed a role"),
    "role.deleted": _("deleted a role"),
    "user_role.granted": _("gave somebody a role"),
    "user_role.revoked": _("took a role from somebody"),
    "user.settings_changed": _("changed preferences"),
    "feed.reset": _("began the change feed anew"),
    "api_key.created": _("made an API key"),
    "api_key.revoked": _("revoked an API key"),
    "workspace.created": _("made a workspace"),
    "workspace.changed": _("changed a workspace"),
    "workspace.converted": _("made a workspace a team's"),
    "workspace.suspended": _("suspended a workspace"),
    "workspace.activated": _("activated a workspace"),
    "workspace.offered": _("offered a workspace"),
    "workspace.offer_withdrawn": _("took the offer of a workspace back"),
    "workspace.transferred": _("took a workspace over"),
    "workspace.deletion_started": _("began to delete a workspace"),
    "workspace.deletion_postponed": _("gave a workspace more time"),
    "workspace.restored": _("restored a workspace"),
    "workspace.deleted": _("deleted a workspace for good"),
    "workspace.entered": _("looked into a workspace"),
    "member.joined": _("joined"),
    "member.changed": _("changed a membership"),
    "member.removed": _("removed a member"),
    "member.left": _("left"),
    "invitation.created": _("invited somebody"),
    "invitation.resent": _("sent an invitation again"),
    "invitation.revoked": _("took an invitation back"),
    "invitation.accepted": _("accepted an invitation"),
    "invitation.declined": _("declined an invitation"),
    "platform_scope.entered": _("looked across workspaces"),
    "config.set": _("changed a setting"),
    "config.reset": _("reset a setting"),
    "config.rolled_back": _("restored a setting"),
    "limit.changed": _("changed a limit"),
    "limit.cleared": _("let somebody's count begin anew"),
    "file.uploaded": _("uploaded a file"),
    "file.linked": _("made a download link"),
    "file.made_public": _("made a file public"),
    "file.deleted": _("deleted a file"),
    "outbound_rule.added": _("opened an outbound address"),
    "outbound_rule.changed": _("changed an outbound rule"),
    "outbound_rule.removed": _("removed an outbound rule"),
    "outbound.refused": _("was kept from an address"),
}
DOCUMENTS = frozenset(
    {
        "application/zip",
        "application/pdf",
        "application/json",
        "application/x-ndjson",
        "application/yaml",
        "application/gzip",
        "application/epub+zip",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.oasis.opendocument.text",
        "text/plain",
        "text/markdown",
        "text/csv",
        "text/html",
        "text/x-diff",
    }
)
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


PROBLEMS = (
    ("unknown_key", 400, _("No such setting"), _("Use a key that `configs/` lists.")),
    (
        "scope_not_allowed",
        400,
        _("Not to be set here"),
        _("Set it in one of the scopes that `configs/` names for it."),
    ),
    ("out_of_bounds", 400, _("Outside the bounds"), _("Stay within the bounds in `errors`.")),
    (
        "conflicts_with",
        400,
        _("It contradicts another setting"),
        _("Change both settings in one request."),
    ),
    (
        "window_too_wide",
        400,
        _("The time is too long"),
        _("Ask for at most 400 days at once."),
    ),
    (
        "not_restorable",
        409,
        _("This value cannot be restored"),
        _("Secrets and very long values are not kept in the history; enter the value again."),
    ),
    (
        "upload_abandoned",
        409,
        _("The upload took too long"),
        _("Send the file again."),
    ),
    (
        "file_too_large",
        413,
        _("The file is too large"),
        _("Send a file of at most `limit` bytes, or let an operator raise the limit."),
    ),
    (
        "storage_quota_exceeded",
        413,
        _("The storage is full"),
        _("Delete files you no longer need, or ask for a larger quota."),
    ),
    (
        "type_mismatch",
        415,
        _("The file is not what its name says"),
        _("Give the file the ending of what it is, and send it again."),
    ),
    (
        "type_not_allowed",
        415,
        _("This kind of file is not taken here"),
        _("Send one of the types in `allowed`."),
    ),
    (
        "range_not_satisfiable",
        416,
        _("The part lies behind the end"),
        _("Ask for bytes below the size of the file."),
    ),
    (
        "blocked_address",
        422,
        _("This address cannot be used"),
        _("It is not reachable or not allowed. An operator can open inner addresses."),
    ),
    (
        "storage_full",
        507,
        _("The platform's disk is full"),
        _("Nothing was kept. Tell the operator, then send it again."),
    ),
)
PLACES = (
    ("files", _("Files"), "files", "folder", 60, "file.view", "tools"),
    ("workspace_audit", _("Audit"), "workspace_audit", "shield", 50, "audit.view", "workspace"),
    (
        "workspace_settings",
        _("Settings"),
        "workspace_settings",
        "console",
        60,
        "config.view",
        "workspace",
    ),
)


def declare() -> None:
    for code, status, title, remedy in PROBLEMS:
        registry.problems.add(code, Problem(code, status, title, remedy))
    for key, label, url_name, icon, order, right, group in PLACES:
        registry.navigation.add(
            key, NavigationEntry(key, label, url_name, icon, order, right, group=group)
        )
    for key, zh, en, roles, risk in (
        ("audit.view", "查看审计日志", "See the audit log", AUDITORS, "low"),
        ("audit.export", "导出审计日志", "Export the audit log", MANAGERS, "high"),
        ("config.view", "查看设置", "See the settings", OPERATORS, "low"),
        ("config.edit", "修改设置", "Change the settings", OPERATORS, "high"),
        ("file.view", "查看文件", "See files", EVERYBODY, "low"),
        ("file.upload", "上传文件", "Upload files", WRITERS, "low"),
        ("file.delete_any", "删除任何人的文件", "Delete anybody's file", MANAGERS, "high"),
    ):
        registry.permissions.add(key, Permission(key, zh, en, roles, risk))
    for model, view, change in (
        ("auditlog", "audit.view", "audit.view"),
        ("config", "config.view", "config.edit"),
        ("outboundrule", "config.view", "config.edit"),
        ("file", "file.view", "file.delete_any"),
    ):
        registry.console_rights.add(f"laojun.{model}", ConsoleRight(view, change))
    for key, label in ACTIONS.items():
        audit.actions.add(key, label)
    files.purposes.add("attachment", Purpose(_("attachment"), DOCUMENTS | PICTURES))
    files.purposes.add("avatar", Purpose(_("picture of a person"), PICTURES, personal=True))
    files.purposes.add("audit_export", Purpose(_("audit export"), None, lifetime_s=86_400))
    registry.body_limits.add("/api/v1/files/", MAX_UPLOAD_BODY)
    registry.page_limits.add("workspace_audit_export", {"GET": ("export",)})
    for step, order in ((removal.remove_settings, 50), (removal.remove_files, 100)):
        name = f"laojun.{step.__name__}"
        registry.deletion_steps.add(name, DeletionStep(name, step, order))
    for schedule in (
        Schedule("laojun.config_announcements", snapshots.repeat_announcements, every_s=5),
        Schedule("laojun.files_sweep", file_sweeps.sweep, every_s=300),
        Schedule("laojun.files_orphans", file_sweeps.remove_orphans, every_s=3600),
        Schedule("laojun.files_check", file_sweeps.check, cron="0 5 * * 0"),
        Schedule("laojun.partitions", archive.ensure_partitions, cron="0 1 * * *"),
    ):
        registry.schedules.add(schedule.name, schedule)
