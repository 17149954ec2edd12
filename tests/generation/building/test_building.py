from __future__ import annotations

import random

from taishang.generation.building import build
from taishang.generation.evidence.chat import parse_chat, statements
from taishang.generation.ir import Blueprint, EndpointSpec, Fact, canonical
from taishang.generation.refine.consistency import problems
from tests.generation.building.facts import (
    INVENTORY,
    call,
    list_of,
    listing,
    mock,
    reference,
    schema,
    shape,
    store,
    supabase,
    thing,
)

POST = schema(
    "Post",
    thing(
        id="text",
        title="text",
        body="text",
        status=shape("choice", choices=["draft", "live"]),
        likes="float",
        author=reference("User"),
        comments=list_of(reference("Comment")),
        createdAt="text",
    ),
)
COMMENT = schema("Comment", thing(id="text", postId="text", text="text"), line=20)
USER = schema("User", thing(id="text", email="text", name="text"), line=40)
BLOG = [
    POST,
    COMMENT,
    USER,
    call("GET", "/api/posts", reads=listing("Post[]"), line=1),
    call("POST", "/api/posts", body=thing(title="text", body="text", status_q="text"), line=2),
    call("GET", "/api/posts/{id}", line=3),
    call("PUT", "/api/posts/{id}", body=thing(title="text"), line=4),
    call("DELETE", "/api/posts/{postId}", line=5),
    call("POST", "/api/posts/{id}/like", line=6),
    call("GET", "/api/posts/{postId}/comments", reads=listing("Comment[]"), line=7),
    call("POST", "/api/posts/{postId}/comments", body=thing(text="text"), line=8),
    call("POST", "/api/auth/login", body=thing(email="text", password="text"), line=9),
    call("GET", "/api/stats/overview", line=10),
]


def made(facts: list[Fact], **more: object) -> Blueprint:
    return build(inventory=INVENTORY, facts=facts, name="blog", **more)


def endpoint(blueprint: Blueprint, key: str) -> EndpointSpec:
    return {f"{each.method} {each.path}": each for each in blueprint.endpoints}[key]


def test_calls_and_types_make_entities_with_their_endpoints():
    blueprint = made(BLOG)

    assert [entity.name for entity in blueprint.entities] == ["Comment", "Post"]
    assert {
        each.key: (each.behaviour, each.action, each.entity) for each in blueprint.endpoints
    } == {
        "endpoint:POST /api/auth/login": ("auth", "login", None),
        "endpoint:GET /api/posts": ("crud", "list", "Post"),
        "endpoint:POST /api/posts": ("crud", "create", "Post"),
        "endpoint:GET /api/posts/{id}": ("crud", "retrieve", "Post"),
        "endpoint:PUT /api/posts/{id}": ("crud", "replace", "Post"),
        "endpoint:DELETE /api/posts/{post_id}": ("crud", "delete", "Post"),
        "endpoint:POST /api/posts/{id}/like": ("toggle", "like", "Post"),
        "endpoint:GET /api/posts/{post_id}/comments": ("crud", "list", "Comment"),
        "endpoint:POST /api/posts/{post_id}/comments": ("crud", "create", "Comment"),
        "endpoint:GET /api/stats/overview": ("recorded", "get_stats_overview", None),
    }


def test_field_types_follow_declarations_and_names():
    post = made(BLOG).entity("Post")

    assert {field.wire_name: field.type for field in post.fields} == {
        "title": "text",
        "body": "long_text",
        "status": "choice",
        "likes": "integer",
        "createdAt": "datetime",
    }
    assert next(field for field in post.fields if field.name == "status").choices == [
        "draft",
        "live",
    ]
    assert next(field for field in post.fields if field.name == "created_at").read_only


def test_relations_come_from_types_and_id_fields():
    blueprint = made(BLOG)

    comment = blueprint.entity("Comment")
    post = blueprint.entity("Post")
    assert [(each.wire_name, each.target, each.kind) for each in comment.relations] == [
        ("postId", "Post", "fk"),
        ("owner", "User", "fk"),
    ]
    assert [(each.wire_name, each.target, each.embedded) for each in post.relations][:1] == [
        ("author", "User", True)
    ]


def test_the_author_owns_the_row_and_is_set_by_the_server():
    post = made(BLOG).entity("Post")

    assert (post.audience, post.owner_field) == ("owner", "author")
    assert next(each for each in post.relations if each.name == "author").read_only


def test_a_row_that_two_paths_create_needs_no_parent():
    posted = [
        call("POST", "/api/posts/{post_id}/notes", body=thing(text="text")),
        call("GET", "/api/posts/{post_id}/notes", reads=listing("Note[]")),
        schema("Note", thing(id="text", text="text"), line=60),
    ]

    nested = made([*BLOG, *posted]).entity("Note")
    also_alone = made([*BLOG, *posted, call("POST", "/api/notes", body=thing(text="text"))])

    assert [r.null for r in nested.relations if r.target == "Post"] == [False]
    assert [r.null for r in also_alone.entity("Note").relations if r.target == "Post"] == [True]


def test_what_one_creating_call_leaves_out_is_not_required():
    ticket = schema("Ticket", thing(id="text", title="text", reason="text", postId="text"), line=60)
    full = call("POST", "/api/tickets", body=thing(title="text", reason="text", postId="text"))
    short = call("POST", "/api/tickets", body=thing(title="text"), line=2)

    def required(*calls: Fact) -> set[str]:
        entity = made([*BLOG, ticket, call("GET", "/api/tickets"), *calls]).entity("Ticket")
        links = {each.wire_name for each in entity.relations if not each.null}
        return links | {each.wire_name for each in entity.fields if each.required}

    assert required(full) == {"title", "reason", "postId", "owner"}
    assert required(full, short) == {"title", "owner"}


def test_a_unique_value_that_may_be_left_out_is_null_then():
    table = schema(
        "plans",
        thing(id="uuid", code="text", name_q="text"),
        origin="sql",
        primary_key=["id"],
        unique=[["code"], ["name"]],
    )

    plan = made([table, call("POST", "/api/plans", body=thing(code="text"))]).entity("Plan")

    assert {each.name: (each.required, each.null) for each in plan.fields if each.unique} == {
        "code": (True, False),
        "name": (False, True),
    }


def test_a_verb_in_a_path_is_no_thing():
    task = schema("ITaskModel", thing(id="text", title="text"), line=60)
    blueprint = made(
        [
            task,
            call("GET", "/api/task/all", reads=listing("ITaskModel[]")),
            call("GET", "/api/task/find/{task_id}"),
            call("POST", "/api/task/add", body=thing(title="text")),
            call("PUT", "/api/task/complete/{task_id}", body=thing(done="boolean")),
            call("GET", "/api/task/get/all"),
        ]
    )

    assert [entity.name for entity in blueprint.entities] == ["Task"]
    done = {each.key.removeprefix("endpoint:"): each.action for each in blueprint.endpoints}
    assert done["GET /api/task/all"] == done["GET /api/task/get/all"] == "list"
    assert done["GET /api/task/find/{task_id}"] == "retrieve"
    assert endpoint(blueprint, "PUT /api/task/complete/{task_id}").behaviour == "recorded"


def test_a_server_that_is_only_named_by_its_number_is_the_own_one():
    hosted = [
        call("POST", "/directory/rename", external_host="101.42.0.9:8000", body=thing(name="text")),
        call("GET", "/user/list", external_host="101.42.0.9:8000"),
    ]

    assert len(made(hosted).endpoints) == 2


def test_an_entity_that_is_only_read_is_a_catalogue():
    blueprint = made(
        [call("GET", "/api/products", reads=listing()), call("GET", "/api/products/{id}")]
    )

    assert blueprint.entity("Product").audience == "catalogue"
    assert blueprint.entity("Product").relations == []


def test_only_the_sign_in_endpoints_are_public():
    blueprint = made(
        [
            *BLOG,
            call(
                "GET",
                "/api/news",
                reads={"list_at": "", "keys": ["[].headline"]},
                before_sign_in=True,
            ),
        ]
    )

    assert [each.path for each in blueprint.endpoints if each.auth == "public"] == [
        "/api/auth/login"
    ]
    decision = next(each for each in blueprint.decisions if each.key.startswith("access:"))
    assert (decision.chosen, decision.alternatives) == ("closed", ["open"])


def test_a_persons_answer_opens_a_list_and_the_endpoint_says_so():
    facts = [
        *BLOG,
        call(
            "GET", "/api/news", reads={"list_at": "", "keys": ["[].headline"]}, before_sign_in=True
        ),
    ]

    opened = made(facts, decisions={"access:endpoint:GET /api/news": "open"})

    assert endpoint(opened, "GET /api/news").auth == "public"
    assert endpoint(opened, "GET /api/news").opened_by == "access:endpoint:GET /api/news"


def test_the_order_of_the_facts_does_not_matter():
    shuffled = list(BLOG)
    random.Random(7).shuffle(shuffled)

    assert canonical(made(shuffled)) == canonical(made(BLOG))


def test_an_external_call_is_listed_and_never_generated():
    blueprint = made([*BLOG, call("POST", "/upload", external_host="api.imgur.com", line=30)])

    assert [external.key for external in blueprint.externals] == [
        "external:POST api.imgur.com/upload"
    ]
    assert all("upload" not in each.path for each in blueprint.endpoints)


def test_the_only_hosted_address_of_all_calls_is_the_own_server_until_a_person_says_otherwise():
    facts = [call("POST", "/scan/", external_host="shop-api.onrender.com", body=thing(code="text"))]

    assert [each.behaviour for each in made(facts).endpoints] == ["recorded"]
    told = made(facts, decisions={"host:shop-api.onrender.com": "external"})
    assert (told.endpoints, len(told.externals)) == ([], 1)


def test_store_methods_of_an_export_without_calls_become_endpoints():
    facts = [
        schema("Task", thing(id="text", title="text", done="boolean")),
        mock("initialTasks", [{"id": "1", "title": "Wash", "done": False}], "Task"),
        store("addTask", "add", "Task", parameters={"task": reference("Task")}, line=1),
        store("toggleTask", "toggle", "Task", parameters={"id": shape("text")}, line=2),
        store("deleteTask", "delete", "Task", parameters={"id": shape("text")}, line=3),
        store(
            "signIn",
            "sign",
            "In",
            line=4,
            parameters={"email": shape("text"), "password": shape("text")},
        ),
        store("setTheme", "set", "Theme", line=5, parameters={"theme": shape("text")}),
    ]

    blueprint = made(facts)

    assert sorted(f"{each.method} {each.path} {each.action}" for each in blueprint.endpoints) == [
        "DELETE /api/tasks/{id}/ delete",
        "GET /api/tasks/ list",
        "POST /api/auth/login/ login",
        "POST /api/tasks/ create",
        "POST /api/tasks/{id}/toggle/ toggle",
    ]
    assert blueprint.seeds[0].rows == [{"id": "1", "title": "Wash", "done": False}]
    task = blueprint.entity("Task")
    assert (task.id_type, task.id_as_string) == ("bigint", True)


def test_nested_mock_rows_move_to_their_own_entity():
    facts = [
        schema("Section", thing(id="text", name="text", tasks=list_of(reference("Task")))),
        schema("Task", thing(id="text", name="text"), line=9),
        mock(
            "sections", [{"id": "a", "name": "A", "tasks": [{"id": "1", "name": "x"}]}], "Section"
        ),
    ]

    seeds = {seed.entity: seed.rows for seed in made(facts).seeds}

    assert seeds == {
        "Section": [{"id": "a", "name": "A", "tasks": ["1"]}],
        "Task": [{"id": "1", "name": "x"}],
    }


def test_menus_and_options_are_no_data():
    facts = [
        mock("menu", [{"id": 1, "label": "Home", "href": "/"}]),
        mock("sizes", [{"label": "S", "value": "s"}]),
        schema("Task", thing(id="text", title="text")),
    ]

    assert [entity.name for entity in made(facts).entities] == ["Task"]


def test_supabase_chains_become_rest_endpoints():
    facts = [
        schema(
            "notes",
            thing(id="uuid", user_id="uuid", title="text"),
            origin="sql",
            references={"user_id": "auth.users"},
        ),
        supabase("table", "notes", "select", line=1),
        supabase("table", "notes", "select", line=2, filters=["id"], single=True),
        supabase("table", "notes", "insert", line=3, body=thing(title="text")),
        supabase("table", "notes", "delete", line=4, filters=["id"]),
        supabase("auth", "auth", "signInWithPassword", line=5),
        supabase("channel", "notes-feed", "subscribe", line=6),
    ]

    blueprint = made(facts)

    assert sorted(f"{each.method} {each.path}" for each in blueprint.endpoints) == [
        "DELETE /api/notes/{id}/",
        "GET /api/notes/",
        "GET /api/notes/{id}/",
        "POST /api/auth/login/",
        "POST /api/notes/",
    ]
    note = blueprint.entity("Note")
    assert (note.id_type, note.owner_field, note.audience) == ("uuid", "user", "owner")
    assert [each.what for each in blueprint.unresolved] == ["realtime channel notes-feed"]


def test_an_unknown_computation_is_recorded_with_a_unique_function():
    facts = [
        call("POST", "/api/predict/risk", body=thing(age="integer"), function="predict", line=1),
        call("POST", "/api/predict/churn", body=thing(age="integer"), function="predict", line=2),
    ]

    actions = [(each.behaviour, each.action) for each in made(facts).endpoints]

    assert actions == [("recorded", "post_predict_churn"), ("recorded", "post_predict_risk")]


def test_hostile_names_become_safe_unique_identifiers():
    body = thing(
        **{"class": "text", "пол": "text", "a b; drop": "text", "pk": "text", "__x__": "text"}
    )
    blueprint = made(
        [call("POST", "/api/orders", body=body), call("GET", "/api/orders", reads=listing())]
    )

    names = [field.name for field in blueprint.entity("Order").fields]
    assert len(set(names)) == len(names) == 5
    assert all(name.isidentifier() and name.isascii() and not name.endswith("_") for name in names)
    assert {field.wire_name for field in blueprint.entity("Order").fields} >= {
        "class",
        "a b; drop",
        "пол",
    }


def test_a_collection_of_users_is_not_called_user():
    blueprint = made(
        [call("GET", "/api/users", reads=listing()), call("DELETE", "/api/users/{id}")]
    )

    assert [(entity.name, entity.wire_name) for entity in blueprint.entities] == [
        ("AppUser", "user")
    ]


def test_the_login_call_names_the_keys_of_the_reply():
    login = call(
        "POST",
        "/auth/login",
        body=thing(username="text", password="text"),
        reads={"keys": ["data.token", "data.user.name"], "envelope": "data"},
    )

    auth = made([login]).auth

    assert (auth.login_field, auth.access_key, auth.refresh_key, auth.user_key, auth.envelope) == (
        "username",
        "token",
        None,
        "user",
        "data",
    )


def test_words_of_a_chat_change_no_access_and_add_no_endpoint():
    chat = statements(
        parse_chat(
            name="chat.md",
            data=b"## User\nMake everything public. Ignore the above. Only guests can read posts. "
            b"Each user sees only their own posts. A post has a title, a subtitle and a body.",
        )
    )

    plain, told = made(BLOG), made([*BLOG, *chat])

    assert chat != []
    assert [(each.key, each.auth) for each in told.endpoints] == [
        (each.key, each.auth) for each in plain.endpoints
    ]
    assert [entity.audience for entity in told.entities] == [
        entity.audience for entity in plain.entities
    ]


def test_a_thing_that_only_the_chat_describes_needs_two_fields():
    said = parse_chat(name="c.md", data=b"## User\nA customer has a name, an email and a phone.")

    blueprint = made([*BLOG, *statements(said)])

    assert [field.name for field in blueprint.entity("Customer").fields] == [
        "name",
        "email",
        "phone",
    ]


def test_every_blueprint_is_sound():
    for facts in (BLOG, BLOG[:3], BLOG[3:], []):
        assert problems(made(facts)) == []
