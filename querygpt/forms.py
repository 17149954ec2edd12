"""What people type into the pages of connections: for each driver its fields alone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from querygpt.connections.checking import PORTS
from querygpt.models import Connection
from querygpt.models.connection import FILE_DRIVERS

PLACE = ("host", "port", "database_name", "username", "password", "tls_mode")
MAX_PASSWORD = 1024


class ConnectionForm(forms.Form):
    """A connection to be made (without `connection`), or one to be changed."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=30, required=False)
    name = forms.CharField(label=_("Name"), max_length=100)
    file = forms.FileField(
        label=_("Database file"), help_text=_("A SQLite file, at most 200 MiB. It is only read.")
    )
    host = forms.CharField(
        label=_("Host"),
        max_length=255,
        help_text=_("As db.example.com, without protocol and path."),
    )
    port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65_535, required=False)
    database_name = forms.CharField(label=_("Database"), max_length=255)
    username = forms.CharField(
        label=_("User"), max_length=128, help_text=_("Best one that can only read.")
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=MAX_PASSWORD,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("It is stored encrypted and never shown again."),
    )
    tls_mode = forms.ChoiceField(
        label=_("Encryption"),
        choices=Connection.TlsMode.choices,
        initial=Connection.TlsMode.REQUIRE,
        help_text=_("Verified is safest: nobody can pose as the server."),
    )
    schemas = forms.CharField(
        label=_("Schemas"),
        max_length=1400,
        required=False,
        help_text=_("Separated by commas. Empty: all that the user may read."),
    )
    timeout_seconds = forms.IntegerField(
        label=_("Time limit of a statement"),
        min_value=1,
        max_value=120,
        initial=15,
        help_text=_("seconds"),
    )
    max_rows = forms.IntegerField(
        label=_("Most rows of a result"), min_value=1, max_value=50_000, initial=1000
    )
    disclosure = forms.ChoiceField(
        label=_("What models may see"), choices=Connection.Disclosure.choices
    )
    reference_date = forms.DateField(
        label=_("Counts as today"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=_("For data that ends on a day. Empty: the day of asking."),
    )
    values_enabled = forms.BooleanField(
        label=_("Know the values of short text columns"), required=False
    )
    shared = forms.BooleanField(label=_("Everybody in this workspace may ask it"), required=False)

    def __init__(
        self,
        *args: Any,
        driver: str,
        may_share: bool,
        connection: Connection | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, initial=_initial(connection), **kwargs)
        self.driver = driver
        is_file = driver in FILE_DRIVERS
        dropped = [*PLACE, "schemas"] if is_file else ["file"]
        if driver != Connection.Driver.POSTGRESQL:
            dropped.append("schemas")
        if not may_share:
            dropped.append("shared")
        if connection is not None:
            dropped.append("file")
            if connection.has_password:
                self.fields["password"].help_text = _(
                    "It is stored and never shown. Type to replace it; a new place clears it."
                )
        for name in dropped:
            self.fields.pop(name, None)
        if "file" in self.fields and driver == Connection.Driver.DUCKDB:
            self.fields["file"].label = _("Table file")
            self.fields["file"].help_text = _(
                "CSV, TSV or Excel, at most 2,000,000 rows. Each sheet becomes a table."
            )
        if "port" in self.fields:
            self.fields["port"].help_text = _("Empty: %(port)s.") % {"port": PORTS[driver]}

    def wishes(self) -> dict[str, Any]:
        """Columns of the connection."""
        given = dict(self.cleaned_data)
        for name in ("seen", "file", "password"):
            given.pop(name, None)
        if "shared" in given:
            given["visibility"] = "workspace" if given.pop("shared") else "private"
        schemas = [name.strip() for name in given.pop("schemas", "").split(",") if name.strip()]
        if "schemas" in self.fields:
            given["extra_options"] = {"schemas": schemas} if schemas else {}
        return given

    def show(self, field: str, sentence: Any) -> None:
        """A refusal beside the field at fault."""
        self.add_error(field if field in self.fields else None, sentence)


def _initial(connection: Connection | None) -> dict[str, Any]:
    if connection is None:
        return {}
    columns = ("name", "host", "port", "database_name", "username", "tls_mode", "timeout_seconds",
               "max_rows", "disclosure", "reference_date", "values_enabled")  # fmt: skip
    return {
        **{name: getattr(connection, name) for name in columns},
        "schemas": ", ".join(connection.extra_options.get("schemas", [])),
        "shared": connection.visibility == Connection.Visibility.WORKSPACE,
        "seen": connection.version,
    }
