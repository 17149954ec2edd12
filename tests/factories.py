"""One explicit factory per thing, with only what it needs."""

from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from accounts import signup, tenancy
from accounts.models import Membership, Role, User, UserRole, Workspace

PASSWORD = "correct horse battery staple"


@dataclass
class Person:
    """Somebody with a browser that is already signed in."""

    user: User
    workspace: Workspace
    client: Client = field(default_factory=Client)

    def __post_init__(self) -> None:
        self.client.force_login(self.user)
        self.enter(self.workspace)

    def enter(self, workspace: Workspace) -> None:
        """Choose the workspace that pages act in."""
        session = self.client.session
        session["workspace"] = workspace.id
        session.save()

    def get(self, path: str, **extra: Any):
        return self.client.get(path, **extra)

    def post(self, path: str, data: Any = None, **extra: Any):
        return self.client.post(path, data, **extra)


@dataclass(frozen=True)
class Account:
    """What somebody types to sign in."""

    user: User
    email: str
    password: str = PASSWORD


def account(name: str, *, staff: bool = False, language: str = "zh-CN") -> Account:
    """An account with its personal workspace, for somebody who signs in by hand."""
    email = f"{name}@example.com"
    user = signup.open_account(
        email=email, username=name, password=PASSWORD, language=language, staff=staff, verified=True
    )
    return Account(user, email)


def person(name: str, *, staff: bool = False) -> Person:
    """A person with an account and a personal workspace."""
    user = signup.open_account(
        email=f"{name}@example.com", username=name, password=PASSWORD, staff=staff, verified=True
    )
    return Person(user, _own_workspace(user))


def own_workspace(person: Person) -> Workspace:
    """The personal workspace of somebody who may be working elsewhere."""
    return _own_workspace(person.user)


def _own_workspace(user: User) -> Workspace:
    with tenancy.user(user.id):
        return Workspace.objects.get(owner=user)


def colleague(name: str, *, of: Person, role: str) -> Person:
    """A person who is a member of somebody's workspace and works there."""
    newcomer = person(name)
    join(newcomer, of.workspace, role=role)
    newcomer.workspace = of.workspace
    newcomer.enter(of.workspace)
    return newcomer


def join(newcomer: Person, workspace: Workspace, *, role: str) -> None:
    with tenancy.workspace(workspace.id, user_id=workspace.owner_id):
        Membership.objects.create(workspace=workspace, user=newcomer.user)
        UserRole.objects.create(
            workspace=workspace,
            user=newcomer.user,
            role=Role.objects.get(key=role, workspace=None),
        )
