"""`check_sql` judges files, in a process of its own."""

import io

import pytest
from django.core.management import CommandError, call_command

from tests.querygpt.guard import corpora


def run(tmp_path, text, *options):
    file = tmp_path / "statements.tsv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    out, err = io.StringIO(), io.StringIO()
    call_command(
        "check_sql", str(file), "--schema", str(corpora.SCHEMA), *options, stdout=out, stderr=err
    )
    return [line.split("\t") for line in out.getvalue().splitlines()]


def test_it_prints_verdict_rule_and_time_of_each_line(tmp_path):
    lines = run(tmp_path, "postgresql\tSELECT id FROM orders\n\nmysql\tSELECT SLEEP(9)\n")
    assert [line[:2] for line in lines] == [["allowed", "-"], ["refused", "function_forbidden"]]
    assert all(float(line[2]) > 0 for line in lines)
    assert lines[1][3] == "sleep"


def test_lines_end_at_a_newline_alone(tmp_path):
    lines = run(tmp_path, "sqlite\tSELECT 'a\u2028b\x85c\x0cd'\n")
    assert [line[:2] for line in lines] == [["allowed", "-"]]


def test_bytes_that_are_no_text_are_judged_too(tmp_path):
    assert run(tmp_path, b"sqlite\tSELECT '\xff'\n")[0][:2] == ["refused", "bad_text"]


def test_a_line_without_a_dialect_has_the_given_one(tmp_path):
    assert run(tmp_path, "SELECT 1 FROM dual", "--dialect", "mysql")[0][0] == "allowed"
    with pytest.raises(CommandError, match="line 1"):
        run(tmp_path, "SELECT 1")


@pytest.mark.parametrize(
    ("expected", "sql"), [("refused", "SELECT 1"), ("allowed", "DROP TABLE x")]
)
def test_it_exits_with_1_where_another_verdict_was_expected(expected, sql, tmp_path):
    with pytest.raises(SystemExit) as ended:
        run(tmp_path, f"sqlite\t{sql}\n", "--expect", expected)
    assert ended.value.code == 1


def test_the_lists_go_through_the_command(tmp_path):
    hostile = "\n".join(
        f"{case.dialect}\t{case.sql}" for case in corpora.hostile() if "\n" not in case.sql and case.sql.strip()
    )  # fmt: skip
    assert {line[0] for line in run(tmp_path, hostile, "--expect", "refused")} == {"refused"}


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(CommandError, match="nowhere"):
        call_command("check_sql", "nowhere.tsv", "--schema", str(corpora.SCHEMA))
    (tmp_path / "broken.json").write_text("{}")
    (tmp_path / "x.tsv").write_text("sqlite\tSELECT 1")
    with pytest.raises(CommandError):
        call_command(
            "check_sql", str(tmp_path / "x.tsv"), "--schema", str(tmp_path / "broken.json")
        )
