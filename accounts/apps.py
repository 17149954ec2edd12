from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from accounts import (  # noqa: F401
            checks,
            jobs,
            letters,
            lifecycle,
            limits,
            news,
            notices,
            permissions,
            receivers,
            sweeping,
        )
        from accounts.api import resources
        from accounts.registry import Store
        from accounts.web import places, problems, throttles

        permissions.declare()
        problems.declare()
        places.declare()
        limits.declare()
        throttles.declare()
        jobs.declare()
        notices.declare()
        letters.declare()
        news.declare()
        sweeping.declare()
        resources.declare()
        lifecycle.declare()
        post_migrate.connect(permissions.after_migrate, sender=self)
        Store.close_all()
