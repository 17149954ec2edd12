"""What stands beside the text of the demo novel: relations, a scene on its passage, a world, tags, a comment."""

from __future__ import annotations

from typing import Any

from accounts.authentication import Principal
from studio import comments, scenes, tags, worldview
from studio.characters import relations
from studio.models import Chapter, Character, Work
from studio.search import following, indexing

RELATIONS = (("沈砚", "陆三娘", "同船", False, 4), ("陆三娘", "老周", "旧识", False, 2))
WORLD = (
    ("运河", "geography", "自杭州往北，夜里不许点第二盏灯。", ("临清", "去年水大，人都走了。")),
    ("船上的规矩", "culture", "不问来处，不数人头。", None),
)
SCENE = ("灯下夜话", "灯下", "后半夜，船停在一处没有名字的码头。")
TAGS = (("伏笔", "#A8321C", "灯下"), ("夜", "#2B7A9E", "码头"))
REMARK = ("码头", "灯下压着一页纸", "这页纸后面要交代来历。")


def tell(work: Work, principal: Principal) -> None:
    """Inside the workspace of the work, whose characters are there already."""
    people = {row.name: row for row in Character.objects.filter(work=work)}
    chapters = {row.title: row for row in Chapter.objects.filter(work=work)}
    for one, other, kind, is_directed, weight in RELATIONS:
        given = {
            "from_character": people[one],
            "to_character": people[other],
            "kind": kind,
            "is_directed": is_directed,
            "weight": weight,
        }
        relations.create(work=work, given=given, by=principal)
    _world(work, principal)
    for name, color, title in TAGS:
        given = {"name": name, "color": color}
        tag = tags.create(work=work, given=given, is_own=False, by=principal)
        tags.put_on(chapter=chapters[title], tags=[tag], by=principal)
    _scene(work, principal, chapters, people)
    title, words, body = REMARK
    passage = _passage(chapters[title], words)
    comments.create(chapter=chapters[title], body=body, passage=passage, by=principal)
    indexing.note(work)
    following.follow_work(work.pk)


def _world(work: Work, principal: Principal) -> None:
    for title, category, content, below in WORLD:
        given: dict[str, Any] = {"title": title, "category": category, "content": content}
        entry = worldview.create(work=work, given=given, by=principal)
        if below is not None:
            name, told = below
            given = {"title": name, "category": category, "content": told, "parent": entry}
            worldview.create(work=work, given=given, by=principal)


def _scene(
    work: Work,
    principal: Principal,
    chapters: dict[str, Chapter],
    people: dict[str, Character],
) -> None:
    name, title, words = SCENE
    start, end = _passage(chapters[title], words)
    given = {
        "title": name,
        "chapter": chapters[title],
        "start_position": start,
        "end_position": end,
        "location": "运河",
        "time_period": "夜",
        "mood": "不安",
        "characters": [people["沈砚"], people["陆三娘"]],
    }
    scenes.create(work=work, given=given, by=principal)


def _passage(chapter: Chapter, words: str) -> tuple[int, int]:
    start = chapter.content.index(words)
    return start, start + len(words)
