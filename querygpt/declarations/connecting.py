"""Lent databases: deeds of the audit log, problems, settings, limits, pages, the console."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.registry import (
    ConsoleRight,
    Letter,
    LimitClass,
    NavigationEntry,
    NoticeType,
    Schedule,
)
from laojun.declarations import entries
from laojun.definitions import GIBIBYTE, INTEGER, MEBIBYTE, TEXT, Definition, define
from laojun.files import Purpose, purposes
from querygpt import sweeping
from querygpt.connections import files

MINUTE = 60
ACTIONS = {
    "connection.created": _("made a connection"),
    "connection.updated": _("changed a connection"),
    "connection.tested": _("tried a connection"),
    "connection.shared": _("changed who sees a connection"),
    "connection.disabled": _("switched a connection off"),
    "connection.enabled": _("switched a connection on"),
    "connection.deleted": _("deleted a connection"),
    "connection.file_added": _("added a file to a connection"),
    "connection.file_removed": _("took a file from a connection"),
    "disclosure.changed": _("changed what models may see of a connection"),
    "query.executed": _("ran a statement"),
    "query.refused": _("sent a statement that was refused"),
    "query.failed": _("ran a statement that failed"),
    "query.cancelled": _("stopped a statement"),
    "query.asked": _("sent a statement"),
    "query.stopped": _("stopped somebody's statement"),
    "connection.results_purged": _("removed the rows a connection brought"),
    "query.reviewed": _("reviewed a refused statement"),
}
NARROW = _("Narrow the question, or allow it more time.")
CARE = _("Test the connection; its page says what to do.")
ANEW = _("Change the statement and run it again.")
PROBLEMS = (
    (
        "option_not_allowed",
        400,
        _("This option cannot be set"),
        _("Leave it out; `errors` names it."),
    ),
    (
        "sqlite_path_forbidden",
        400,
        _("There is no such database file"),
        _("Name a file that was uploaded here, never a path."),
    ),
    (
        "connection_invalid",
        400,
        _("The connection is incomplete or odd"),
        _("Mend the named field."),
    ),
    ("driver_unknown", 400, _("There is no such driver"), _("Choose one of the offered drivers.")),
    (
        "connection_name_taken",
        409,
        _("You have a connection of this name"),
        _("Choose another name."),
    ),
    (
        "tls_required",
        422,
        _("Unencrypted connections stay in networks that an operator opened"),
        _("Choose encryption, or ask an operator to open the network."),
    ),
    (
        "statement_refused",
        422,
        _("The statement is refused"),
        _("Only single statements that read are run; `rule` says what was found."),
    ),
    ("cannot_reach", 422, _("The database does not answer"), CARE),
    ("tls_failed", 422, _("The encrypted connection failed"), CARE),
    ("auth_failed", 422, _("The database refuses the sign-in"), CARE),
    ("not_this_database", 422, _("The server has no such database for this user"), CARE),
    (
        "own_database",
        422,
        _("This is the platform's own database"),
        _("Connect another database."),
    ),
    (
        "unsafe_role",
        422,
        _("The database user may do more than read"),
        _("Use a user that can only read; the page of the connection has the statements for it."),
    ),
    (
        "connection_disabled",
        422,
        _("The connection is switched off"),
        _("Switch it on, or choose another one."),
    ),
    (
        "permission_denied_by_server",
        422,
        _("The database does not allow this"),
        _("Ask who runs it for the right to read these tables."),
    ),
    (
        "secret_unreadable",
        422,
        _("The stored password cannot be read"),
        _("Enter the password anew."),
    ),
    (
        "not_a_database_file",
        415,
        _("This is no database and no table"),
        _(
            "Upload a SQLite database itself, or a CSV, TSV or Excel file where tables are asked for."
        ),
    ),
    (
        "file_in_place",
        409,
        _("The connection has its file"),
        _("Take that one away first, or make another connection."),
    ),
    (
        "encoding_unknown",
        422,
        _("The encoding of the file is not known"),
        _("Save it as UTF-8 or GB18030 and upload it again."),
    ),
    ("file_damaged", 422, _("The file is damaged"), _("Save it anew and upload it again.")),
    ("no_rows", 422, _("The file holds no rows"), _("Upload a file with a row of names and rows.")),
    ("too_many_rows", 422, _("The file holds too many rows"), _("Upload at most 2,000,000 rows.")),
    (
        "too_many_columns",
        422,
        _("The file holds too many columns"),
        _("Upload at most 500 columns."),
    ),
    ("too_many_sheets", 422, _("The file holds too many sheets"), _("Upload at most 20 sheets.")),
    (
        "sheet_too_large",
        422,
        _("The file takes too much time or memory"),
        _("Upload it in parts, or as CSV instead of Excel."),
    ),
    ("file_unreadable", 422, _("The database file cannot be read"), _("Upload it again.")),
    ("sql_syntax", 422, _("The database does not understand the statement"), ANEW),
    ("table_unknown", 422, _("The database has no such table"), ANEW),
    ("column_unknown", 422, _("The database has no such column"), ANEW),
    ("function_unknown", 422, _("The database has no such function"), ANEW),
    ("ambiguous_column", 422, _("A column could be of several tables"), ANEW),
    ("grouping", 422, _("A column is neither grouped nor summed up"), ANEW),
    ("statement_failed", 422, _("The statement failed"), ANEW),
    ("result_too_large", 422, _("The result is too large"), NARROW),
    ("memory", 422, _("The statement takes too much memory"), NARROW),
    ("cancelled", 422, _("The statement was stopped"), _("Run it again.")),
    ("timeout", 504, _("The statement took too long"), NARROW),
    (
        "queries_busy",
        503,
        _("Too many statements run at once"),
        _("Wait until some of them are done."),
    ),
    ("interrupted", 503, _("The statement was cut off"), _("Run it again.")),
    ("internal", 503, _("The statement could not be run"), _("Run it again.")),
)
LIMITS = (
    LimitClass("query.run", _("Running statements"), 60, MINUTE, "user", strict=True),
    LimitClass("connection.test", _("Trying connections"), 10, MINUTE, "user", strict=True),
)
SETTINGS = (
    Definition(
        key="querygpt.source_bytes",
        kind=INTEGER,
        default=200 * MEBIBYTE,
        low=MEBIBYTE,
        high=GIBIBYTE,
        group="querygpt",
        title=_("Database files, each"),
        unit="B",
    ),
    Definition(
        key="querygpt.low_ports",
        kind=TEXT,
        default="",
        high=200,
        optional=True,
        group="querygpt",
        title=_("Ports below 1024 that databases may use"),
        help=_("Numbers, separated by commas."),
    ),
    Definition(
        key="querygpt.allow_privileged_roles",
        kind=TEXT,
        default="",
        high=4000,
        optional=True,
        group="querygpt",
        title=_("Connections whose user may do more than read"),
        help=_("Ids of connections, separated by commas. They are asked in spite of the finding."),
    ),
)

SOURCE_CAP = "querygpt.source_bytes"
# Where files are brought, and the most a request may hold; the cap of the file itself is a setting.
FILE_DOORS = ("/api/v1/connections/", "/query/connections/new/")
MAX_UPLOAD_BYTES = 256 * MEBIBYTE
LETTERS = {
    "connection_failing": Letter(
        _("The database %(connection)s does not answer"),
        (_("It was tried three times. Questions to it fail until it answers again."),),
        _("See the connection"),
        "connection",
        category="system",
        level="warning",
    ),
    "connection_unsafe": Letter(
        _("The database user of %(connection)s may do more than read"),
        (_("Nothing is asked by this connection until that is changed."),),
        _("See what to do"),
        "connection",
        category="system",
        level="error",
    ),
    "connection_back": Letter(
        _("The database %(connection)s answers again"),
        (_("Questions to it work as before."),),
        _("See the connection"),
        "connection",
        category="system",
        level="success",
    ),
}
NOTICE = NoticeType("connection", _("Databases that stop or start answering"))
PAGE = NavigationEntry(
    "query_connections",
    _("Connections"),
    "query_connections",
    "database",
    21,
    "connection.view",
    group="tools",
)


def declare() -> None:
    entries.actions(ACTIONS)
    entries.problems(PROBLEMS)
    for limit in LIMITS:
        registry.limit_classes.add(limit.name, limit)
    for setting in SETTINGS:
        define(setting)
    entries.places(PAGE)
    for prefix in FILE_DOORS:
        registry.body_limits.add(prefix, MAX_UPLOAD_BYTES)
    registry.page_limits.add("query_connection_test", {"POST": ("connection.test",)})
    registry.link_resolvers.add("connection", _page)
    registry.notice_types.add(NOTICE.key, NOTICE)
    for key, letter in LETTERS.items():
        registry.letters.add(key, letter)
    entries.schedules(
        Schedule(
            "querygpt.look_after",
            sweeping.look_after,
            every_s=sweeping.HEALTH_SECONDS,
            label=_("Look whether databases answer"),
        ),
        Schedule(
            "querygpt.structures",
            sweeping.refresh_structures,
            every_s=3600,
            label=_("Read the structures of databases again"),
        ),
    )
    for model in ("connection", "run"):
        registry.console_rights.add(
            f"querygpt.{model}", ConsoleRight("querygpt.operate", "querygpt.operate")
        )
    purposes.add(files.PURPOSE, Purpose(_("database file"), None, cap_key=SOURCE_CAP))


def _page(number: str) -> str:
    return reverse("query_connection", args=[number])
