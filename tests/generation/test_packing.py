"""Archives, commits, packs and merges of trees."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile

import pytest

from taishang.generation import packing
from taishang.generation.trees import UnsafePath

ONE = {"a.py": b"a\n", "dir/b.py": b"b\n", "dir/\u6587.md": "文\n".encode()}
TWO = {"a.py": b"a2\n", "dir/b.py": b"b\n", "c.py": b"c\n"}
AUTHOR = "Alice <alice@users.noreply.invalid>"


def commit(tree, **more):
    return packing.commit(tree=tree, message="Apply", author=AUTHOR, at=1_735_689_600, **more)


def test_equal_trees_give_equal_archives():
    assert packing.archive(tree=ONE) == packing.archive(tree=dict(reversed(ONE.items())))


def test_an_archive_unpacks_to_its_tree():
    with zipfile.ZipFile(io.BytesIO(packing.archive(tree=ONE))) as file:
        assert file.testzip() is None
    assert packing.unarchive(data=packing.archive(tree=ONE)) == ONE


def test_a_history_of_packs_gives_every_tree_back():
    first = commit(ONE)
    second = commit(TWO, parent=first.sha, parent_tree=ONE)

    assert packing.read(packs=[first.pack, second.pack], commit_sha=first.sha) == ONE
    assert packing.read(packs=[first.pack, second.pack], commit_sha=second.sha) == TWO


def test_a_pack_holds_only_what_is_new():
    first = commit(ONE)
    second = commit(TWO, parent=first.sha, parent_tree=ONE)

    assert second.objects < commit(TWO).objects


def test_equal_commits_have_equal_names():
    assert commit(ONE) == commit(ONE)


def test_a_missing_pack_is_said():
    first = commit(ONE)
    second = commit(TWO, parent=first.sha, parent_tree=ONE)

    with pytest.raises(packing.PackDamaged):
        packing.read(packs=[second.pack], commit_sha=second.sha)


@pytest.mark.parametrize("place", [20, -30, 60])
def test_one_flipped_byte_is_never_served(place):
    first = commit(ONE)
    broken = bytearray(first.pack)
    broken[place] ^= 0x40

    with pytest.raises(packing.PackDamaged):
        packing.read(packs=[bytes(broken)], commit_sha=first.sha)


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_git_reads_the_pack(tmp_path):
    made = commit(ONE)
    subprocess.run(["git", "init", "-q", "--bare", "."], cwd=tmp_path, check=True)
    subprocess.run(["git", "unpack-objects", "-q"], cwd=tmp_path, input=made.pack, check=True)

    shown = subprocess.run(
        ["git", "show", f"{made.sha}:dir/b.py"], cwd=tmp_path, capture_output=True, check=True
    )

    assert shown.stdout == b"b\n"


@pytest.mark.parametrize("path", ["../x", "/x", "a//b", ".git/config", "a/../b", "", "a\\b"])
def test_paths_that_leave_the_tree_are_refused(path):
    with pytest.raises(UnsafePath):
        commit({path: b""})


BASE = {"m": b"1\n2\n3\n4\n5\n6\n7\n"}


def test_changes_on_both_sides_are_joined():
    ours = {"m": b"one\n2\n3\n4\n5\n6\n7\n", "mine": b"x"}
    theirs = {"m": b"1\n2\n3\n4\n5\n6\nseven\n", "new": b"y"}

    found = packing.merge(base=BASE, ours=ours, theirs=theirs)

    assert found.conflicts == []
    assert found.tree == {"m": b"one\n2\n3\n4\n5\n6\nseven\n", "mine": b"x", "new": b"y"}


def test_a_conflict_is_a_value_and_no_marker_is_written():
    found = packing.merge(base=BASE, ours={"m": b"A\n2\n"}, theirs={"m": b"B\n2\n"})

    assert found.tree == {}
    assert found.conflicts[0].path == "m"
    assert any(hunk.ours.startswith("A") for hunk in found.conflicts[0].hunks)


@pytest.mark.parametrize(("side", "line"), [("ours", b"A"), ("theirs", b"B")])
def test_a_settled_conflict_takes_the_side(side, line):
    base, ours, theirs = {"m": b"1\n2\n"}, {"m": b"A\n2\n"}, {"m": b"B\n2\n"}

    found = packing.merge(base=base, ours=ours, theirs=theirs, resolutions={"m": [side]})

    assert found.tree == {"m": line + b"\n2\n"}


def test_a_file_deleted_here_and_changed_there_needs_a_person():
    found = packing.merge(base=BASE, ours={}, theirs={"m": b"other\n"})

    assert [conflict.path for conflict in found.conflicts] == ["m"]


def test_a_file_deleted_on_one_side_only_is_gone():
    assert packing.merge(base=BASE, ours=BASE, theirs={}).tree == {}
