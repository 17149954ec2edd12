"""Columns that name a model: migration operations that hold them to what their workspace may use."""

from django.db import migrations

# As the owner inside a migration scope, for a moment: the writer's own eyes may be narrower (a sweep, a check at
# commit), and a function cannot be given the setting for good by a role that is no superuser.
AS_OWNER = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public"
EYES = "eyes text := current_setting('app.migrating', true);"
OPEN = "PERFORM set_config('app.migrating', 'on', true);"
SHUT = "PERFORM set_config('app.migrating', COALESCE(eyes, ''), true);"


class ModelReference(migrations.RunSQL):
    """Refuse a row whose `column` names a model that its workspace cannot use; the foreign key itself stays plain.

    A platform row (`workspace_id` NULL) may name platform models only. Personal models are allowed where
    `owner` names the column with the person they must belong to; else they are refused. `kind` is the SQL of the
    kind the model must have, e.g. `'embedding'` in quotes or `NEW.kind`. Deleted models are refused. With `uses`
    (a condition on NEW) the first such row freezes the model's identity (`first_used_at`).
    Raises in the database: foreign_key_violation with the constraint `<table>_<column>_reach`.
    """

    def __init__(
        self,
        table: str,
        column: str = "model_id",
        *,
        owner: str = "",
        kind: str = "",
        uses: str = "",
    ) -> None:
        name = f"{table}_{column}_reach"
        owned = f"NEW.{owner}" if owner else "NULL::uuid"
        of_kind = f"AND m.kind = {kind}" if kind else ""
        mark = f"IF {uses} THEN PERFORM tai_model_used(NEW.{column}); END IF;" if uses else ""
        super().__init__(
            f"""
            CREATE FUNCTION {name}() RETURNS trigger {AS_OWNER} AS $$
            DECLARE {EYES}
            BEGIN
                {OPEN}
                IF NEW.{column} IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM tai_models m WHERE m.id = NEW.{column} AND m.deleted_at IS NULL
                        {of_kind} AND tai_model_reaches(m, NEW.workspace_id, {owned})
                ) THEN
                    RAISE EXCEPTION 'the model % cannot be used here', NEW.{column}
                        USING ERRCODE = 'foreign_key_violation', CONSTRAINT = '{name}';
                END IF;
                {mark}
                {SHUT}
                RETURN NEW;
            END $$;
            CREATE TRIGGER {name} BEFORE INSERT OR UPDATE OF {column} ON {table}
                FOR EACH ROW EXECUTE FUNCTION {name}();
            """,
            f"""
            DROP TRIGGER {name} ON {table};
            DROP FUNCTION {name}();
            """,
        )


class Reaches(migrations.RunSQL):
    """`tai_model_reaches(model, workspace, owner)`: who may use a row; `tai_model_used(id)`: notes the first use."""

    def __init__(self) -> None:
        super().__init__(
            f"""
            CREATE FUNCTION tai_model_reaches(m tai_models, workspace bigint, person uuid)
            RETURNS boolean LANGUAGE sql STABLE AS $$
                SELECT m.scope = 'platform' OR m.workspace_id = workspace
                    AND (m.scope = 'workspace' OR m.owner_id = person)
            $$;
            CREATE FUNCTION tai_model_used(model bigint) RETURNS void {AS_OWNER} AS $$
            DECLARE {EYES}
            BEGIN
                {OPEN}
                UPDATE tai_models SET first_used_at = clock_timestamp()
                    WHERE id = model AND first_used_at IS NULL;
                {SHUT}
            END $$;
            """,
            """
            DROP FUNCTION tai_model_used(bigint);
            DROP FUNCTION tai_model_reaches(tai_models, bigint, uuid);
            """,
        )
