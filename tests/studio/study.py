"""An author with a work, a model that plays scripts, and the worker behind both. Everything is committed."""

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from accounts.authentication import Principal
from accounts.ids import uuid7
from studio import context, drafting, ordering, works
from studio.models import AIRequest, Chapter, ChapterVersion, Proposal, Work
from studio.requests import asking, wishes
from taishang import runner
from taishang.claiming import Claimant
from taishang.providers.scripted import Scripted
from tests.taishang.desk import Desk

TEXT = "雨夜。林默推开酒馆的门。\n他的右手缠着厚厚的绷带。\n“你来晚了。”沈雨说。"


def said(*pieces: str, end: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """A script of one answer."""
    return [*({"text": one} for one in pieces), {"usage": [50, 20]}, end or {"done": "stop"}]


@dataclass
class Study:
    desk: Desk
    work: Work = None
    chapter: Chapter = None
    claimant: Claimant = field(default_factory=lambda: Claimant("test:1", settings.TASK_QUEUES))

    def inside(self):
        return self.desk.inside()

    @property
    def principal(self) -> Principal:
        person = self.desk.person
        return Principal("session", person.user, workspace_id=person.workspace.id, is_owner=True)

    def begin(self, text: str = TEXT, **told: Any) -> "Study":
        with self.inside():
            self.work = works.create(principal=self.principal, title="夜航船", **told)
            self.chapter = ordering.add_chapter(
                work=self.work, principal=self.principal, title="酒馆", text=text
            )
        return self

    def plays(self, *pieces: str, end: dict[str, Any] | None = None, **model: Any):
        """A model that always says this."""
        model.setdefault("price", ("0.01", "0.02"))
        return self.desk.model("muse", script=said(*pieces, end=end), **model)

    def wish(self, request_type: str = "continue", **given: Any):
        given = {"type": request_type, "chapter": self.chapter.pk, "model": "muse", **given}
        return wishes.wish(principal=self.principal, work=self.work, given=given)

    def preview(self, request_type: str = "continue", **given: Any) -> dict[str, Any]:
        with self.inside():
            built = context.build(principal=self.principal, wish=self.wish(request_type, **given))
            return context.preview(built)

    def ask(self, request_type: str = "continue", *, variants=1, sha256="", **given: Any):
        with self.inside():
            return asking.ask(
                principal=self.principal,
                wish=self.wish(request_type, **given),
                context_sha256=sha256,
                variants=variants,
            ).request

    def works(self) -> None:
        runner.drain(self.claimant)

    def answer(self, request_type: str = "continue", **given: Any) -> AIRequest:
        asked = self.ask(request_type, **given)
        self.works()
        return self.now(asked)

    def now(self, row: Any) -> Any:
        with self.inside():
            return type(row).objects.get(pk=row.pk)

    def does(self, deed: Any, **given: Any) -> Any:
        with self.inside():
            return deed(principal=self.principal, **given)

    def proposals(self, request: AIRequest) -> list[Proposal]:
        with self.inside():
            return list(Proposal.objects.filter(request_id=request.pk).order_by("variant"))

    def content(self, chapter: Chapter | None = None) -> str:
        return self.now(chapter or self.chapter).content

    def types(self, text: str) -> None:
        """The author goes on writing."""
        now = self.now(self.chapter)
        self.does(
            drafting.save,
            chapter_id=now.pk,
            text=text,
            base_revision=now.revision,
            save_id=uuid7(),
        )

    def versions(self) -> list[str]:
        with self.inside():
            rows = ChapterVersion.objects.filter(chapter=self.chapter).order_by("version_number")
            return [row.change_type for row in rows]


def in_turn(monkeypatch, *scripts) -> None:
    """The model plays one script a call, the last one for ever."""
    turns = list(scripts)
    original = Scripted.execute

    async def execute(self, prompt):
        self.connection.params["script"] = turns.pop(0) if len(turns) > 1 else turns[0]
        async for event in original(self, prompt):
            yield event

    monkeypatch.setattr(Scripted, "execute", execute)
