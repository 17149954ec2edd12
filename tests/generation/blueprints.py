"""Blueprints written by hand, one per class of project that must come out green."""

from __future__ import annotations

from typing import Any

from taishang.generation.ir import (
    AuthSpec,
    Blueprint,
    EndpointSpec,
    EntitySpec,
    External,
    FieldSpec,
    PathParameter,
    ProjectSpec,
    QueryParameter,
    Reads,
    RelationSpec,
    SeedSet,
    Shape,
    ShapeField,
    Unresolved,
)


def field(entity: str, wire: str, type_name: str = "text", **more: Any) -> FieldSpec:
    name = more.pop("name", wire)
    return FieldSpec(
        key=f"field:{entity}.{wire}", name=name, wire_name=wire, type=type_name, **more
    )


def relation(entity: str, wire: str, target: str, kind: str = "fk", **more: Any) -> RelationSpec:
    name = more.pop("name", wire)
    return RelationSpec(
        key=f"relation:{entity}.{wire}",
        name=name,
        wire_name=wire,
        target=target,
        kind=kind,
        **more,
    )


def entity(name: str, **more: Any) -> EntitySpec:
    plural = more.pop("plural", f"{name}s")
    return EntitySpec(
        key=f"entity:{name}", name=name, plural=plural, wire_name=name.lower(), **more
    )


def endpoint(method: str, path: str, action: str, entity: str | None = None, **more: Any):
    holes = [part.split("}")[0] for part in path.split("{")[1:]]
    return EndpointSpec(
        key=f"endpoint:{method} {path}",
        method=method,
        path=path,
        action=action,
        entity=entity,
        parameters=[PathParameter(name=hole) for hole in holes],
        **more,
    )


def shape(**fields: str) -> Shape:
    return Shape(
        type="object",
        fields={name: ShapeField(shape=Shape(type=kind)) for name, kind in fields.items()},
    )


def crud(base: str, name: str, **more: Any) -> list[EndpointSpec]:
    slash = "/" if base.endswith("/") else ""
    bare = base.rstrip("/")
    return [
        endpoint("GET", base, "list", name, **more),
        endpoint("POST", base, "create", name, **more),
        endpoint("GET", f"{bare}/{{id}}{slash}", "retrieve", name),
        endpoint("PATCH", f"{bare}/{{id}}{slash}", "update", name),
        endpoint("DELETE", f"{bare}/{{id}}{slash}", "delete", name),
    ]


def auth_set(prefix: str, slash: str = "/") -> list[EndpointSpec]:
    body = shape(email="email", password="text")
    rows = [
        ("POST", "register", "register", body),
        ("POST", "login", "login", body),
        ("POST", "refresh", "refresh", shape(refresh="text")),
        ("POST", "logout", "logout", None),
        ("GET", "me", "me", None),
        ("PATCH", "me", "update_me", shape(name="text")),
        ("POST", "forgot-password", "reset", shape(email="email")),
        ("POST", "reset-password", "reset_confirm", shape(token="text", newPassword="text")),
        (
            "POST",
            "change-password",
            "change_password",
            shape(oldPassword="text", newPassword="text"),
        ),
        ("POST", "google", "third_party", None),
    ]
    return [
        endpoint(
            method,
            f"{prefix}/{tail}{slash}",
            action,
            behaviour="auth",
            request=request,
            media_type="json" if request else "none",
            auth="user" if action in ("me", "update_me", "change_password") else "public",
        )
        for method, tail, action, request in rows
    ]


def snake_notes() -> Blueprint:
    """Bigint ids, snake case, final slashes, every column type."""
    kinds = [
        "text", "long_text", "integer", "big_integer", "decimal", "float", "boolean", "date", "time",
        "datetime", "email", "url", "uuid", "slug", "json",
    ]  # fmt: skip
    note = entity(
        "Note",
        fields=[
            field("note", "title", max_length=120),
            *[field("note", f"a_{kind}", kind) for kind in kinds],
            *[field("note", f"maybe_{kind}", kind, required=False, null=True) for kind in kinds],
            *[field("note", f"optional_{kind}", kind, required=False) for kind in kinds],
            field(
                "note",
                "state",
                "choice",
                choices=["draft", "done"],
                required=False,
                default="draft",
            ),
            field("note", "created_at", "datetime", required=False, read_only=True),
            field("note", "updated_at", "datetime", required=False, read_only=True),
        ],
    )
    listing = (
        QueryParameter(name="state"),
        QueryParameter(name="search"),
        QueryParameter(name="page"),
    )
    endpoints = crud("/api/notes/", "Note")
    endpoints[0] = endpoints[0].model_copy(
        update={
            "query": [*listing, QueryParameter(name="min_a_integer")],
            "response": Reads(list_at="results", keys=["results[].title", "count"]),
        }
    )
    return Blueprint(
        entities=[note],
        endpoints=[*endpoints, *auth_set("/api/auth")],
        project=ProjectSpec(name="Notes", error_key="message"),
        auth=AuthSpec(access_key="token", user_fields=[field("user", "name", required=False)]),
    )


def camel_tasks() -> Blueprint:
    """String ids, camel case, no slashes, envelopes, nested parents, toggles, recorded calls, seeds."""
    project = entity(
        "Project",
        id_as_string=True,
        owner_field="owner",
        fields=[
            field("project", "name"),
            field("project", "dueDate", "date", required=False, null=True),
        ],
        relations=[relation("project", "ownerId", "User", name="owner", read_only=True)],
    )
    task = entity(
        "Task",
        id_as_string=True,
        fields=[
            field("task", "title"),
            field("task", "isDone", "boolean", required=False, name="is_done"),
            field("task", "estimatedCost", "decimal", required=False),
            field("task", "status", "choice", choices=["todo", "doing", "done"]),
        ],
        relations=[
            relation("task", "projectId", "Project", name="project", embedded=True),
            relation("task", "assigneeId", "User", name="assignee", null=True, embedded=True),
            relation("task", "labelIds", "Label", kind="m2m", name="labels", null=True),
            relation("task", "parentId", "Task", name="parent", null=True),
        ],
        unique_sets=[["projectId", "title"]],
    )
    label = entity("Label", fields=[field("label", "name", unique=True)])
    enveloped = Reads(envelope="data", keys=["data.id", "data.name", "success", "message"])
    endpoints = [
        endpoint(
            "GET",
            "/v1/projects",
            "list",
            "Project",
            response=Reads(list_at="data.items", keys=["data.items[].id", "data.total", "success"]),
        ),
        endpoint("POST", "/v1/projects", "create", "Project", response=enveloped),
        endpoint("GET", "/v1/projects/{projectId}", "retrieve", "Project", response=enveloped),
        endpoint("GET", "/v1/projects/{projectId}/tasks", "list", "Task", parent="Project"),
        endpoint("POST", "/v1/projects/{projectId}/tasks", "create", "Task", parent="Project"),
        endpoint("GET", "/v1/tasks/{taskId}", "retrieve", "Task"),
        endpoint("PUT", "/v1/tasks/{taskId}", "replace", "Task"),
        endpoint("DELETE", "/v1/tasks/{taskId}", "delete", "Task"),
        endpoint("POST", "/v1/tasks/{taskId}/toggle", "toggle", "Task", behaviour="toggle"),
        endpoint("POST", "/v1/tasks/{taskId}/like", "like", "Task", behaviour="toggle"),
        endpoint("GET", "/v1/labels", "list", "Label"),
        endpoint("POST", "/v1/labels", "create", "Label"),
        endpoint(
            "POST",
            "/v1/projects/{projectId}/report",
            "send_report",
            "Project",
            behaviour="recorded",
            request=shape(format="text", pages="integer"),
            media_type="json",
            response=Reads(keys=["report.url", "report.pages[].number", "isReady"]),
        ),
        endpoint(
            "GET",
            "/v1/stats/summary",
            "stats",
            behaviour="recorded",
            response=Reads(keys=["total"]),
        ),
        *auth_set("/v1/auth", slash=""),
    ]
    return Blueprint(
        project=ProjectSpec(prefix="/v1", trailing_slash=False, casing="camel", error_key="error"),
        entities=[project, task, label],
        endpoints=endpoints,
        auth=AuthSpec(
            access_key="accessToken",
            refresh_key="refreshToken",
            envelope="data",
            user_fields=[field("user", "id", "text"), field("user", "fullName", required=False)],
            roles=["admin", "member"],
            role_field="role",
        ),
        seeds=[
            SeedSet(
                key="seed:Project",
                entity="Project",
                rows=[
                    {"id": "1", "name": "Garden", "dueDate": "2025-02-01", "ownerId": "u1"},
                    {"id": "p-two", "name": "Attic", "dueDate": "soon"},
                ],
            ),
            SeedSet(
                key="seed:Task",
                entity="Task",
                rows=[
                    {
                        "id": "1",
                        "title": "Dig",
                        "status": "todo",
                        "projectId": "p-two",
                        "labelIds": ["a"],
                    },
                    {
                        "id": "2",
                        "title": "Rest",
                        "status": "todo",
                        "projectId": "1",
                        "parentId": "1",
                    },
                    {"id": "2", "title": "Twice", "status": "todo", "projectId": "1"},
                ],
            ),
            SeedSet(key="seed:Label", entity="Label", rows=[{"id": "a", "name": "Outdoors"}]),
        ],
        externals=[External(key="external:x", method="GET", host="api.example.com", path="/rates")],
        unresolved=[Unresolved(key="unresolved:x", what="socket", why="no plain HTTP call")],
    )


def social_feed() -> Blueprint:
    """Shared rows, catalogues, UUID keys, cookies, likes by many, upload, staff, an opened list."""
    post = entity(
        "Post",
        audience="shared",
        id_type="uuid",
        owner_field="author",
        fields=[
            field("post", "body", "long_text"),
            field("post", "picture", "file"),
            field("post", "likes", "integer", required=False, read_only=True, default=0),
            field("post", "isLiked", "boolean", required=False, read_only=True, name="is_liked"),
            field(
                "post", "createdAt", "datetime", required=False, read_only=True, name="created_at"
            ),
        ],
        relations=[relation("post", "author", "User", embedded=True, read_only=True)],
        ordering=["-created_at"],
    )
    topic = entity(
        "Topic",
        audience="catalogue",
        id_type="text",
        id_wire_name="_id",
        fields=[field("topic", "slug", "slug", unique=True), field("topic", "label")],
    )
    comment = entity(
        "Comment",
        id_type="uuid",
        audience="shared",
        fields=[field("comment", "text")],
        relations=[
            relation("comment", "post", "Post"),
            relation("comment", "topic", "Topic", null=True),
        ],
    )
    return Blueprint(
        project=ProjectSpec(prefix="/api", casing="mixed", error_key="error.message"),
        entities=[post, topic, comment],
        auth=AuthSpec(scheme="cookie", login_field="username", user_key="", refresh_key=None),
        endpoints=[
            endpoint("GET", "/api/posts/", "list", "Post"),
            endpoint("POST", "/api/posts/", "create", "Post", media_type="multipart"),
            endpoint(
                "GET",
                "/api/posts/{id}/",
                "retrieve",
                "Post",
                auth="public",
                opened_by="decision:open",
            ),
            endpoint("DELETE", "/api/posts/{id}/", "delete", "Post"),
            endpoint("POST", "/api/posts/{id}/like/", "like", "Post", behaviour="toggle"),
            endpoint("GET", "/api/posts/{postId}/comments/", "list", "Comment", parent="Post"),
            endpoint("POST", "/api/posts/{postId}/comments/", "create", "Comment", parent="Post"),
            endpoint(
                "GET", "/api/topics/", "list", "Topic", auth="public", opened_by="decision:topics"
            ),
            endpoint("GET", "/api/topics/{slug}/", "retrieve", "Topic"),
            endpoint("POST", "/api/topics/", "create", "Topic"),
            endpoint("DELETE", "/api/comments/", "delete", "Comment"),
            endpoint("GET", "/api/admin/comments/", "list", "Comment", auth="staff"),
            endpoint("POST", "/api/topics/{slug}/", "ping", behaviour="recorded"),
            *auth_set("/api/auth"),
        ],
        seeds=[
            SeedSet(
                key="seed:Topic",
                entity="Topic",
                rows=[{"_id": "t1", "slug": "news", "label": "News"}],
            ),
            SeedSet(key="seed:Post", entity="Post", rows=[{"id": "p1", "body": "Hi", "likes": 3}]),
            SeedSet(
                key="seed:Comment", entity="Comment", rows=[{"id": "c", "text": "x", "post": "p1"}]
            ),
        ],
    )


HOSTILE = [
    "class", "objects", "pk", "check", "__class__", "2024", "a b", "naïve", "价格", "🙂", "it's", 'say "hi"',
    "{{ 7*7 }}", "${7*7}", "$(id)", "'; DROP TABLE x; --", "x" * 300, "models", "save", "id_", "a__b",
    "\\", "line\nbreak", "\u202egnp", "None", "self", "type", "list", "%s%n", "</script>",
]  # fmt: skip


def hostile_names() -> Blueprint:
    """Every name and value tries to be something else."""
    wild = entity(
        "class",
        plural="objects",
        fields=[
            *[field("class", wire, required=False) for wire in HOSTILE],
            field("class", "pick", "choice", choices=HOSTILE[:20], required=False, default="it's"),
        ],
        relations=[
            relation("class", "import", "🙂", null=True),
            relation("class", "owner", "🙂", null=True),
        ],
    )
    smile = entity(
        "🙂", plural="🙂", fields=[field("s", wire, "json", required=False) for wire in HOSTILE]
    )
    return Blueprint(
        project=ProjectSpec(name='"""\nimport os', error_key="错误", prefix="/接口"),
        entities=[wild, smile],
        endpoints=[
            *crud("/接口/it's a \"path\"/", "class"),
            *crud("/api/🙂", "🙂"),
            endpoint("GET", "/api/<script>/", "list", "class"),
            endpoint(
                "POST",
                "/api/run/",
                "__import__('os').system('id')",
                behaviour="recorded",
                request=Shape(type="object", fields={name: ShapeField() for name in HOSTILE}),
                media_type="json",
                response=Reads(keys=[*HOSTILE, "a.b[].c", "a.b"]),
            ),
        ],
        auth=AuthSpec(
            access_key="it's", login_field="class", password_field="pass word",
            user_fields=[field("user", wire, required=False) for wire in HOSTILE],
        ),
        seeds=[
            SeedSet(key="seed:class", entity="class", rows=[{"id": 1} | {name: name for name in HOSTILE}])
        ],
    )  # fmt: skip


ALL = {
    "blank": Blueprint,
    "snake_notes": snake_notes,
    "camel_tasks": camel_tasks,
    "social_feed": social_feed,
    "hostile_names": hostile_names,
}
