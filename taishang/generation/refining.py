"""The worker's side of a model in a job: it is asked through the gateway, under its quota, and read without trust."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from accounts import permissions
from accounts.models import User
from taishang import gateway
from taishang.catalogue import references
from taishang.catalogue.prices import platform_currency
from taishang.catalogue.references import Place
from taishang.catalogue.refusals import CatalogueRefused
from taishang.gateway import Answer, Caller
from taishang.generation.refine import MOST_TOKENS
from taishang.models import GenerationJob
from taishang.providers.base import ChatPrompt
from taishang.runs import Run

RIGHT = "model.use"
PURPOSE = "generation.refine"
MAX_CALLS = 3
MAX_SECONDS = 60.0
MAX_OUTPUT_TOKENS = 4_096
# What the estimate of tokens, roles and the wrapping of messages may be off by.
SPARE_TOKENS = 512
AGAIN = 'That was not one JSON object {"edits": [...]}. Reply with that object alone, without any other text.'
SAVED = "proposal"
# More than the edits that are judged, and no more work than a job is worth.
MOST_READ = 200
MOST_BRACES = 5_000


class TimeOver(Exception):
    """A model took longer than a job waits for it."""


@dataclass(frozen=True)
class Refiner:
    """Asks the chosen model, or the default one, at most three times and a minute in all."""

    run: Run
    reference: str | None
    user: User | None
    is_allowed: bool

    def __call__(self, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        """`[{model, cost, currency, edits}]` or `[{failure}]`. A later attempt takes what an earlier one paid for."""
        if SAVED in self.run.saved:
            return [self.run.saved[SAVED]]
        if not self.is_allowed:
            return [{"failure": f"the right {RIGHT} is missing"}]
        try:
            proposal = self._proposal(payload["messages"])
        except gateway.REFUSED as refused:
            code = getattr(refused, "code", "")
            return [{"failure": f"{code}: {refused}"[:300]}]
        except TimeOver:
            return [{"failure": f"no answer within {MAX_SECONDS:.0f} seconds"}]
        if proposal is None:
            return [{"failure": "its answers could not be read"}]
        self.run.checkpoint({**self.run.saved, SAVED: proposal})
        return [proposal]

    def _proposal(self, messages: Sequence[Mapping[str, str]]) -> dict[str, Any] | None:
        until = time.monotonic() + MAX_SECONDS
        talk, cost = list(messages), Decimal(0)
        is_known = True
        for _attempt in range(MAX_CALLS):
            answer = self._ask(talk, until)
            is_known = is_known and answer.cost is not None
            cost += answer.cost or 0
            edits = edits_in(answer.text)
            if edits is not None:
                return {
                    "model": answer.model,
                    "cost": str(cost) if is_known else None,
                    "currency": platform_currency(),
                    "edits": edits,
                }
            talk = [*messages, {"role": "user", "content": AGAIN}]
        return None

    def _ask(self, messages: Sequence[Mapping[str, str]], until: float) -> Answer:
        def watch() -> None:
            if time.monotonic() > until:
                raise TimeOver

        watch()
        return gateway.complete(
            prompt=ChatPrompt(messages, {"temperature": 0, "max_tokens": MAX_OUTPUT_TOKENS}),
            watch=watch,
            model=self.reference,
            purpose=PURPOSE,
            user=self.user,
            workspace=self.run.workspace_id,
            subject=("generation_job", str(self.run.id)),
            caller=Caller(task_id=self.run.id),
        )


def edits_in(text: str) -> list[Any] | None:
    """The list under `edits` of the first JSON object in a reply that has one."""
    decoder = json.JSONDecoder()
    place = text.find("{")
    while place >= 0:
        try:
            found, _end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict) and isinstance(found.get("edits"), list):
            return list(found["edits"][:MOST_READ])
        place = text.find("{", place + 1) if text.count("{") < MOST_BRACES else -1
    return None


def refiner(run: Run, job: GenerationJob) -> Refiner:
    """Who is asked for a job, with the rights that its person has now. Read inside the workspace."""
    rights = job.workspace and permissions.of_member(user_id=run.user_id, workspace=job.workspace)
    return Refiner(run, job.options.get("model"), job.user, RIGHT in (rights or ()))


def told_tokens(workspace_id: int | None, user: User | None, reference: str | None) -> int:
    """What the model that will be asked has room for, beside its answer. Read inside the workspace."""
    place = Place(workspace_id, user.pk if user else None)
    try:
        found = (
            references.resolve(reference, place=place)
            if reference
            else references.choose(place=place)
        )
    except CatalogueRefused:
        # The call itself will say so.
        return MOST_TOKENS
    return min(MOST_TOKENS, found.model.context_window - MAX_OUTPUT_TOKENS - SPARE_TOKENS)
