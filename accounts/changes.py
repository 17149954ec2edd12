"""The change feed in the schema: migration operations that let the database note which resources changed.

A trigger notes the change in the transaction that makes it, whoever writes and however: no code can forget it.
The notes hold no content, only which thing changed; readers load the thing by what they may see.
"""

from collections.abc import Sequence
from typing import Any

from django.db import migrations

# The function runs as the owner of the tables: a row may be written where its reader's context is not set
# (a new account, the claim of a task), and nobody else may write the feed.
FUNCTION = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE changed {table}%ROWTYPE;
BEGIN
    IF TG_OP = 'DELETE' THEN changed := OLD; ELSE changed := NEW; END IF;
    {body}
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION {name}() FROM PUBLIC;
{whole}
CREATE TRIGGER {name}_update AFTER UPDATE ON {table} FOR EACH ROW {moved} EXECUTE FUNCTION {name}();
"""
DROP = """
DROP TRIGGER {name}_update ON {table};
DROP TRIGGER IF EXISTS {name} ON {table};
DROP FUNCTION {name}();
"""
WHOLE = "CREATE TRIGGER {name} AFTER INSERT OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}();"
NOTE = """
    INSERT INTO accounts_changes (workspace_id, user_id, resource_type, resource_id, op)
        SELECT {workspace}, {user}, '{type}', {key}::text,
               CASE TG_OP WHEN 'DELETE' THEN 'gone' ELSE 'upsert' END
        WHERE {only}
        ON CONFLICT (resource_type, resource_id, workspace_id, user_id) DO UPDATE
        SET op = EXCLUDED.op, xid = pg_current_xact_id(), changed_at = clock_timestamp();
"""
# Only what is known already: a thing nobody was told of is told by its own trigger.
TOUCH = """
    UPDATE accounts_changes SET xid = pg_current_xact_id(), changed_at = clock_timestamp()
        WHERE resource_type = '{type}' AND resource_id = {key}::text AND op = 'upsert' AND {only};
"""
BACKFILL = """
SELECT set_config('app.migrating', 'on', true);
INSERT INTO accounts_changes (workspace_id, user_id, resource_type, resource_id, op)
    SELECT {workspace}, {user}, '{type}', {key}::text, 'upsert' FROM {table} changed WHERE {only}
    ON CONFLICT DO NOTHING;
SELECT set_config('app.migrating', '', true);
"""


class NoteChanges(migrations.RunSQL):
    """Note each change of a row of `table` as a change of the resource `type`.

    `key`, `workspace`, `user` and `only` are SQL over the row `changed`: the resource's id, whose feed it is in
    (a workspace's, or with NULL a person's own), to whom it is private, and which rows count. `columns` are the
    ones a reader can see; an update that moves none of them is not noted.
    """

    verb = "note"
    template = NOTE
    backfill = BACKFILL

    def __init__(
        self,
        table: str,
        type: str,
        *,
        key: str = "changed.id",
        workspace: str = "changed.workspace_id",
        user: str = "NULL::uuid",
        only: str = "true",
        columns: Sequence[str] = (),
    ) -> None:
        facts = {"type": type, "key": key, "workspace": workspace, "user": user, "only": only}
        name = f"{table}_{self.verb}_{type}"
        whole = self.whole(columns).format(name=name, table=table)
        trigger = {"table": table, "name": name, "moved": _moved(columns), "whole": whole}
        body = self.template.format(**facts)
        super().__init__(
            FUNCTION.format(body=body, **trigger) + self.backfill.format(table=table, **facts),
            DROP.format(**trigger),
        )
        self.arguments: tuple[list[str], dict[str, Any]] = (
            [table, type],
            {
                "key": key,
                "workspace": workspace,
                "user": user,
                "only": only,
                "columns": tuple(columns),
            },
        )

    def whole(self, columns: Sequence[str]) -> str:
        """The trigger for rows that come and go."""
        return WHOLE

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        return type(self).__name__, *self.arguments

    def describe(self) -> str:
        return f"Note changes of {self.arguments[0][0]} as {self.arguments[0][1]}"


class TouchChanges(NoteChanges):
    """Let a change of a row of `table` count as a change of a resource that shows it, if clients know it.

    `only` may also name columns of `accounts_changes`. With `columns`, rows that come and go touch nothing.
    """

    verb = "touch"
    template = TOUCH
    backfill = ""

    def whole(self, columns: Sequence[str]) -> str:
        return "" if columns else WHOLE


def _moved(columns: Sequence[str]) -> str:
    if not columns:
        return ""
    old, new = (", ".join(f"{side}.{column}" for column in columns) for side in ("OLD", "NEW"))
    return f"WHEN (ROW({old}) IS DISTINCT FROM ROW({new}))"
