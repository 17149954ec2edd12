"""The door for OpenAI's clients: a server process of ours before a server of models that does as it is told."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts import api_keys, tenancy
from laojun.models import OutboundRule
from taishang.models import Model, ModelCall, Quota
from tests import factories
from tests.e2e import serving
from tests.factories import Person
from tests.rig import limits
from tests.upstream import Upstream

KINDS: dict[str, dict[str, Any]] = {
    "chat": {},
    "embedding": {"embedding_dimension": 4},
}


@dataclass
class Office:
    """A workspace with models of the upstream, and a key that may use them."""

    person: Person
    upstream: Upstream
    key: str

    @property
    def workspace_id(self) -> int:
        return self.person.workspace.id

    def inside(self):
        return tenancy.workspace(self.workspace_id, user_id=self.person.user.id)

    def model(self, name: str, kind: str = "chat", **values: Any) -> Model:
        """A model whose name says what the upstream does."""
        fields = {
            "provider": "openai_compatible",
            "base_url": self.upstream.url,
            "model_id": name,
            "supports_function_calling": True,
            **KINDS[kind],
            **values,
        }
        with self.inside():
            return Model.objects.create(
                name=name.replace(":", "-"),
                kind=kind,
                scope="workspace",
                workspace_id=self.workspace_id,
                **fields,
            )

    def quota(self, **values: Any) -> None:
        with self.inside():
            Quota.objects.update_or_create(workspace_id=self.workspace_id, defaults=values)

    def calls(self) -> list[ModelCall]:
        with self.inside():
            return list(ModelCall.objects.order_by("created_at", "id"))


def mint(person: Person, *scopes: str) -> str:
    with tenancy.workspace(person.workspace.id, user_id=person.user.id):
        _row, text = api_keys.mint(
            user=person.user,
            workspace_id=person.workspace.id,
            name=f"key {secrets.token_hex(3)}",
            scopes=scopes,
            held=frozenset(scopes),
            expires_at=None,
        )
    return text


@pytest.fixture(scope="session")
def _models_elsewhere(django_db_setup, django_db_blocker) -> Iterator[Upstream]:
    """The upstream, and the operator's rule that lets the platform reach this machine."""
    with Upstream() as running, django_db_blocker.unblock():
        with tenancy.platform_scope(reason="tests"):
            rule = OutboundRule.objects.create(
                cidr="127.0.0.1/32",
                port_from=running.port,
                port_to=running.port,
                purposes=["model"],
                reason="the models of the tests",
            )
        yield running
        with tenancy.platform_scope(reason="tests"):
            rule.delete()


@pytest.fixture(scope="session")
def served(_models_elsewhere, django_db_blocker, tmp_path_factory) -> Iterator[str]:
    """Where a process of ours answers."""
    environment = serving.environment(f"openai-{secrets.token_hex(4)}")
    folder = tmp_path_factory.mktemp("openai")
    with (
        django_db_blocker.unblock(),
        limits.eased(),
        serving.served(folder, environment) as url,
    ):
        yield url


@pytest.fixture
def office(committed, _models_elsewhere) -> Iterator[Office]:
    _models_elsewhere.forget()
    person = factories.person(f"alice{secrets.token_hex(4)}")
    yield Office(person, _models_elsewhere, mint(person, "model.use"))
    connection.close()
    with tenancy.platform_scope(reason="tests"):
        Model.objects.filter(scope="platform").update(deleted_at=timezone.now())
