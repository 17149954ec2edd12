"""A small novel in the demo workspace: two volumes, a prologue, characters, versions to look back at."""

from __future__ import annotations

from accounts import tenancy
from accounts.authentication import Principal
from accounts.ids import uuid7
from accounts.models import User, Workspace
from accounts.tenancy import Context
from studio import demo_story, drafting, ordering, versions, works
from studio.characters import people
from studio.models import Chapter, Volume, Work
from studio.ordering import Place

TITLE = "夜航船"
TOLD = {
    "description": "一艘旧船沿着运河夜行，船上的人各自带着一桩不肯说的事。",
    "genre": "悬疑",
    "tags": ["运河", "群像"],
    "settings": {
        "chapterNamingPattern": "第{cn}章",
        "wordCountGoal": 50_000,
        "styleGuide": "短句。少用形容词。对话推进情节。",
        "pov": "第三人称，跟随沈砚",
    },
}
PROLOGUE = "序"
# Volume, title, first draft, the text as it stands.
CHAPTERS = (
    (
        None,
        PROLOGUE,
        "水是黑的。",
        "水是黑的，船是旧的，灯只有一盏。\n\n沈砚上船的时候，谁也没有抬头。",
    ),
    (
        "上水",
        "灯下",
        "沈砚坐在灯下。",
        "沈砚坐在灯下，把信又读了一遍。\n\n“先生也去临清？”说话的是陆三娘，手里剥着菱角。\n\n"
        "“去。”他把信折起来。\n\n“临清没有人了。”她说，“去年水大，都走了。”\n\n***\n\n"
        "后半夜，船停在一处没有名字的码头。老周提着灯下去，很久没有回来。",
    ),
    (
        "上水",
        "码头",
        "老周没有回来。",
        "天亮以前，老周没有回来。\n\n陆三娘说她去看看。沈砚跟在后面，雾里只听见她的脚步。\n\n"
        "码头上放着那盏灯，灯还亮着。灯下压着一页纸，是沈砚那封信的最后一页。",
    ),
    (
        "下水",
        "空船",
        "",
        "他们回到船上，船已经空了。\n\n“几个人上的船？”沈砚问。\n\n陆三娘数了数，没有作声。",
    ),
)
PEOPLE: tuple[tuple[str, list[str], str, str], ...] = (
    ("沈砚", ["沈先生"], "主角", "教过书，话少。带着一封没有署名的信上船。"),
    ("陆三娘", ["三娘"], "配角", "船上卖菱角的人，认得运河上每一处码头。"),
    ("老周", [], "配角", "船家。提灯下船之后没有回来。"),
)


def seed_novel(*, user: User, workspace: Workspace) -> None:
    """A second run makes nothing; a novel that its owner put into the bin stays there."""
    principal = Principal(
        kind="system",
        user=user,
        workspace_id=workspace.pk,
        is_owner=True,
        context=Context(user_id=user.pk, workspace_id=workspace.pk),
    )
    with tenancy.entered(principal.context):
        if Work.objects.filter(workspace=workspace, user=user).exists():
            return
        work = works.create(principal=principal, title=TITLE, **TOLD)
        for name, aliases, role, told in PEOPLE:
            given = {"name": name, "aliases": aliases, "role": role, "description": told}
            people.create(work=work, given=given, by=principal)
        _write(work, principal)
        demo_story.tell(work, principal)


def _write(work: Work, principal: Principal) -> None:
    made: dict[str, Volume] = {}
    for name, title, draft, text in CHAPTERS:
        if name is not None and name not in made:
            made[name] = ordering.add_volume(work=work, principal=principal, title=name)
        place = Place(volume_id=made[name].pk if name else None)
        chapter = ordering.add_chapter(
            work=work, principal=principal, title=title, text=draft, place=place
        )
        if title == PROLOGUE:
            ordering.mark(chapter=chapter, principal=principal, is_numbered=False)
        _revise(chapter, principal, text)


def _revise(chapter: Chapter, principal: Principal, text: str) -> None:
    """Saved by hand, so that the first draft and the text are versions; the latest one has a name."""
    saved = drafting.save(
        chapter_id=chapter.pk,
        principal=principal,
        text=text,
        base_revision=chapter.revision,
        save_id=uuid7(),
        kind="manual",
    )
    version = chapter.versions.get(version_number=saved.version_number)
    versions.name(version=version, principal=principal, label="初稿")
