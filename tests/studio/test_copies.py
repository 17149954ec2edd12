"""What clients keep of a story follows it, for its people alone."""

from tests import factories
from tests.accounts.api.calls import program
from tests.accounts.api.test_sync import copy_of, eventually
from tests.studio import stories


def test_a_copy_of_a_story_follows_it(committed):
    ada, carla = factories.person("ada"), factories.person("carla")
    with stories.inside(ada):
        work = stories.work(ada)
        one, other = stories.character(work, "黛玉"), stories.character(work, "宝玉")
        made = {
            "character": one,
            "relation": stories.relation(one, other),
            "scene": stories.scene(work),
            "world_entry": stories.entry(work, "大观园"),
            "tag": stories.tag(work, "梦"),
        }
    kinds = ",".join(made)
    caller = program(ada)
    copy = copy_of(caller, kinds).pull()

    for kind, row in made.items():
        assert str(row.pk) in copy.of(kind)
    assert not copy_of(program(carla), kinds).pull().of("character")
    path = f"/api/v1/characters/{one.pk}/"
    caller.call("delete", path, **{"If-Match": caller.get(path)["ETag"]})
    eventually(lambda: str(one.pk) not in copy.pull().of("character"))
    assert str(other.pk) in copy.of("character")
