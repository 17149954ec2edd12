"""How long rows stay, what goes with a workspace, and where sealed values lie."""

from accounts import registry, resealing
from accounts.registry import DeletionStep
from querygpt import removal, retention, sealing

STEPS = (
    (removal.remove_conversations, 20),
    (removal.remove_connections, 21),
    (removal.remove_prompts, 22),
)


def declare() -> None:
    for policy in retention.POLICIES:
        registry.retention_policies.add(policy.table, policy)
    for step, order in STEPS:
        name = f"querygpt.{step.__name__}"
        registry.deletion_steps.add(name, DeletionStep(name, step, order))
    for column in sealing.COLUMNS:
        resealing.columns.add(column.key, column)
