"""Providers made for tests must not be offered to people."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from taishang.providers.base import PROVIDERS


@register()
def no_provider_for_tests(**_: Any) -> list[CheckMessage]:
    if getattr(settings, "OFFER_TEST_PROVIDERS", False):
        return []
    return [
        Error(
            f"The provider {spec.key} is made for tests.",
            hint="Take its `PROVIDERS.add` away, or use the settings of the test suite.",
            id="taishang.E010",
        )
        for spec in PROVIDERS.values()
        if spec.for_tests
    ]
