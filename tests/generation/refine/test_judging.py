"""Edits of several authors: each limited, numbered and judged by what its author may do."""

from taishang.generation.ir import Proposal, canonical
from taishang.generation.refine import in_force, judge
from tests.generation.refine.test_refine import BLUEPRINT, CITES, FACTS

REQUIRED = {"kind": "set_required", "entity": "Post", "field": "title", "required": False}
OPEN = {"kind": "open_endpoint", "key": "endpoint:GET /api/news"}


def judged(*proposals: Proposal, own: tuple[dict, ...] = ()):
    return judge(blueprint=BLUEPRINT, proposals=proposals, own=list(own), facts=FACTS)


def proposal(*edits: dict, **values) -> Proposal:
    numbered = [
        {"cites": CITES, **edit, "id": f"clerk-{number}"} for number, edit in enumerate(edits, 1)
    ]
    return Proposal(edits=numbered, **{"model": "clerk", **values})


def test_each_edit_says_who_wanted_it_and_what_became_of_it():
    changed, verdicts = judged(proposal(REQUIRED, OPEN), own=(OPEN,))

    told = [(one.author, one.is_model, one.edit["kind"], one.code) for one in verdicts]
    assert told == [
        ("clerk", True, "set_required", ""),
        ("clerk", True, "open_endpoint", "not_allowed"),
        ("", False, "open_endpoint", ""),
    ]
    assert not next(one for one in changed.entity("Post").fields if one.name == "title").required


def test_a_plugins_edits_are_judged_like_a_models():
    changed, verdicts = judged(proposal(OPEN, model="", plugin="reader"))

    assert [(one.author, one.is_model, one.code) for one in verdicts] == [
        ("reader", False, "not_allowed")
    ]
    assert canonical(changed) == canonical(BLUEPRINT)


def test_a_person_switches_an_edit_of_a_model_off():
    off = {"kind": "toggle_edit", "edit": "clerk-1", "on": False}

    changed, verdicts = judged(proposal(REQUIRED), own=(off,))

    assert verdicts[0].code == "switched_off"
    assert canonical(changed) == canonical(BLUEPRINT)


def test_many_edits_of_one_author_take_no_room_from_another():
    note = {"kind": "add_note", "key": "entity:post", "note": "seen"}

    _changed, verdicts = judged(
        proposal(*[note] * 41), proposal(REQUIRED, model="", plugin="reader"), own=(OPEN,) * 2
    )

    assert [one.code for one in verdicts if one.author == "clerk"].count("too_many") == 1
    assert [one.code for one in verdicts if one.author == "reader"] == [""]
    assert len([one for one in verdicts if not one.author]) == 2


def test_what_cannot_be_read_is_refused_and_kept_without_its_content():
    _changed, verdicts = judged(Proposal(model="clerk", edits=[{"kind": "run", "sql": "DROP"}, 7]))

    assert [(one.code, one.edit) for one in verdicts] == [
        ("malformed", {"kind": "run"}),
        ("malformed", {"kind": ""}),
    ]


def test_a_model_that_is_not_wanted_any_more_does_not_count():
    both = [Proposal(model="clerk"), Proposal(plugin="reader")]

    assert [one.plugin for one in in_force(both, with_model=False)] == ["reader"]
    assert in_force(both, with_model=True) == both
