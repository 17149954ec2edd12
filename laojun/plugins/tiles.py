"""What the operator's first screen says about calls of plugins."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from laojun.models import PluginDelivery, PluginInstance


def dead() -> dict[str, Any]:
    """Events that were given up after the last try."""
    count = PluginDelivery.objects.dead().count()
    return {
        "value": count,
        "state": "bad" if count > 100 else "warn" if count else "good",
        "note": _("Send them again once the receiver is mended.") if count else "",
        "url": f"{reverse('admin:laojun_plugindelivery_changelist')}?state__exact=dead",
    }


def open_circuits() -> dict[str, Any]:
    """Plugins that failed so often that they are asked again only now and then."""
    failing = PluginInstance.objects.filter(enabled=True, circuit__has_key="open_until")
    names = list(failing.values_list("plugin__slug", flat=True).distinct()[:3])
    count = failing.count()
    return {
        "value": count,
        "state": "warn" if count else "good",
        "note": ", ".join(names),
        "url": reverse("admin:laojun_plugindelivery_changelist"),
    }
