"""A connection goes back to the pool as nobody's: in no transaction, in no workspace, in the role that signed in.

Whatever names a tenant is set for one transaction only. A statement that forgot this would hand its tenant to the
next request, so the pool asks, in a thread of its own, and closes a connection that answers wrongly.
"""

import psycopg

OWN = ("app.workspace_id", "app.user_id", "app.credential", "app.migrating", "app.purging_project")
QUESTION = "SELECT current_user = session_user" + "".join(
    f" AND COALESCE(current_setting('{name}', true), '') = ''" for name in OWN
)


def check_in(connection: "psycopg.Connection[tuple[bool]]") -> None:
    """Raise psycopg.InternalError where the connection still belongs to somebody."""
    row = connection.execute(QUESTION).fetchone()
    if not connection.autocommit:
        connection.rollback()
    if row != (True,):
        raise psycopg.InternalError("a statement left its workspace, user or role behind")
