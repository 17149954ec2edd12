"""Alice's workspace with models that play a script; everything is committed, since calls happen outside transactions."""

import asyncio
from dataclasses import dataclass
from decimal import Decimal

import pytest
from django.core.cache import caches
from django.db import connection
from django.utils import timezone

from accounts import tenancy
from taishang import gateway
from taishang.gateway import breakers, caching
from taishang.models import Model, ModelAlias, ModelCall, ModelPrice, Quota, UsageDay, UserQuota
from taishang.providers.base import ChatPrompt
from taishang.providers.scripted import Scripted
from tests import factories
from tests.factories import Person

HELLO = ChatPrompt([{"role": "user", "content": "Say hello."}])


@dataclass
class Desk:
    """A person who calls models, and what the database says about it afterwards."""

    person: Person

    @property
    def workspace_id(self) -> int:
        return self.person.workspace.id

    def inside(self):
        return tenancy.workspace(self.workspace_id, user_id=self.person.user.id)

    def model(
        self, name: str = "clerk", *, scope: str = "workspace", price=None, **values
    ) -> Model:
        """`price` is (input, output) per 1,000 tokens; None leaves it unknown."""
        script = values.pop("script", None)
        params = {} if script is None else {"script": script}
        place = {
            "platform": {},
            "workspace": {"workspace_id": self.workspace_id},
            "user": {"workspace_id": self.workspace_id, "owner_id": self.person.user.id},
        }[scope]
        with tenancy.platform_scope(reason="tests"):
            row = Model.objects.create(
                name=name,
                model_id=f"{name}-{self.workspace_id}",
                provider="scripted",
                scope=scope,
                params=params,
                supports_function_calling=True,
                **place,
                **values,
            )
            if price is not None:
                self.price(row, *price)
        return row

    def price(self, model: Model, entered, answered, *, since=None) -> ModelPrice:
        with tenancy.platform_scope(reason="tests"):
            return ModelPrice.objects.create(
                model=model,
                workspace_id=model.workspace_id,
                input_price=Decimal(str(entered)),
                output_price=Decimal(str(answered)),
                currency="CNY",
                effective_from=since or timezone.now() - timezone.timedelta(days=400),
            )

    def alias(self, name: str, model: Model, *fallbacks: Model, on_quota=None) -> ModelAlias:
        with tenancy.platform_scope(reason="tests"):
            return ModelAlias.objects.create(
                workspace_id=self.workspace_id,
                name=name,
                kind=model.kind,
                revision=1,
                model=model,
                fallback_ids=[one.pk for one in fallbacks],
                on_quota=on_quota,
                valid_from=timezone.now(),
            )

    def quota(self, **values) -> Quota:
        with self.inside():
            return Quota.objects.update_or_create(workspace_id=self.workspace_id, defaults=values)[
                0
            ]

    def wish(self, model="clerk", **values) -> dict:
        return {
            "model": model,
            "prompt": HELLO,
            "purpose": "test",
            "user": self.person.user,
            "workspace": self.workspace_id,
            **values,
        }

    def ask(self, model="clerk", **values) -> gateway.Answer:
        return gateway.complete(**self.wish(model, **values))

    def hear(self, model="clerk", **values) -> list:
        """Every event of a stream, to its end."""

        async def read() -> list:
            async with gateway.stream(**self.wish(model, **values)) as stream:
                return [event async for event in stream]

        return asyncio.run(read())

    def calls(self) -> list[ModelCall]:
        with self.inside():
            return list(ModelCall.objects.order_by("created_at", "id"))

    def used(self) -> Quota | None:
        with self.inside():
            return Quota.objects.filter(workspace_id=self.workspace_id).first()

    def plan(self) -> UserQuota | None:
        with self.inside():
            return UserQuota.objects.filter(user=self.person.user, workspace=None).first()

    def days(self) -> list[UsageDay]:
        with self.inside():
            return list(UsageDay.objects.order_by("stat_date"))


@pytest.fixture
def desk(committed, monkeypatch):
    Scripted.forget()
    breakers.forget()
    # Each thread has a cache object of its own; all of them see this test's keys.
    for module in (breakers, caching):
        monkeypatch.setattr(module, "cache", caches["default"])
    yield Desk(factories.person("alice"))
    connection.close()
    with tenancy.platform_scope(reason="tests"):
        Model.objects.filter(scope="platform").update(deleted_at=timezone.now())
