"""What is known of databases: deeds of the audit log, problems, places, letters, the file of values."""

from functools import partial
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.registry import ConsoleRight, Letter, NavigationEntry, NoticeType
from laojun.declarations import entries
from laojun.files import Purpose, purposes
from querygpt import values
from querygpt.knowledge import revalidating

ACTIONS = {
    "schema.refresh_asked": _("had the structure of a database read"),
    "schema.table_changed": _("changed what is known of a table"),
    "schema.column_changed": _("changed what is known of a column"),
    "schema.relationship_added": _("related two tables"),
    "schema.relationship_changed": _("changed a relationship of tables"),
    "schema.relationship_removed": _("forgot a relationship of tables"),
    "term.created": _("taught a term"),
    "term.updated": _("changed a term"),
    "term.deleted": _("deleted a term"),
    "example.created": _("drafted an example"),
    "example.updated": _("changed an example"),
    "example.approved": _("approved an example"),
    "example.withdrawn": _("withdrew an example"),
    "example.deleted": _("deleted an example"),
    "prompt.updated": _("changed what models are told"),
    "prompt.reset": _("reset what models are told"),
}
PROBLEMS = (
    (
        "expression_refused",
        422,
        _("The expression is not allowed"),
        _("Use columns of the table and ordinary functions; see `rule` and `reason`."),
    ),
    (
        "example_refused",
        422,
        _("The statement is not allowed"),
        _("Only single reads of known tables become examples; see `rule` and `reason`."),
    ),
    (
        "trial_failed",
        422,
        _("The statement did not run"),
        _("Mend it, then approve again; see `error_code` and `reason`."),
    ),
    (
        "not_checked",
        503,
        _("The statement could not be checked just now"),
        _("Try again in a moment."),
    ),
    (
        "term_taken",
        409,
        _("There is a term of this name already"),
        _("Change that one, or choose another name."),
    ),
    (
        "question_taken",
        409,
        _("This question has an approved answer already"),
        _("Withdraw that one first."),
    ),
    (
        "example_moved",
        409,
        _("Somebody changed the example meanwhile"),
        _("Look at it again, then decide."),
    ),
    (
        "cannot_join",
        422,
        _("These columns cannot be joined"),
        _("Name columns that are there, of types that can be compared."),
    ),
    (
        "relationship_taken",
        409,
        _("These tables are related by these columns already"),
        _("Change that relationship."),
    ),
    (
        "prompt_taken",
        409,
        _("There is a text of this part already"),
        _("Change that one, or reset it."),
    ),
)
LETTER = Letter(
    _("%(connection)s changed: %(terms)s terms and %(examples)s examples no longer hold"),
    (
        _("The structure of the database changed. What no longer holds is not used any more."),
        _("Look at the broken ones and mend them."),
    ),
    _("See what changed"),
    "knowledge",
    category="update",
    level="warning",
)
CONSOLE = ("table", "term", "example")


def declare() -> None:
    entries.actions(ACTIONS)
    entries.problems(PROBLEMS)
    entries.places(
        NavigationEntry(
            key="knowledge",
            label=_("Glossary"),
            url_name="query_terms",
            icon="pen",
            order=45,
            permission="connection.view",
            group="tools",
        )
    )
    purposes.add(values.PURPOSE, Purpose(_("Values of databases"), None))
    notice = NoticeType("knowledge", _("Terms and examples that no longer hold"))
    registry.notice_types.add(notice.key, notice)
    registry.letters.add(revalidating.LETTER, LETTER)
    registry.link_resolvers.add("connection_schema", partial(_page, "query_schema"))
    registry.console_rights.add(
        "querygpt.prompt", ConsoleRight("querygpt.operate", "querygpt.operate")
    )


def _page(name: str, number: Any) -> str:
    return reverse(name, args=[number])
