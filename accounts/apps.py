from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from accounts import checks, lifecycle, permissions, receivers, sweeping  # noqa: F401
        from accounts.registry import Store
        from accounts.web import places, problems

        permissions.declare()
        problems.declare()
        places.declare()
        sweeping.declare()
        lifecycle.declare()
        post_migrate.connect(permissions.after_migrate, sender=self)
        Store.close_all()
