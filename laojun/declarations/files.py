"""Files: what may be uploaded for what, who may see it, and what is swept."""

from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.permissions import EVERYBODY, MANAGERS, WRITERS
from accounts.registry import DeletionStep, NavigationEntry, Schedule, Usage
from laojun import file_sweeps, files, removal
from laojun.declarations.entries import actions, console, places, problems, rights, schedules
from laojun.files import Purpose

MAX_UPLOAD_BODY = 256 * 1024**2
ACTIONS = {
    "file.uploaded": _("uploaded a file"),
    "file.linked": _("made a download link"),
    "file.made_public": _("made a file public"),
    "file.deleted": _("deleted a file"),
}
PROBLEMS = (
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
        "storage_full",
        507,
        _("The platform's disk is full"),
        _("Nothing was kept. Tell the operator, then send it again."),
    ),
)
RIGHTS = (
    ("file.view", "查看文件", "See files", EVERYBODY, "low"),
    ("file.upload", "上传文件", "Upload files", WRITERS, "low"),
    ("file.delete_any", "删除任何人的文件", "Delete anybody's file", MANAGERS, "high"),
)
PAGE = NavigationEntry("files", _("Files"), "files", "folder", 60, "file.view", group="tools")
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
ROOM = Usage(
    "storage",
    _("Files"),
    files.room,
    unit="bytes",
    remedy=_("Delete files you no longer need, or ask for a larger quota."),
)
REMOVAL = DeletionStep("laojun.remove_files", removal.remove_files, 100)


def declare() -> None:
    actions(ACTIONS)
    problems(PROBLEMS)
    rights(RIGHTS)
    places(PAGE)
    console("file", view="file.view", change="file.delete_any")
    files.purposes.add("attachment", Purpose(_("attachment"), DOCUMENTS | PICTURES))
    files.purposes.add("avatar", Purpose(_("picture of a person"), PICTURES, personal=True))
    files.purposes.add(
        "audit_export",
        Purpose(_("audit export"), None, cap_key="storage.user_quota_bytes", lifetime_s=86_400),
    )
    registry.usages.add(ROOM.key, ROOM)
    registry.body_limits.add("/api/v1/files/", MAX_UPLOAD_BODY)
    registry.deletion_steps.add(REMOVAL.key, REMOVAL)
    schedules(
        Schedule("laojun.files_sweep", file_sweeps.sweep, every_s=300),
        Schedule("laojun.files_orphans", file_sweeps.remove_orphans, every_s=3600),
        Schedule("laojun.files_check", file_sweeps.check, cron="0 5 * * 0"),
    )
