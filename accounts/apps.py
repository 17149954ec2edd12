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
            restored,
            retention,
            second_factor,
            sweeping,
        )
        from accounts.api import resources
        from accounts.registry import Store
        from accounts.web import places, problem_list, throttles

        permissions.declare()
        problem_list.declare()
        places.declare()
        limits.declare()
        throttles.declare()
        jobs.declare()
        notices.declare()
        letters.declare()
        news.declare()
        sweeping.declare()
        retention.declare()
        restored.declare()
        resources.declare()
        lifecycle.declare()
        second_factor.declare()
        post_migrate.connect(permissions.after_migrate, sender=self)
        Store.close_all()
