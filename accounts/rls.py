"""Tenancy in the schema: migration operations for row-level security, tenant foreign keys and monthly partitions.

Every policy of the product is made here, so that every table's policy reads the same.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import migrations

OWNER = "taishang_owner"
APP = "taishang_app"
OPERATOR = "taishang_operator"
DISPATCHER = "taishang_dispatcher"
SEALER = "taishang_sealer"

WORKSPACE = "NULLIF(current_setting('app.workspace_id', true), '')::bigint"
USER = "NULLIF(current_setting('app.user_id', true), '')::uuid"
CREDENTIAL = "NULLIF(current_setting('app.credential', true), '')"
MIGRATING = "current_setting('app.migrating', true) = 'on'"

IN_WORKSPACE = f"workspace_id = {WORKSPACE}"
IN_WORKSPACE_OR_PLATFORM = f"(workspace_id = {WORKSPACE} OR workspace_id IS NULL)"
OWN_OR_IN_WORKSPACE = f"(workspace_id = {WORKSPACE} OR (workspace_id IS NULL AND user_id = {USER}))"
NOBODY = "false"


class TenantPolicy(migrations.RunSQL):
    """Force row-level security on a table, one policy per command.

    `read` and `write` are conditions on the row for the application role; the operator role passes always,
    the owner only inside `tenancy.migration_scope()`. `insert`, `update`, `delete` override `write`.
    """

    def __init__(
        self,
        table: str,
        *,
        read: str = IN_WORKSPACE,
        write: str = IN_WORKSPACE,
        insert: str | None = None,
        update: str | None = None,
        delete: str | None = None,
    ) -> None:
        insert, update, delete = insert or write, update or write, delete or write
        forward = f"""
            ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
            ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
            CREATE POLICY {table}_read ON {table} FOR SELECT TO {APP} USING ({read});
            CREATE POLICY {table}_insert ON {table} FOR INSERT TO {APP} WITH CHECK ({insert});
            CREATE POLICY {table}_update ON {table} FOR UPDATE TO {APP} USING ({update}) WITH CHECK ({update});
            CREATE POLICY {table}_delete ON {table} FOR DELETE TO {APP} USING ({delete});
            CREATE POLICY {table}_operator ON {table} TO {OPERATOR} USING (true) WITH CHECK (true);
            CREATE POLICY {table}_owner ON {table} TO {OWNER} USING ({MIGRATING}) WITH CHECK ({MIGRATING});
        """
        names = ("read", "insert", "update", "delete", "operator", "owner")
        drops = "".join(f"DROP POLICY {table}_{name} ON {table};" for name in names)
        reverse = f"""
            {drops}
            ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
            ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
        """
        super().__init__(forward, reverse)
        self.arguments = (table, read, insert, update, delete)

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        table, read, insert, update, delete = self.arguments
        return (
            "TenantPolicy",
            [table],
            {"read": read, "insert": insert, "update": update, "delete": delete},
        )

    def describe(self) -> str:
        return f"Force row-level security on {self.arguments[0]}"


class TenantForeignKey(migrations.RunSQL):
    """Bind a reference to its workspace: `(workspace_id, column) → (workspace_id, id)`.

    A plain foreign key ignores row-level security, so a row could point into another workspace. With
    `on_delete="SET NULL"` only the column is nulled, never the workspace.
    """

    def __init__(self, table: str, column: str, target: str, *, on_delete: str = "CASCADE") -> None:
        name = f"{table}_{column}_tenant_fk"
        action = f"SET NULL ({column})" if on_delete == "SET NULL" else on_delete
        super().__init__(
            f"""
            ALTER TABLE {table} ADD CONSTRAINT {name}
                FOREIGN KEY (workspace_id, {column}) REFERENCES {target} (workspace_id, id)
                ON DELETE {action} DEFERRABLE INITIALLY DEFERRED;
            """,
            f"ALTER TABLE {table} DROP CONSTRAINT {name};",
        )


class TenantKey(migrations.RunSQL):
    """The unique pair `(workspace_id, id)` that tenant foreign keys of other tables point at."""

    def __init__(self, table: str) -> None:
        name = f"{table}_tenant_key_uniq"
        super().__init__(
            f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE (workspace_id, id);",
            f"ALTER TABLE {table} DROP CONSTRAINT {name};",
        )


class SameKey(migrations.RunSQL):
    """The unique pair `(within, id)` that `SameForeignKey` of other tables points at."""

    def __init__(self, table: str, *, within: str = "work_id") -> None:
        name = f"{table}_{within.removesuffix('_id')}_key_uniq"
        super().__init__(
            f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE ({within}, id);",
            f"ALTER TABLE {table} DROP CONSTRAINT {name};",
        )


class SameForeignKey(migrations.RunSQL):
    """Bind a reference to the thing that both rows belong to: `(within, column) → (within, id)`.

    With `on_delete="SET NULL"` only the column is nulled. `NO ACTION` is checked at the end of the transaction, so
    that the whole thing can still go at once.
    """

    def __init__(
        self,
        table: str,
        column: str,
        target: str,
        *,
        within: str = "work_id",
        on_delete: str = "CASCADE",
    ) -> None:
        thing = within.removesuffix("_id")
        name = f"{table}_same_{thing}_{column.removesuffix('_id')}"
        action = f"SET NULL ({column})" if on_delete == "SET NULL" else on_delete
        super().__init__(
            f"""
            ALTER TABLE {table} ADD CONSTRAINT {name}
                FOREIGN KEY ({within}, {column}) REFERENCES {target} ({within}, id)
                ON DELETE {action} DEFERRABLE INITIALLY DEFERRED;
            """,
            f"ALTER TABLE {table} DROP CONSTRAINT {name};",
        )


class RowVersion(migrations.RunSQL):
    """Raise a version column at every UPDATE, in the database, so that no writer can forget it.

    With `columns`, only an update that moves one of them raises it: counters beside them leave entity tags alone.
    """

    def __init__(self, table: str, column: str = "version", *, columns: Sequence[str] = ()) -> None:
        old, new = (", ".join(f"{side}.{name}" for name in columns) for side in ("OLD", "NEW"))
        moved = f"WHEN (ROW({old}) IS DISTINCT FROM ROW({new}))" if columns else ""
        super().__init__(
            f"""
            CREATE FUNCTION {table}_raise_version() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN NEW.{column} := OLD.{column} + 1; RETURN NEW; END $$;
            CREATE TRIGGER {table}_version BEFORE UPDATE ON {table}
                FOR EACH ROW {moved} EXECUTE FUNCTION {table}_raise_version();
            """,
            f"""
            DROP TRIGGER {table}_version ON {table};
            DROP FUNCTION {table}_raise_version();
            """,
        )


class MonthlyPartitions(migrations.RunSQL):
    """Turn a table that was just created and is empty into one partitioned by month on `created_at`.

    Django keeps `id` as the primary key in its state; the database's key becomes `(id, created_at)`.
    Defaults, identity and CHECK constraints are copied; indexes and foreign keys are made afterwards. A default
    partition catches what no month holds, and the months from
    `first` on exist for `months` months; the maintenance job makes the later ones.
    """

    def __init__(self, table: str, *, first: date, months: int = 6, unique: str = "") -> None:
        extra = f"ALTER TABLE {table} ADD {unique};" if unique else ""
        super().__init__(
            f"""
            ALTER TABLE {table} RENAME TO {table}_plain;
            CREATE TABLE {table} (LIKE {table}_plain INCLUDING DEFAULTS INCLUDING IDENTITY
                INCLUDING CONSTRAINTS INCLUDING COMMENTS) PARTITION BY RANGE (created_at);
            DROP TABLE {table}_plain CASCADE;
            ALTER TABLE {table} ADD CONSTRAINT {table}_pk PRIMARY KEY (id, created_at);
            {extra}
            CREATE TABLE {table}_default PARTITION OF {table} DEFAULT;
            REVOKE ALL ON {table}_default FROM {APP}, {OPERATOR};
            {"".join(partition_sql(table, month) for month in _months(first, months))}
            """,
            migrations.RunSQL.noop,
        )


def partition_sql(table: str, month: date) -> str:
    """The statements that make one month's partition. Nobody may address it directly: policies guard the parent."""
    end = _next(month)
    name = f"{table}_{month:%Y_%m}"
    return (
        f"CREATE TABLE {name} PARTITION OF {table} FOR VALUES FROM ('{month}') TO ('{end}');"
        f"REVOKE ALL ON {name} FROM {APP}, {OPERATOR};"
    )


def _next(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _months(first: date, count: int) -> list[date]:
    months = [first]
    while len(months) < count:
        months.append(_next(months[-1]))
    return months
