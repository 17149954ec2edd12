"""`/dev/parts/`: every part of the pages with all its states, for those who build and check them."""

from datetime import timedelta
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.web.access import operators
from accounts.web.states import STATES

STAGES = (
    ("Unpack", "succeeded", "413 files, 3.1 MB", "0:02", None),
    ("Recognise", "succeeded", "Bolt, React + Vite", "0:01", None),
    ("Read", "running", "117 of 413 files read", "0:09", 28),
    ("Build", "queued", "", "", None),
    ("Refine", "queued", "", "", None),
    ("Render", "queued", "", "", None),
    ("Verify", "queued", "", "", None),
    ("Pack", "queued", "", "", None),
)

TREE = [
    {
        "name": "shop",
        "children": [
            {"name": "models.py", "url": "#models", "current": True, "note": "+84"},
            {"name": "views.py", "url": "#views", "note": "+120"},
            {"name": "migrations", "children": [{"name": "0001_initial.py", "url": "#m"}]},
        ],
    },
    {"name": "manage.py", "url": "#manage"},
]
DIFF = {
    "path": "shop/models.py",
    "added": 2,
    "removed": 1,
    "lines": [
        {"kind": "gap", "text": "@@ -1,3 +1,4 @@ class Order"},
        {"kind": "context", "old": 1, "new": 1, "text": "class Order(models.Model):"},
        {"kind": "removed", "old": 2, "new": None, "text": "    total = models.FloatField()"},
        {
            "kind": "added",
            "old": None,
            "new": 2,
            "text": "    total = models.DecimalField(max_digits=12, decimal_places=2)",
        },
        {"kind": "added", "old": None, "new": 3, "text": "    paid = models.BooleanField()"},
        {"kind": "context", "old": 3, "new": 4, "text": "    created_at = models.DateTimeField()"},
    ],
}


class SampleForm(forms.Form):
    """One field of each kind."""

    title = forms.CharField(help_text="Shown in lists.", max_length=60)
    kind = forms.ChoiceField(choices=[("a", "First"), ("b", "Second")])
    text = forms.CharField(widget=forms.Textarea, required=False)
    agreed = forms.BooleanField(required=False, label="Send me news")


@operators
def gallery(request: HttpRequest) -> HttpResponse:
    if not getattr(request.user, "is_staff", False):
        raise Http404
    form = SampleForm({"title": "", "kind": "a"})
    form.is_valid()
    return render(request, "accounts/parts.html", {**_samples(), "form": form})


def _samples() -> dict[str, Any]:
    now = timezone.now()
    names = ("name", "state", "note", "elapsed", "percent")
    return {
        "states": list(STATES),
        "steps": [dict(zip(names, stage, strict=True)) for stage in STAGES],
        "tree": TREE,
        "diff": DIFF,
        "since": now - timedelta(seconds=84),
        "now": now,
        "events": [
            {"title": "Applied", "kind": "good", "icon": "check", "at": now, "text": "42 files"},
            {"title": "Check failed", "kind": "bad", "icon": "cross", "at": now},
            {"title": "Created", "icon": "plus", "at": now - timedelta(hours=3)},
        ],
        "code": "class Order(models.Model):\n    total = models.DecimalField(max_digits=12)\n",
        "chart": {
            "kind": "line",
            "labels": ["Mon", "Tue", "Wed", "Thu", "Fri"],
            "series": [
                {"name": "Done", "values": [4, 9, 7, 12, 10]},
                {"name": "Failed", "values": [1, 0, 2, 1, 0]},
            ],
        },
        "chart_rows": [("Mon", 4, 1), ("Tue", 9, 0), ("Wed", 7, 2), ("Thu", 12, 1), ("Fri", 10, 0)],
        "crumbs": [("/", "Home"), ("#", "Generate")],
        "sample_trace": "019ab1c2d3e4f5",
    }
