"""Ask a suite of questions of a connection or a file, and say how many answers were right."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts import tenancy
from accounts.ids import uuid7
from accounts.models import Workspace
from querygpt.drafting.asking import Asker
from querygpt.evaluation.engines import ByModel, by_rules
from querygpt.evaluation.reporting import below_floors
from querygpt.evaluation.running import evaluate
from querygpt.evaluation.sources import CannotRead, FileSource, LentSource, Source
from querygpt.evaluation.suites import SuiteInvalid, read
from querygpt.models import Connection
from taishang.catalogue import references
from taishang.catalogue.references import Place
from taishang.catalogue.refusals import CatalogueRefused


class Command(BaseCommand):
    help = (
        "Ask every question of SUITE.jsonl and compare the rows: `evaluate_querygpt suite.jsonl --database shop.db "
        "--min-correct 0.7 --max-wrong 0.05`. Exits with 1 when a floor is missed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("suite", type=Path)
        place = parser.add_mutually_exclusive_group(required=True)
        place.add_argument("--connection", help="id of a connection")
        place.add_argument("--database", type=Path, help="a SQLite file")
        parser.add_argument("--engine", choices=("planner", "model", "auto"), default="planner")
        parser.add_argument("--model", help="which model, as its reference; else the workspace's")
        parser.add_argument("--workspace", type=int, help="whose models a file is asked with")
        parser.add_argument("--attempts", type=int, default=3, choices=range(1, 5))
        parser.add_argument("--limit", type=int, help="ask the first questions alone")
        parser.add_argument("--today", type=date.fromisoformat, help="what counts as today")
        parser.add_argument("--workers", type=int, default=1, choices=range(1, 5))
        parser.add_argument("--out", type=Path, help="where the report goes, as JSON")
        parser.add_argument("--min-correct", type=float)
        parser.add_argument("--max-wrong", type=float)

    def handle(self, *, suite: Path, engine: str, workers: int, **options: Any) -> None:
        try:
            questions, digest = read(suite)
            source = self._source(options)
        except (OSError, SuiteInvalid, CannotRead, Connection.DoesNotExist) as error:
            raise CommandError(f"{type(error).__name__}: {error}") from error
        today = options["today"] or timezone.localdate()
        answers = by_rules if engine == "planner" else self._model(engine, source, options)
        report = evaluate(
            questions=questions[: options["limit"]],
            source=source,
            today=today,
            workers=workers,
            engine=answers,
        )
        report.suite_sha256, report.engine = digest, engine
        told = report.told()
        if options["out"]:
            options["out"].write_text(json.dumps(told, ensure_ascii=False, indent=1), "utf-8")
        self._print(told)
        missed = below_floors(
            told["all"], min_correct=options["min_correct"], max_wrong=options["max_wrong"]
        )
        if missed:
            raise CommandError("; ".join(missed))

    def _source(self, options: dict[str, Any]) -> Source:
        if options["database"]:
            return FileSource(options["database"], options["today"])
        with tenancy.platform_scope(reason="evaluation of a connection"):
            connection = (
                Connection.objects.alive().select_related("user").get(pk=options["connection"])
            )
        return LentSource(connection, connection.user)

    def _model(self, engine: str, source: Source, options: dict[str, Any]) -> ByModel:
        number = options["workspace"]
        if isinstance(source, LentSource):
            number = source.connection.workspace_id
        if number is None:
            raise CommandError("a model belongs to a workspace: name one with --workspace")
        with tenancy.platform_scope(reason="evaluation by a model"):
            person = Workspace.objects.select_related("owner").get(pk=number).owner
        with tenancy.workspace(number, user_id=person.pk):
            try:
                place = Place(number, person.pk)
                chosen = references.choose(place=place, preferred=[options["model"]]).model
            except CatalogueRefused as error:
                raise CommandError(f"no model: {error}") from error
        asker = Asker(workspace_id=number, user=person, message_id=uuid7())
        return ByModel(chosen, asker, options["attempts"], falls_back=engine == "auto")

    def _print(self, told: dict[str, Any]) -> None:
        groups = {"all": told["all"], **told["languages"], **told["tags"]}
        for name, found in groups.items():
            self.stdout.write(
                f"{name:14} asked {found['asked']:4} correct {found['correct_share']:.3f} wrong {found['wrong_share']:.3f} "
                f"abstained {found['abstained']:3} clarified {found['clarified']:3} refused {found['refused']:3} failed {found['failed']:3} "
                f"timed out {found['timed_out']:3} strict {found['strict']:4} unanswerable {found['unanswerable']:3} "
                f"left {found['not_answered_share']:.3f} p50 {found['p50_ms']} ms p95 {found['p95_ms']} ms "
                f"attempts {found['attempts']} tokens {found['tokens']} cost {found['cost']}"
            )
        for line in told["questions"]:
            if line["outcome"] in ("wrong", "failed"):
                self.stdout.write(
                    f"{line['outcome']}: {line['id']} {line['question']} {line['reason']}"
                )
