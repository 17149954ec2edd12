"""Whatever is read costs three statements at most, sign-in and workspace included; every new operation too."""

import re
from pathlib import Path

import pytest
import yaml
from django.conf import settings

from accounts import limits

pytestmark = pytest.mark.django_db
SCHEMA = yaml.safe_load((Path(settings.BASE_DIR) / "docs" / "openapi.yaml").read_text())


# A file; the feed, which asks once for each type of resource; a goal beside sums of days and of the hours since.
OTHERS = {"/api/v1/audit-logs/export/", "/api/v1/sync/", "/api/v1/me/writing/"}
# Lists that answer nothing unless they are asked something.
ASKED = {"/api/v1/search/": "?q=moon"}


def readable(alice) -> dict[str, str]:
    """Every list and single thing that alice can read without an id of something she has yet to make."""
    places = {}
    for path, methods in SCHEMA["paths"].items():
        plain = path.replace("{workspace_id}", str(alice.workspace.id))
        if "get" in methods and "{" not in plain and plain not in OTHERS:
            places[methods["get"]["operationId"]] = plain + ASKED.get(plain, "")
    for path, methods in SCHEMA["paths"].items():
        listed, _brace, rest = path.partition("{")
        if "get" in methods and re.fullmatch(r"\w+\}/", rest) and listed in places.values():
            rows = alice.get(listed).json().get("results") or [{}]
            name = next((key for key in ("id", "user_id", "key") if key in rows[0]), None)
            if name:
                places[methods["get"]["operationId"]] = f"{listed}{rows[0][name]}/"
    return places


def test_every_list_and_detail_takes_three_statements(alice, at_most, monkeypatch):
    # The limits' live values come from Redis, which learns them on commit: never inside a test's transaction.
    monkeypatch.setattr(limits, "LIVE_SECONDS", 3600.0)
    places = readable(alice)

    over = []
    for name, address in places.items():
        headers = {"X-Workspace-Id": str(alice.workspace.id)}
        assert alice.get(address, headers=headers).status_code == 200, name
        try:
            with at_most(3):
                alice.get(address, headers=headers)
        except AssertionError as error:
            over.append(f"{name}: {error}")
    assert over == []
    assert len(places) > 20
