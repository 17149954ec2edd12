"""An endpoint of the front end with the view of the project that answers it."""

import re
from urllib.parse import quote

from django.urls import Resolver404, resolve

HOLE = re.compile(r"\{([^{}]*)\}")


class Target:
    """One endpoint of the front end with the view that answers it."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.holes = HOLE.findall(endpoint["route"])
        self.marks = {f"zz{number}zz": hole for number, hole in enumerate(self.holes)}
        marks = iter(self.marks)
        self.pieces = HOLE.split(endpoint["route"])[::2]
        probe = "".join(piece + next(marks, "") for piece in self.pieces)
        self.names, self.view = [], None
        try:
            match = resolve(probe)
        except Resolver404:
            return
        function = getattr(match.func, "views", {}).get(endpoint["method"].lower(), match.func)
        self.view = getattr(function, "cls", None)
        self.initkwargs = getattr(function, "initkwargs", {})
        by_mark = {str(value): name for name, value in match.kwargs.items()}
        self.names = [by_mark.get(mark, "") for mark in self.marks]

    @property
    def model(self):
        rows = getattr(self.view, "rows", None)
        if rows is not None:
            return rows.model
        queryset = getattr(self.view, "queryset", None)
        return None if queryset is None or self.is_recorded else queryset.model

    @property
    def is_recorded(self):
        return self.endpoint["behaviour"] == "recorded" or hasattr(self.view, "record")

    @property
    def names_row(self):
        """Does the path name one row of the view's own model?"""
        return "id" in self.names or any(self.column(name) for name in self.names)

    def column(self, name):
        fields = (
            {each.name: each for each in self.model._meta.concrete_fields} if self.model else {}
        )
        found = fields.get(name)
        return found if found is not None and not found.is_relation else None

    def address(self, values):
        out = []
        for index, piece in enumerate(self.pieces):
            out.append(quote(piece, safe="/@:-_.~"))
            if index < len(self.names):
                out.append(quote(str(values[index]), safe=""))
        return "".join(out)
