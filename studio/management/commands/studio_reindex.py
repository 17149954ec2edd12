"""Make the search index and the counts of names anew, for one work or all of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandParser

from accounts import tenancy
from studio.models import Work
from studio.search import following, indexing


class Command(BaseCommand):
    help = "Make the search index of works anew; they are searched as before meanwhile."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--work", type=UUID, help="only this work")

    def handle(self, *args: Any, **options: Any) -> None:
        with tenancy.platform_scope(reason="studio_reindex"):
            works = Work.objects.alive().order_by("pk")
            if options["work"]:
                works = works.filter(pk=options["work"])
            chosen = list(works.values_list("pk", "workspace_id"))
        for number, (work_id, workspace_id) in enumerate(chosen, 1):
            with tenancy.workspace(workspace_id):
                indexing.rebuild(Work.objects.get(pk=work_id))
                following.follow_work(work_id)
            self.stdout.write(f"{number} of {len(chosen)} works")
