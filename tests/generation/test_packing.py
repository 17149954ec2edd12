"""Content survives packs byte for byte, merges keep hand edits, archives are reproducible."""

import shutil
import subprocess
from datetime import UTC, datetime

import pytest

from taishang.generation import packing
from taishang.generation.packing import Author, Conflict, History, PackDamaged

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ANNA = Author("Anna 安娜", "anna@users.noreply.invalid")
FIRST = {"manage.py": b"#!/usr/bin/env python\n", "api/models.py": b"a = 1\n", "README.md": b"hi\n"}
SECOND = {**FIRST, "api/models.py": b"a = 2\n", "api/deep/er/x.bin": bytes(range(256))}


def commit(history, files, parent=None):
    return history.commit(files=files, parent=parent, author=ANNA, message="One\n", at=AT)


def test_a_tree_comes_back_from_its_packs_byte_for_byte():
    history = History()
    first = commit(history, FIRST)
    second = commit(history, SECOND, first.sha)

    read = History([first.pack, second.pack])

    assert read.files(first.sha) == dict(sorted(FIRST.items()))
    assert read.files(second.sha) == dict(sorted(SECOND.items()))


def test_equal_content_gives_equal_commits_and_packs():
    assert commit(History(), FIRST) == commit(History(), dict(reversed(FIRST.items())))


def test_a_pack_holds_only_what_is_new():
    history = History()
    first = commit(history, FIRST)

    again = commit(history, FIRST, first.sha)

    count = int.from_bytes(again.pack[8:12], "big")
    assert count == 1  # the commit alone: its tree and files are there already


def test_a_changed_byte_of_a_pack_is_named():
    pack = bytearray(commit(History(), FIRST).pack)
    pack[len(pack) // 2] ^= 1

    with pytest.raises(PackDamaged):
        History([bytes(pack)])


def test_a_missing_pack_is_named():
    history = History()
    first = commit(history, FIRST)
    second = commit(history, SECOND, first.sha)

    with pytest.raises(PackDamaged):
        History([second.pack]).files(second.sha)


@pytest.mark.skipif(shutil.which("git") is None, reason="compares with the git program")
def test_git_reads_the_packs(tmp_path):
    history = History()
    first = commit(history, FIRST)
    second = commit(history, SECOND, first.sha)
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q", "--bare"], check=True)
    for packed in (first, second):
        subprocess.run(
            [*git, "index-pack", "--stdin"], input=packed.pack, check=True, capture_output=True
        )

    listed = subprocess.check_output([*git, "ls-tree", "-r", second.sha], text=True)
    shown = subprocess.check_output([*git, "show", f"{second.sha}:api/deep/er/x.bin"])
    subprocess.run([*git, "fsck", "--strict"], check=True, capture_output=True)

    assert "100755 blob" in listed
    assert shown == SECOND["api/deep/er/x.bin"]


def test_an_archive_is_the_same_every_time_and_comes_back():
    assert packing.archive(FIRST) == packing.archive(dict(reversed(FIRST.items())))
    assert packing.unarchive(packing.archive(FIRST)) == FIRST


def test_the_hash_of_a_tree_sees_paths_and_content():
    assert packing.tree_sha256(FIRST) != packing.tree_sha256(SECOND)
    assert packing.tree_sha256({"a": b"bc"}) != packing.tree_sha256({"ab": b"c"})


BASE = {"x.py": b"one\ntwo\nthree\nfour\nfive\n"}


def test_a_hand_edit_survives_a_new_render():
    ours = {"x.py": b"ONE by hand\ntwo\nthree\nfour\nfive\n", "mine.py": b"mine\n"}
    theirs = {"x.py": b"one\ntwo\nthree\nfour\nFIVE\n"}

    merged, conflicts = packing.merge(base=BASE, ours=ours, theirs=theirs)

    assert conflicts == []
    assert merged == {"x.py": b"ONE by hand\ntwo\nthree\nfour\nFIVE\n", "mine.py": b"mine\n"}


def test_both_sides_changing_a_line_is_a_conflict_to_settle():
    ours = {"x.py": b"one\ntwo\nmine\nfour\nfive\n"}
    theirs = {"x.py": b"one\ntwo\nyours\nfour\nfive\n"}

    merged, conflicts = packing.merge(base=BASE, ours=ours, theirs=theirs)
    settled, left = packing.merge(
        base=BASE, ours=ours, theirs=theirs, resolutions={"x.py#1": "theirs"}
    )

    assert conflicts == [Conflict("x.py", 1, "three\n", "mine\n", "yours\n")]
    assert b"<<<<" not in merged["x.py"]
    assert (settled, left) == (theirs, [])


def test_a_file_deleted_here_and_changed_there_is_a_conflict():
    merged, conflicts = packing.merge(base=BASE, ours={}, theirs={"x.py": b"changed\n"})

    assert merged == {}
    assert [conflict.path for conflict in conflicts] == ["x.py"]
