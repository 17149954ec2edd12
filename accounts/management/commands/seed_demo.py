"""`manage.py seed_demo`: the demo people, their workspace, and what each app shows in it. Safe to run again."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts import demo


class Command(BaseCommand):
    help = "Fill a demo workspace. Refuses to run where DEMO is not set."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Demo data are only made with DEMO=true.")
        demo.seed(password=settings.SERVERS.secret("demo_password"))
