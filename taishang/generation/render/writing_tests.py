"""Write the tests that travel with the project: who may do what, endpoint by endpoint."""

from __future__ import annotations

from urllib.parse import quote

from taishang.generation.render import layout
from taishang.generation.render.naming import identifier, inside_docstring, literal
from taishang.generation.render.plan import Column, Link, Model, Plan, Route
from taishang.generation.render.samples import kept, sent
from taishang.generation.render.writing_factories import factories, must_fill, needs_row
from taishang.generation.render.writing_recorded import is_public

WRITES = frozenset({"create", "update", "partial_update", "destroy", "destroy_all"})
PATH_SAFE = "/@:-_.~"


def modules(plan: Plan) -> dict[str, str]:
    folder = f"{plan.app}/tests"
    found = {f"{folder}/__init__.py": "", f"{folder}/factories.py": factories(plan)}
    for model in plan.models:
        routes = plan.routes_of(model)
        if routes:
            found[f"{folder}/test_{model.module}.py"] = _entity_tests(plan, model, routes)
    recorded = [route for route in plan.routes if route.home == "recorded"]
    if recorded:
        found[f"{folder}/test_recorded.py"] = recorded_tests(plan, recorded)
    return found


# --- rows ------------------------------------------------------------------------------------------


# --- an entity's endpoints -------------------------------------------------------------------------


def _entity_tests(plan: Plan, model: Model, routes: list[Route]) -> str:
    lines = [f"class {model.class_name}Tests(ApiTestCase):", "    @classmethod"]
    lines += ["    def setUpTestData(cls):"]
    people = ["owner", "stranger"]
    people += ["staff"] if any(actor(route) == "staff" for route in routes) else []
    for person in people:
        staff = ", is_staff=True" if person == "staff" else ""
        lines.append(f'        cls.{person} = make_user("{person}"{staff})')
    lines += _rows(plan, model, routes)
    for route, name in zip(routes, route_names(routes), strict=True):
        lines += _route_tests(plan, model, route, name)
    source = "\n".join(lines)
    made = [m for m in plan.models if f"make_{m.module}(" in source]
    own = [(f"{plan.app}.tests.base", ["ApiTestCase"])]
    own.append((f"{plan.app}.tests.factories", ["make_user", *(f"make_{m.module}" for m in made)]))
    if f"{model.class_name}.objects" in source:
        own.append((f"{plan.app}.models", [model.class_name]))
    third: list[str] = []
    if "SimpleUploadedFile(" in source:
        third = ["from django.core.files.uploadedfile import SimpleUploadedFile", ""]
    imports: list[str] = []
    for module, names in sorted(own):
        imports += layout.imported(module, names)
    return "\n".join([*third, *imports, "", "", source, ""])


def route_names(routes: list[Route]) -> list[str]:
    """How the tests of each route begin."""
    taken: list[str] = []
    for route in routes:
        wish = f"{route.spec.method}_{_path_words(route)}"
        taken.append(identifier(wish, kind="path", taken=taken))
    return taken


def _path_words(route: Route) -> str:
    return "_".join(part.strip("{}") for part in route.spec.path.split("/") if part) or "root"


def _rows(plan: Plan, model: Model, routes: list[Route]) -> list[str]:
    """The owner's row and, for bodies and nested paths, spare parents that no row uses yet."""
    lines: list[str] = []
    given: list[str] = []
    for link in _path_links(model, routes):
        lines += _assigned(f"cls.{link.name}", _parent_maker(plan, link))
        given.append(f"{link.name}=cls.{link.name}")
    for column in _path_columns(model, routes):
        given.append(f"{column.name}={literal(kept(column))}")
    words = ", ".join(["cls.owner", *given])
    lines += _assigned("cls.row", f"make_{model.module}({words})")
    for link in _body_links(model, routes):
        lines += _assigned(f"cls.spare_{link.name}", _parent_maker(plan, link))
    return lines


def _assigned(name: str, source: str) -> list[str]:
    return layout.lines(f"{name} = {source}", depth=2)


def _parent_maker(plan: Plan, link: Link) -> str:
    target = plan.model_named(link.target)
    return f"make_{target.module}(cls.owner)" if target else "cls.owner"


def _path_links(model: Model, routes: list[Route]) -> list[Link]:
    names = {a.name[:-3] for r in routes for a in r.arguments if a.means in ("parent", "user")}
    return [link for link in model.links if link.name in names and link.name != model.owner]


def _path_columns(model: Model, routes: list[Route]) -> list[Column]:
    names = {a.name for r in routes for a in r.arguments if a.means == "field"}
    return [column for column in model.columns if column.name in names]


def _body_links(model: Model, routes: list[Route]) -> list[Link]:
    creates = any(route.action == "create" for route in routes)
    return [link for link in model.links if creates and needs_row(model, link)]


def actor(route: Route) -> str:
    """Who is meant to call this: staff writes catalogues and what is marked for staff."""
    catalogue = route.model is not None and route.model.audience == "catalogue"
    writes = route.spec.method not in ("GET", "HEAD") and route.home == "api"
    return "staff" if route.spec.auth == "staff" or (catalogue and writes) else "owner"


def url_source(route: Route, *, spare: bool = False) -> str:
    """Source of the address, every hole filled from the owner's row."""
    names = iter(route.arguments)
    out, formatted = [], False
    for piece in _pieces(route):
        if piece is not None:
            out.append(quote(piece, safe=PATH_SAFE))
            continue
        argument = next(names)
        source = _argument_source(argument.means, argument.name, spare=spare)
        if source is None:
            out.append("sample")
        else:
            formatted = True
            out.append("{" + source + "}")
    text = "/" + "".join(out)
    return f'f"{text}"' if formatted else f'"{text}"'


def _pieces(route: Route) -> list[str | None]:
    pieces: list[str | None] = []
    for index, part in enumerate(route.route.replace(">", "<str:").split("<str:")):
        pieces.append(part if index % 2 == 0 else None)
    return pieces


def _argument_source(means: str, name: str, *, spare: bool) -> str | None:
    if means == "id":
        return "self.row.pk"
    if means == "field":
        return f"self.row.{name}"
    if means in ("parent", "user"):
        return f"self.row.{name}"
    return None


def call_lines(route: Route, url: str, body: str = "") -> list[str]:
    words = [url] + ([body] if body else [])
    return layout.lines(f"response = self.client.{route.method}({', '.join(words)})", depth=2)


def status_lines(code: str) -> list[str]:
    return [f"        self.assertEqual(response.status_code, {code})"]


def test_lines(name: str, *parts: list[str]) -> list[str]:
    return ["", f"    def test_{name}(self):", *(line for part in parts for line in part)]


def _as(person: str) -> list[str]:
    return [f"        self.sign_in(self.{person})"]


def _route_tests(plan: Plan, model: Model, route: Route, name: str) -> list[str]:
    lines: list[str] = []
    url = url_source(route)
    if not is_public(route):
        lines += test_lines(f"{name}_needs_sign_in", call_lines(route, url), status_lines("401"))
    lines += _answer_test(model, route, name, url)
    lines += _others_test(plan, model, route, name, url)
    lines += _refusal_test(plan, model, route, name, url)
    return lines


def _answer_test(model: Model, route: Route, name: str, url: str) -> list[str]:
    who = actor(route)
    signed = [] if is_public(route) else _as(who)
    body = create_body(model, route) if route.action == "create" else _change_body(model, route)
    if route.spec.method in ("GET", "DELETE"):
        body = ""
    expected = _good_status(route)
    checks = status_lines(str(expected))
    rows = f"{model.class_name}.objects"
    if route.action == "list":
        shown = "1" if _parents(route) else f"{rows}.count()"
        source = f"self.assertEqual(len(response.json(){_inside(route)}), {shown})"
        checks += layout.lines(source, depth=2)
    if route.action == "destroy":
        checks += layout.lines(f"self.assertFalse({rows}.filter(pk=self.row.pk).exists())", depth=2)
    if route.action == "create" and model.owner and not is_public(route):
        signed += layout.lines(f"owned = {rows}.filter({model.owner}=self.{who})", depth=2)
        signed += ["        before = owned.count()"]
        checks += ["        self.assertEqual(owned.count(), before + 1)"]
    return test_lines(f"{name}_answers", signed, call_lines(route, url, body), checks)


def _good_status(route: Route) -> int:
    if route.reply.status:
        return route.reply.status
    return 201 if route.action == "create" else 204 if route.action.startswith("destroy") else 200


def _inside(route: Route) -> str:
    return "".join(f"[{literal(part)}]" for part in route.reply.key.split(".") if part)


def _others_test(plan: Plan, model: Model, route: Route, name: str, url: str) -> list[str]:
    """What the route says to somebody whose row it is not."""
    if is_public(route):
        return []
    body = create_body(model, route) if route.action == "create" else _change_body(model, route)
    body = "" if route.spec.method in ("GET", "DELETE") else body
    call = _as("stranger") + call_lines(route, url, body)
    if actor(route) == "staff":
        return test_lines(f"{name}_is_for_staff", call, status_lines("403"))
    hidden_parent = any(_is_private(plan, argument.target) for argument in _parents(route))
    if route.action == "create" and not hidden_parent:
        return _foreign_owner_test(model, route, name, url)
    if hidden_parent:
        return test_lines(f"{name}_hides_foreign_parents", call, status_lines("404"))
    if route.action in ("list", "destroy_all") or _is_single(route):
        return _collection_test(model, route, name, call)
    toggled_by_all = any(t.users and t.method == route.action for t in model.toggles)
    if model.audience == "owner" or (route.spec.method != "GET" and not toggled_by_all):
        return test_lines(f"{name}_hides_foreign_rows", call, status_lines("404"))
    return test_lines(f"{name}_is_for_everybody", call, status_lines(str(_good_status(route))))


def _parents(route: Route) -> list:
    return [argument for argument in route.arguments if argument.means == "parent"]


def _is_private(plan: Plan, class_name: str | None) -> bool:
    target = plan.model_named(class_name)
    return target is not None and target.audience == "owner"


def _is_single(route: Route) -> bool:
    return not any(argument.means in ("id", "field") for argument in route.arguments)


def _collection_test(model: Model, route: Route, name: str, call: list[str]) -> list[str]:
    if route.action == "destroy_all":
        kept = [
            f"        self.assertTrue({model.class_name}.objects.filter(pk=self.row.pk).exists())"
        ]
        return test_lines(
            f"{name}_keeps_foreign_rows", call, status_lines(str(_good_status(route))), kept
        )
    if route.action == "list" and model.audience == "owner":
        rows = [f"        self.assertEqual(response.json(){_inside(route)}, [])"]
        return test_lines(f"{name}_hides_foreign_rows", call, status_lines("200"), rows)
    if route.action == "list":
        return test_lines(f"{name}_is_for_everybody", call, status_lines("200"))
    unseen = ["        self.assertNotContains(response, str(self.row.pk), status_code=404)"]
    if model.audience != "owner":
        return []
    return test_lines(f"{name}_hides_foreign_rows", call, unseen)


def _foreign_owner_test(model: Model, route: Route, name: str, url: str) -> list[str]:
    if not model.owner:
        return []
    link = model.link(model.owner)
    wire = link.wire if link and link.shown else model.owner
    known = {each.wire for each in model.columns}
    known |= {each.wire for each in model.links if each.name != model.owner}
    extra = {} if wire in known else {wire: "self.stranger.pk"}
    body = create_body(model, route, extra=extra)
    lines = _as("owner") + call_lines(route, url, body)
    rows = f"{model.class_name}.objects.filter({model.owner}=self.stranger)"
    good = status_lines(str(_good_status(route)))
    unmoved = [f"        self.assertFalse({rows}.exists())"]
    return test_lines(f"{name}_ignores_a_foreign_owner", lines, good, unmoved)


def _refusal_test(plan: Plan, model: Model, route: Route, name: str, url: str) -> list[str]:
    if route.action not in ("create", "update", "partial_update"):
        return []
    signed = [] if is_public(route) else _as(actor(route))
    broken = (
        "{}" if route.action == "create" and create_body(model, route) != "{}" else '["nonsense"]'
    )
    if broken == "{}" and not _has_required(model, route):
        broken = '["nonsense"]'
    key = plan.error_keys[0].split(".")[0]
    said = [f"        self.assertIn({literal(key)}, response.json())"]
    return test_lines(
        f"{name}_refuses_nonsense",
        signed,
        call_lines(route, url, broken),
        status_lines("400"),
        said,
    )


# --- bodies ----------------------------------------------------------------------------------------


def _path_names(route: Route) -> set[str]:
    return {argument.name for argument in route.arguments}


def _has_required(model: Model, route: Route) -> bool:
    named = _path_names(route)
    columns = [c for c in model.columns if c.required and not c.read_only and c.name not in named]
    links = [
        link
        for link in model.links
        if needs_row(model, link) and not link.read_only and f"{link.name}_id" not in named
    ]
    return any(not must_not_count(c) for c in columns) or bool(links)


def must_not_count(column: Column) -> bool:
    return column.has_default or column.blank or column.null or column.type in ("boolean", "json")


def create_body(model: Model, route: Route, *, extra: dict[str, str] | None = None) -> str:
    """Source of a valid body for a new row."""
    named = _path_names(route)
    apart = {name for names in model.spec.unique_sets for name in names}
    pairs: list[str] = []
    has_file = False
    for column in model.columns:
        asked = column.required or must_fill(column) or column.name in apart
        if column.read_only or column.name in named or not asked:
            continue
        if column.type == "file":
            has_file = True
            pairs.append(f'{literal(column.wire)}: SimpleUploadedFile("sample.txt", b"sample")')
        else:
            pairs.append(f"{literal(column.wire)}: {literal(sent(column))}")
    for link in model.links:
        if needs_row(model, link) and not link.read_only and f"{link.name}_id" not in named:
            pairs.append(f"{literal(link.wire)}: self.spare_{link.name}.pk")
    pairs += [f"{literal(wire)}: {source}" for wire, source in (extra or {}).items()]
    form = ', format="multipart"' if has_file else ""
    return f"{{{', '.join(pairs)}}}{form}"


def _change_body(model: Model, route: Route) -> str:
    if route.action not in ("update", "partial_update"):
        return "{}"
    for column in model.columns:
        plain = column.type in ("text", "long_text", "integer", "boolean") and not column.read_only
        if plain and column.name not in _path_names(route):
            return f"{{{literal(column.wire)}: {literal(sent(column))}}}"
    return "{}"


# --- recorded calls --------------------------------------------------------------------------------


def recorded_tests(plan: Plan, routes: list[Route]) -> str:
    lines = ["class RecordedTests(ApiTestCase):", "    @classmethod", "    def setUpTestData(cls):"]
    lines += ['        cls.owner = make_user("owner", is_staff=True)']
    lines += ['        cls.stranger = make_user("stranger")']
    models = sorted({r.model.module for r in routes if r.model})
    for module in models:
        model = next(r.model for r in routes if r.model and r.model.module == module)
        own = _of(model, routes)
        given = [f"{link.name}={_parent_maker(plan, link)}" for link in _path_links(model, own)]
        given += [f"{column.name}={literal(kept(column))}" for column in _path_columns(model, own)]
        words = ", ".join(["cls.owner", *given])
        lines += _assigned(f"cls.{module}_row", f"make_{module}({words})")
    for route in routes:
        lines += _recorded_test(route)
    source = "\n".join(lines)
    made = [f"make_{each.module}" for each in plan.models if f"make_{each.module}(" in source]
    imports = layout.imported(f"{plan.app}.tests.base", ["ApiTestCase"])
    imports += layout.imported(f"{plan.app}.tests.factories", ["make_user", *made])
    return "\n".join([*imports, "", "", *lines, ""])


def _of(model: Model, routes: list[Route]) -> list[Route]:
    return [route for route in routes if route.model is model]


def _recorded_test(route: Route) -> list[str]:
    name = route.action
    url = url_source(route)
    if route.model:
        url = url.replace("self.row.", f"self.{route.model.module}_row.")
    body = "{}" if route.spec.method in ("POST", "PUT", "PATCH") else ""
    lines: list[str] = []
    if not is_public(route):
        lines += test_lines(
            f"{name}_needs_sign_in", call_lines(route, url, body), status_lines("401")
        )
    marked = ['        self.assertEqual(response["X-Generated-Behaviour"], "recorded")']
    good = status_lines(str(route.reply.status or 200))
    lines += test_lines(
        f"{name}_is_recorded", _as("owner"), call_lines(route, url, body), good, marked
    )
    if route.body_class:
        bad = call_lines(route, url, '["nonsense"]')
        lines += test_lines(f"{name}_refuses_nonsense", _as("owner"), bad, status_lines("400"))
    private = route.model is not None and route.model.audience == "owner"
    if private and not is_public(route) and route.spec.auth != "staff":
        call = _as("stranger") + call_lines(route, url, body)
        lines += test_lines(f"{name}_hides_foreign_rows", call, status_lines("404"))
    return lines


def said(route: Route) -> str:
    return inside_docstring(f"{route.spec.method} {route.spec.path}")
