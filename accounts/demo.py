"""The demo: two people, one workspace, and what the apps above add to it (`registry.demo_steps`)."""

from accounts import identity, signup, tenancy
from accounts.models import User, Workspace
from accounts.registry import demo_steps

OWNER = ("demo@example.com", "demo")
OPERATOR = ("operator@example.com", "operator-demo")


def seed(*, password: str) -> None:
    """Make what is missing. Each step looks for its own traces first, so a second run changes nothing."""
    owner = _person(*OWNER, password=password, staff=False)
    _person(*OPERATOR, password=password, staff=True)
    with tenancy.user(owner.pk):
        # The first one, whatever somebody has made of it since.
        workspace = Workspace.objects.filter(owner=owner).earliest("id")
    # Apps register from the highest down; what the lower ones lay is what the higher ones use.
    for step in reversed(demo_steps.values()):
        step(user=owner, workspace=workspace)


def _person(email: str, username: str, *, password: str, staff: bool) -> User:
    return identity.find(email) or signup.open_account(
        email=email, username=username, password=password, staff=staff, verified=True
    )
