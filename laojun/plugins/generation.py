"""The number by which every process knows that what may run in a workspace has changed.

It stands in the database beside the rows it speaks of and is asked for there, so it holds without Redis, and
nobody sees it before the change itself is committed.
"""

from django.db import connection

RAISE = """
    INSERT INTO lao_plugin_generations (workspace_id, generation, changed_at)
        VALUES (%s, 1, now())
        ON CONFLICT (workspace_id) DO UPDATE
        SET generation = lao_plugin_generations.generation + 1, changed_at = now()
"""
READ = """
    SELECT COALESCE((SELECT generation FROM lao_plugin_generations WHERE workspace_id IS NULL), 0),
           COALESCE((SELECT generation FROM lao_plugin_generations WHERE workspace_id = %s), 0)
"""


def moved(workspace_id: int | None) -> None:
    """Say that what may run in a workspace (None: anywhere) has changed; seen by all once this is committed.

    Runs where the change was made: in the workspace, or in the platform scope. One statement.
    """
    with connection.cursor() as cursor:
        cursor.execute(RAISE, [workspace_id])


def current(workspace_id: int) -> str:
    """What stands now, of the catalogue and of the workspace: equal text, equal plugins. One query."""
    with connection.cursor() as cursor:
        cursor.execute(READ, [workspace_id])
        platform, own = cursor.fetchone()
    return f"{platform}.{own}"


def key(workspace_id: int) -> str:
    """The cache key of what may run in a workspace now."""
    return f"plugin:{workspace_id}:{current(workspace_id)}"
