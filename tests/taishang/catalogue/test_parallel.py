"""Two people at once: one decides, the other is told; the history is complete and there is one default."""

import threading

from django.db import connection

from accounts import tenancy
from laojun.audit import Actor
from taishang.catalogue import aliases, defaults
from taishang.catalogue.aliases import Name, Target
from taishang.catalogue.refusals import AliasMoved
from taishang.models import Model, ModelAlias
from tests.taishang.desk import desk  # noqa: F401

TEST = Actor.system("test")


def at_once(desk, *deeds):  # noqa: F811
    """What became of each deed, all begun at the same moment in transactions of their own."""
    start, ends = threading.Barrier(len(deeds)), []

    def run(deed) -> None:
        try:
            start.wait(5)
            with tenancy.workspace(desk.workspace_id, user_id=desk.person.user.id):
                deed()
            ends.append("done")
        except AliasMoved:
            ends.append("told")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(ends)


def test_two_who_move_an_alias(desk):  # noqa: F811
    first, second = desk.model("a"), desk.model("b")
    name = Name("@fast", "chat", desk.workspace_id)

    def move(model):
        return lambda: aliases.move(name=name, target=Target(model), by=None, actor=TEST, seen=0)

    assert at_once(desk, move(first), move(second)) == ["done", "told"]
    with desk.inside():
        assert ModelAlias.objects.filter(name="@fast").count() == 1

    def again(model):
        return lambda: aliases.move(name=name, target=Target(model), by=None, actor=TEST, seen=1)

    assert at_once(desk, again(first), again(second)) == ["done", "told"]
    with desk.inside():
        rows = list(name.revisions())
    assert [row.revision for row in rows] == [2, 1]
    assert [row.valid_to is None for row in rows] == [True, False]


def test_two_who_set_the_default(desk):  # noqa: F811
    models = [desk.model("a"), desk.model("b")]

    def choose(model):
        return lambda: defaults.set_default(
            model=model, workspace_id=desk.workspace_id, by=None, actor=TEST, seen=0
        )

    assert at_once(desk, *map(choose, models)) == ["done", "told"]
    with desk.inside():
        (flagged,) = Model.objects.filter(is_default=True)
        (alias,) = ModelAlias.objects.current().filter(name="@default")
    assert alias.model_id == flagged.pk
