"""The pages of connections: what is lent here, how each does, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.authentication import Principal
from accounts.registry import problems
from accounts.web import outside
from accounts.web.access import needs, person_of, principal_of
from accounts.web.problems import words
from laojun.audit import Actor
from laojun.files import FileTooLarge, StorageQuotaExceeded
from querygpt import uploads
from querygpt.connections import ConnectionRefused, saving, testing
from querygpt.forms import ConnectionForm
from querygpt.models import Connection

SHOWN = 200
DRIVERS = {
    Connection.Driver.POSTGRESQL: ("PostgreSQL", gettext_lazy("A server with its own address")),
    Connection.Driver.MYSQL: ("MySQL, MariaDB", gettext_lazy("A server with its own address")),
    Connection.Driver.SQLITE: ("SQLite", gettext_lazy("A file that you upload")),
    Connection.Driver.DUCKDB: (
        gettext_lazy("CSV or Excel"),
        gettext_lazy("Tables that you upload"),
    ),
}
FINDINGS = {
    "superuser": gettext_lazy("The user rules the whole server."),
    "replication": gettext_lazy("The user may copy the whole server."),
    "bypass_rls": gettext_lazy("The user passes the rules of rows."),
    "server_files": gettext_lazy("The user may read files of the server."),
    "pg_read_server_files": gettext_lazy("The user may read files of the server."),
    "pg_write_server_files": gettext_lazy("The user may write files of the server."),
    "pg_execute_server_program": gettext_lazy("The user may start programs on the server."),
    "may_write": gettext_lazy(
        "The user may change data. Nothing here does, but it need not be able to."
    ),
}
STATES = {
    Connection.Status.NEW: "queued",
    Connection.Status.OK: "succeeded",
    Connection.Status.FAILING: "failed",
    Connection.Status.UNSAFE: "needs_you",
    Connection.Status.DISABLED: "cancelled",
}


@dataclass
class Card:
    """A connection as pages show it."""

    connection: Connection
    may_edit: bool

    @property
    def driver(self) -> str:
        return str(DRIVERS[Connection.Driver(self.connection.driver)][0])

    @property
    def place(self) -> str:
        one = self.connection
        if one.is_file:
            return one.database_name
        port = f":{one.port}" if one.port else ""
        return f"{one.host}{port} / {one.database_name}"

    @property
    def state(self) -> tuple[str, str]:
        """Word of the state list and a word of our own."""
        status = Connection.Status(self.connection.status)
        return STATES[status], str(status.label)

    @property
    def fault(self) -> str:
        """What the last test found wrong, in words."""
        problem = problems.get(self.connection.last_error_code)
        return f"{problem.title} – {problem.remedy}" if problem else ""

    @property
    def findings(self) -> list[tuple[str, str]]:
        return [
            (one["severity"], str(FINDINGS.get(one["code"], one["code"])))
            for one in self.connection.findings
        ]

    @property
    def recipe(self) -> str:
        return testing.recipe(self.connection) if self.connection.findings else ""


@needs("connection.view")
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    principal = principal_of(request)
    rows = list(_visible(principal).order_by("-is_default", "name")[:SHOWN])
    editable = set(_editable(principal).values_list("pk", flat=True))
    context = {
        "cards": [Card(row, row.pk in editable) for row in rows],
        "may_create": principal.may("connection.create"),
    }
    return render(request, "query/connections.html", context)


@needs("connection.create")
@require_safe
def drivers(request: HttpRequest) -> HttpResponse:
    """What kind of database it is."""
    offered = [(key, *told) for key, told in DRIVERS.items()]
    return render(request, "query/connection_drivers.html", {"drivers": offered})


@needs("connection.create")
def create(request: HttpRequest, driver: str) -> HttpResponse:
    """Make a connection, or bring a database file."""
    if driver not in DRIVERS:
        raise Http404
    principal = principal_of(request)
    given = (request.POST, request.FILES) if request.method == "POST" else ()
    form = ConnectionForm(*given, driver=driver, may_share=principal.may("connection.share"))
    made: list[Connection] = []
    deed = partial(_make, request, form, driver, made)
    if form.is_bound and form.is_valid() and saved(form, deed):
        messages.success(request, _("%(name)s is here. Test it.") % {"name": made[0].name})
        return redirect("query_connection", connection_id=made[0].pk)
    context = {"form": form, "driver": driver, "label": DRIVERS[Connection.Driver(driver)][0]}
    status = 400 if form.is_bound else 200
    return render(request, "query/connection_new.html", context, status=status)


@needs("connection.view")
def detail(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """A connection: how it does, what was found, its settings as a form."""
    principal = principal_of(request)
    if request.method != "POST":
        return shown(request, _one(principal, connection_id))
    connection = _locked(principal, connection_id)
    if connection is None:
        return render(request, "403.html", status=403)
    form = _form(request, connection, request.POST)
    if not form.is_valid():
        return shown(request, connection, form=form)
    if form.cleaned_data["seen"] != str(connection.version):
        form.add_error(None, _("Somebody changed it meanwhile. Look at it again, then decide."))
        return shown(request, connection, form=form)
    # An empty field says nothing of the password.
    password = form.cleaned_data.get("password") or None
    if not saved(
        form,
        lambda: saving.change(
            connection=connection, wishes=form.wishes(), password=password, actor=_actor(request)
        ),
    ):
        return shown(request, _one(principal, connection_id), form=form)
    messages.success(request, _("Saved."))
    return redirect("query_connection", connection_id=connection_id)


@needs("connection.update")
@require_POST
def test(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Connect and look around; the page then shows what was found."""
    connection = _locked(principal_of(request), connection_id)
    if connection is None:
        return render(request, "403.html", status=403)
    return outside.later(partial(_tested, request, connection))


@needs("connection.update")
@require_POST
def switch(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """On or off; what runs against it is stopped when it is switched off."""

    def deed(connection: Connection) -> str:
        if request.POST.get("on") == "yes":
            saving.switch_on(connection=connection, actor=_actor(request))
            return _("It is switched on. Test it.")
        saving.switch_off(connection=connection, actor=_actor(request))
        return _("It is switched off.")

    return _done(request, connection_id, deed)


@needs("connection.update")
@require_POST
def choose(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """New conversations start with it."""

    def deed(connection: Connection) -> str:
        saving.change(
            connection=connection, wishes={"is_default": True}, password=None, actor=_actor(request)
        )
        return _("%(name)s is the default now.") % {"name": connection.name}

    return _done(request, connection_id, deed)


@needs("connection.delete")
@require_POST
def delete(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    connection = _locked(principal_of(request), connection_id)
    if connection is None:
        return render(request, "403.html", status=403)
    saving.remove(connection=connection, actor=_actor(request))
    messages.success(request, _("%(name)s is deleted.") % {"name": connection.name})
    return redirect("query_connections")


def saved(form: ConnectionForm, deed: Callable[[], Any]) -> bool:
    """Do it, or show on the form why not."""
    try:
        with transaction.atomic():
            deed()
    except ConnectionRefused as refused:
        form.show(refused.field, _sentence(refused.code))
    except (saving.NameTaken, saving.LimitReached) as refused:
        form.show("name", words(refused))
    except (uploads.NotADatabase, FileTooLarge, StorageQuotaExceeded) as refused:
        form.show("file", words(refused))
    else:
        return True
    return False


def shown(
    request: HttpRequest, connection: Connection, *, form: ConnectionForm | None = None
) -> HttpResponse:
    principal = principal_of(request)
    may_edit = _editable(principal).filter(pk=connection.pk).exists()
    if form is None and may_edit:
        form = _form(request, connection)
    context = {
        "card": Card(connection, may_edit),
        "connection": connection,
        "form": form,
        "files": list(connection.files.all()) if connection.is_file else [],
        "may_delete": may_edit and principal.may("connection.delete"),
    }
    status = 400 if form is not None and form.is_bound else 200
    return render(request, "query/connection.html", context, status=status)


def _make(request: HttpRequest, form: ConnectionForm, driver: str, made: list[Connection]) -> None:
    principal = principal_of(request)
    wishes = {**form.wishes(), "driver": driver}
    assert principal.workspace_id is not None  # noqa: S101
    connection = saving.create(
        workspace_id=principal.workspace_id,
        user=person_of(request),
        wishes=wishes,
        password=form.cleaned_data.get("password", ""),
        actor=_actor(request),
    )
    if upload := form.cleaned_data.get("file"):
        first = upload.read(16)
        upload.seek(0)
        uploads.add(
            connection=connection,
            content=upload.chunks(),
            name=upload.name,
            head=first,
            user=person_of(request),
            actor=_actor(request),
        )
    made.append(connection)


def _tested(request: HttpRequest, connection: Connection) -> HttpResponse:
    outcome = testing.test(connection=connection, actor=person_of(request))
    if outcome.ok:
        told = _("It works: %(version)s, %(ms)s ms.")
        messages.success(request, told % {"version": outcome.version, "ms": outcome.latency_ms})
    else:
        messages.error(request, _sentence(outcome.code))
    return redirect("query_connection", connection_id=connection.pk)


def _done(
    request: HttpRequest, connection_id: UUID, deed: Callable[[Connection], str]
) -> HttpResponse:
    connection = _locked(principal_of(request), connection_id)
    if connection is None:
        return render(request, "403.html", status=403)
    messages.success(request, deed(connection))
    return redirect("query_connection", connection_id=connection_id)


def _form(request: HttpRequest, connection: Connection, given: Any = None) -> ConnectionForm:
    may_share = principal_of(request).may("connection.share")
    return ConnectionForm(
        given, driver=connection.driver, may_share=may_share, connection=connection
    )


def _sentence(code: str) -> str:
    problem = problems.get(code)
    return f"{problem.title}. {problem.remedy}" if problem else code


def _visible(principal: Principal) -> Any:
    return Connection.objects.visible_to(principal)


def _editable(principal: Principal) -> Any:
    return Connection.objects.editable_by(principal)


def _one(principal: Principal, connection_id: UUID) -> Connection:
    found: Connection = get_object_or_404(_visible(principal), pk=connection_id)
    return found


def _locked(principal: Principal, connection_id: UUID) -> Connection | None:
    """The connection, locked; None for who may see but not change it."""
    _one(principal, connection_id)
    rows = _editable(principal).select_for_update(of=("self",))
    found: Connection | None = rows.filter(pk=connection_id).first()
    return found


def _actor(request: HttpRequest) -> Actor:
    return Actor.of_principal(principal_of(request))
