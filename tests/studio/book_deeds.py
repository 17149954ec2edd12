"""One call of every operation on books and their readers; each must leave its row in the audit log."""

from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile

IMPORTS = "/api/v1/work-imports/"


def _import(w, method, rest="", body=None):
    return w.send(method, f"{IMPORTS}{w.key('work_import')}/{rest}", body)


def _brought(w):
    w.trace = uuid4().hex
    return w.alice.client.post(
        IMPORTS,
        {"file": SimpleUploadedFile("book.txt", "第一章 起\n\n文。".encode())},
        headers={"X-Request-Id": w.trace},
    )


def _opened(w, then=None):
    path = f"/api/v1/works/{w.key('work')}/publication/"
    first = w.send("put", path, {})
    return w.send(then, path) if then else first


def _published(w, then=None):
    _opened(w)
    path = f"/api/v1/chapters/{w.key('chapter')}/publication/"
    first = w.send("put", path, {})
    return w.send(then, path) if then else first


CALLS = {
    "work_imports_create": _brought,
    "work_imports_partial_update": lambda w: _import(w, "patch", body={"keep_indents": True}),
    "work_imports_destroy": lambda w: _import(w, "delete"),
    "work_imports_confirmation_create": lambda w: _import(w, "post", "confirmation/", {}),
    "works_export_create": lambda w: w.send(
        "post", f"/api/v1/works/{w.key('work')}/export/", {"format": "md"}
    ),
    "works_publication_update": _opened,
    "works_publication_destroy": lambda w: _opened(w, "delete"),
    "chapters_publication_update": _published,
    "chapters_publication_destroy": lambda w: _published(w, "delete"),
}
# A reader's like is its own row.
LEDGERED = {"read_like_update", "read_like_destroy"}
