from __future__ import annotations

import ipaddress
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class CidrField(models.Field):
    """A network, as `ipaddress` knows it and as PostgreSQL's `cidr` keeps it."""

    description = "An IPv4 or IPv6 network"

    def db_type(self, connection: Any) -> str:
        return "cidr"

    def to_python(self, value: Any) -> Network | None:
        if value in (None, ""):
            return None
        try:
            return ipaddress.ip_network(value)
        except ValueError as error:
            raise ValidationError(_("Enter a network such as 10.0.0.0/24.")) from error

    def get_prep_value(self, value: Any) -> Network | None:
        return self.to_python(super().get_prep_value(value))

    def value_to_string(self, obj: models.Model) -> str:
        return str(self.value_from_object(obj))


class OutboundRuleQuerySet(models.QuerySet["OutboundRule"]):
    def in_force(self, now: datetime) -> OutboundRuleQuerySet:
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))

    def covering(self, address: Address, port: int, purpose: str) -> OutboundRuleQuerySet:
        """The rules that open this address and port for this purpose."""
        open_here = self.filter(
            port_from__lte=port, port_to__gte=port, purposes__contains=[purpose]
        )
        return open_here.extra(where=["cidr >>= %s::inet"], params=[str(address)])  # type: ignore[return-value]


class OutboundRule(models.Model):
    """An operator's permission to reach a non-public network from here, for named purposes and ports."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        "accounts.Workspace",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Empty: every workspace."),
    )
    cidr = CidrField(_("network"))
    port_from = models.IntegerField(
        _("first port"), validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    port_to = models.IntegerField(
        _("last port"), validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    purposes = ArrayField(models.CharField(max_length=20), verbose_name=_("purposes"))
    reason = models.CharField(_("reason"), max_length=500)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    created_by = models.CharField(max_length=120, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = OutboundRuleQuerySet.as_manager()

    class Meta:
        db_table = "lao_outbound_rules"
        verbose_name = _("outbound rule")
        verbose_name_plural = _("outbound rules")
        constraints = [
            models.CheckConstraint(
                condition=Q(port_from__gte=1, port_to__lte=65535, port_from__lte=F("port_to")),
                name="lao_outbound_rules_ports_ck",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="lao_outbound_rules_reason_ck"),
        ]

    def __str__(self) -> str:
        return f"{self.cidr} {self.port_from}–{self.port_to}"
