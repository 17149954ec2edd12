"""How tokens and costs read."""

from decimal import Decimal
from typing import Any

from django import template
from django.utils.formats import number_format
from django.utils.translation import ngettext

from taishang.quotas.standing import Scope
from taishang.usage.costs import plain
from taishang.usage.sums import Sums

register = template.Library()


@register.filter
def money(cost: Decimal | None) -> str:
    """Exact, with the reader's marks, and no more digits than there are."""
    return "–" if cost is None else number_format(plain(cost), use_l10n=True, force_grouping=True)


@register.filter
def known_cost(found: Sums) -> str:
    """ "≥ 1.23" where some calls had no price."""
    sign = "" if found.cost_is_complete else "≥ "
    return f"{sign}{money(found.cost)}"


@register.filter
def unpriced(found: Sums) -> str:
    """How many calls had no price; empty when all had one."""
    count = found.unknown_cost_calls
    if not count:
        return ""
    text = ngettext("%(count)d call without a price", "%(count)d calls without a price", count)
    return text % {"count": count}


@register.filter
def amount(value: Any) -> str:
    """A number of tokens, or a cost."""
    if isinstance(value, Decimal):
        return money(value)
    return "–" if value is None else number_format(value, use_l10n=True, force_grouping=True)


@register.filter
def held_from(scope: Scope) -> int:
    """Where the reserved part of a bar begins, in percent."""
    return min(scope.used_percent, 100 - scope.reserved_percent)
