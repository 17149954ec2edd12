"""An export goes in, a verified project comes out, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from laojun import cage

ROOT = Path(__file__).parents[2]
API = """
const API = import.meta.env.VITE_API_URL || "http://localhost:8000/api";
export interface Book { id: string; title: string; pages: number; }
export async function listBooks(): Promise<Book[]> {
  const response = await fetch(`${API}/books/`, { headers: { Authorization: `Bearer ${localStorage.getItem("token")}` } });
  return response.json();
}
export async function addBook(book: Omit<Book, "id">): Promise<Book> {
  const response = await fetch(`${API}/books/`, { method: "POST", body: JSON.stringify({ title: book.title, pages: book.pages }) });
  return response.json();
}
export async function removeBook(id: string) {
  await fetch(`${API}/books/${id}/`, { method: "DELETE" });
}
"""


JOB = {
    "job": "7", "name": "books", "options": {}, "edits": [], "adapters_off": [], "hashes": {},
    "base_target": "template",
}  # fmt: skip


def run_child(folder: Path, **order: object) -> list[dict]:
    """The lines that the process of a job says; its files lie in `folder / "out"`."""
    (folder / "job.json").write_text(json.dumps(JOB | order))
    done = subprocess.run(
        [sys.executable, "-m", "taishang.generation.child", str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def result(folder: Path, name: str = "result") -> dict:
    return json.loads((folder / "out" / f"{name}.json").read_text())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as file:
        file.writestr("package.json", '{"dependencies": {"react": "18"}}')
        file.writestr("src/api.ts", API)
    return tmp_path


def test_a_job_ends_with_a_green_project_and_all_artifacts(folder):
    lines = run_child(folder)

    assert result(folder)["green"], result(folder)
    stages = [line["stage"] for line in lines if line["event"] == "stage_finished"]
    assert stages[0] == "intake"
    assert stages[-1] == "diff"
    for name in ("tree.zip", "patch.diff", "verification.json", "openapi.yaml", "evidence.json"):
        assert (folder / "out" / name).stat().st_size > 0
    paths = {each["path"] for each in result(folder, "diff")["endpoints"]}
    assert {"/api/books/", "/api/books/{id}/"} <= paths


def test_a_job_runs_inside_the_cage_of_its_worker(folder):
    (folder / "job.json").write_text(json.dumps(JOB))

    ended = cage.run(
        argv=[sys.executable, "-m", "taishang.generation.child", str(folder)],
        directory=folder,
        limits=cage.Limits(may_fork=True, wall_seconds=170.0, cpu_seconds=120),
        environment={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(folder)},
        readable=[ROOT / "taishang", ROOT / "laojun"],
    )

    assert ended.returncode == 0, ended.stderr
    assert result(folder)["green"], result(folder)


def test_an_applied_project_stays_as_it_is_when_the_same_export_comes_again(folder):
    run_child(folder)
    (folder / "base.zip").write_bytes((folder / "out" / "tree.zip").read_bytes())

    run_child(folder)

    assert result(folder, "diff")["files"] == []


def test_a_broken_archive_is_a_failed_job_with_a_code(tmp_path):
    (tmp_path / "export.zip").write_bytes(b"no archive at all")

    run_child(tmp_path)

    assert result(tmp_path, "error")["code"].startswith("zip_")
    assert result(tmp_path, "error")["stage"] == "intake"


def test_a_brochure_finds_nothing(tmp_path):
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as file:
        file.writestr("src/App.tsx", "export default function App() { return <h1>Hello</h1>; }\n")

    run_child(tmp_path)

    assert result(tmp_path, "error")["code"] == "nothing_found"
