"""What views of terms and examples share: asking the guard outside the request's transaction, then writing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.response import Response

from accounts import tenancy
from accounts.web import outside
from accounts.web.problems import Invalid, field_error
from accounts.web.views import ApiView
from laojun.audit import Actor
from querygpt.models import Connection


class TeachingView(ApiView):
    @property
    def actor(self) -> Actor:
        return Actor.of_principal(self.principal)

    def named(self, connection_id: UUID | None) -> Connection | None:
        """The connection a body names; one this person cannot see is a fault of the field."""
        if connection_id is None:
            return None
        row = Connection.objects.visible_to(self.principal).filter(pk=connection_id).first()
        if row is None:
            message = _("You have no such database.")
            raise Invalid([field_error("connection_id", "does_not_exist", message)])
        return row

    def afterwards(self, ask: Callable[[], Any], write: Callable[[Any], Response]) -> Any:
        """Answer with what `write` makes of what `ask` found; `ask` waits with no transaction open."""
        context = self.principal.context

        def answer() -> Response:
            answered = ask()
            with tenancy.entered(context):
                return write(answered)

        return outside.later(answer)
