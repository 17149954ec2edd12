"""An export goes in, a verified project comes out, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

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


def run_child(folder: Path, job: dict) -> tuple[list[dict], dict]:
    (folder / "job.json").write_text(json.dumps(job))
    done = subprocess.run(
        [sys.executable, "-m", "taishang.generation.child", str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert (folder / "outcome.json").exists(), done.stderr
    return lines, json.loads((folder / "outcome.json").read_text())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with zipfile.ZipFile(tmp_path / "upload.zip", "w") as file:
        file.writestr("package.json", '{"dependencies": {"react": "18"}}')
        file.writestr("src/api.ts", API)
    return tmp_path


def test_a_job_ends_with_a_green_project_and_all_artifacts(folder):
    lines, outcome = run_child(folder, {"archive": "upload.zip"})

    assert outcome["state"] == "succeeded", outcome
    assert lines[-1]["progress"] == 100
    percents = [line["progress"] for line in lines]
    assert percents == sorted(percents)
    for name in (
        "tree.zip",
        "diff.json",
        "changes.patch",
        "verification.json",
        "openapi.yaml",
        "facts.json",
    ):
        assert (folder / name).stat().st_size > 0
    paths = {each["path"] for each in json.loads((folder / "diff.json").read_text())["endpoints"]}
    assert {"/api/books/", "/api/books/{id}/"} <= paths
    assert not list(folder.glob("check-*"))


def test_the_two_halves_give_what_the_whole_gives(folder, tmp_path_factory):
    _, whole = run_child(folder, {"archive": "upload.zip"})
    run_child(folder, {"archive": "upload.zip", "phase": "read"})
    _, halves = run_child(folder, {"phase": "produce", "source": {}})

    assert halves["hashes"]["tree_sha256"] == whole["hashes"]["tree_sha256"]


def test_a_broken_archive_is_a_failed_job_with_a_code(tmp_path):
    (tmp_path / "upload.zip").write_bytes(b"no archive at all")

    _, outcome = run_child(tmp_path, {"archive": "upload.zip"})

    assert outcome["state"] == "failed"
    assert outcome["error"]["code"].startswith("zip_")
    assert outcome["error"]["stage"] == "intake"


def test_a_brochure_finds_nothing(tmp_path):
    with zipfile.ZipFile(tmp_path / "upload.zip", "w") as file:
        file.writestr("src/App.tsx", "export default function App() { return <h1>Hello</h1>; }\n")

    _, outcome = run_child(tmp_path, {"archive": "upload.zip"})

    assert outcome["error"]["code"] == "nothing_found"
