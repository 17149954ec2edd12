"""How long rows stay, and what goes with a workspace."""

from accounts import registry
from accounts.registry import DeletionStep
from studio import removal, retention

STEPS = ((removal.remove_works, 18), (removal.remove_agents, 19))


def declare() -> None:
    for policy in retention.POLICIES:
        registry.retention_policies.add(policy.table, policy)
    for step, order in STEPS:
        name = f"studio.{step.__name__}"
        registry.deletion_steps.add(name, DeletionStep(name, step, order))
