"""The same core from the command line."""

import json

import pytest
from django.core.management import CommandError, call_command

from taishang.generation import sample


@pytest.fixture
def export(tmp_path):
    file = tmp_path / "reading-club.zip"
    file.write_bytes(sample.archive())
    return file


def test_an_export_becomes_a_checked_project_in_a_folder(export, tmp_path, capsys):
    call_command("generate_backend", str(export), out=tmp_path / "backend")

    assert (tmp_path / "backend" / "manage.py").exists()
    assert "all checks green" in capsys.readouterr().out


def test_checks_can_be_left_out_and_the_result_says_so(export, tmp_path, capsys):
    call_command("generate_backend", str(export), out=tmp_path / "backend", no_verify=True)

    told = capsys.readouterr().out
    assert (tmp_path / "backend" / "manage.py").exists()
    assert "not checked" in told
    assert "verify" not in told


def test_what_is_no_archive_is_refused_in_one_sentence(tmp_path):
    file = tmp_path / "x.zip"
    file.write_bytes(b"<html>")

    with pytest.raises(CommandError, match=r"zip|ZIP|archive|Pack"):
        call_command("generate_backend", str(file), out=tmp_path / "backend")


def test_a_truth_file_is_scored(export, tmp_path, capsys):
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps({"endpoints": [{"method": "GET", "path": "/api/books"}]}))

    call_command("score_generation", str(export), str(truth))

    assert json.loads(capsys.readouterr().out)["endpoints"]["recall"] == 1.0
