"""Models of alice's workspace, of a person in it, and of the platform."""

from dataclasses import dataclass
from typing import Any

import pytest

from accounts import tenancy
from taishang.models import Model
from tests.factories import Person


@dataclass
class Shelf:
    """Where the tests put models without going through a door."""

    person: Person

    def inside(self, person: Person | None = None):
        who = person or self.person
        return tenancy.workspace(self.person.workspace.id, user_id=who.user.id)

    def ours(self, name: str = "ours", **fields: Any) -> Model:
        with self.inside():
            return Model.objects.create(
                scope="workspace", workspace=self.person.workspace, **_filled(name, fields)
            )

    def mine(self, name: str = "mine", person: Person | None = None, **fields: Any) -> Model:
        who = person or self.person
        with self.inside(who):
            return Model.objects.create(
                scope="user",
                workspace=self.person.workspace,
                owner=who.user,
                **_filled(name, fields),
            )

    def platform(self, name: str = "platform", **fields: Any) -> Model:
        with tenancy.platform_scope(reason="test"):
            return Model.objects.create(scope="platform", **_filled(name, fields))


def _filled(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    if fields.get("kind") == "embedding":
        fields.setdefault("embedding_dimension", 4)
    return {"name": name, "provider": "openai_compatible", "model_id": "m-1", **fields}


@pytest.fixture
def shelf(alice) -> Shelf:
    return Shelf(alice)
