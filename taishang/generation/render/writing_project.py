"""Write what every project has: settings, entry points, the shared parts of the API, the documents."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from string import Template

from taishang.generation.render import layout
from taishang.generation.render.naming import inside_comment, literal
from taishang.generation.render.plan import Plan
from taishang.generation.render.pruning import pruned
from taishang.generation.render.writing_account_urls import fallback_paths
from taishang.generation.render.writing_accounts import login_path, sign_in_name

TEMPLATES = Path(__file__).with_name("template")
ORIGINS = {
    "next": ["http://localhost:3000"],
    "expo": ["http://localhost:8081", "http://localhost:19006"],
    "react": ["http://localhost:5173", "http://localhost:3000", "http://localhost:8080"],
}
PINNED = (
    "django", "djangorestframework", "djangorestframework-simplejwt", "django-cors-headers",
    "django-environ", "django-filter", "drf-spectacular",
)  # fmt: skip
FIXED = {
    "manage.py": "manage.py", "gitignore": ".gitignore", "pyproject.toml": "pyproject.toml",
    "config/asgi.py": "config/asgi.py", "config/wsgi.py": "config/wsgi.py",
    "config/middleware.py": "config/middleware.py", "accounts/apps.py": "accounts/apps.py",
}  # fmt: skip
APP_FILES = {
    "app/apps.py": "apps.py", "app/wire.py": "wire.py", "app/permissions.py": "permissions.py",
    "app/views_base.py": "views/base.py", "app/recorded_request.py": "models/recorded_request.py",
    "app/visible.py": "models/visible.py", "app/tests_base.py": "tests/base.py",
}  # fmt: skip


def template(name: str, **values: str) -> str:
    text = (TEMPLATES / f"{name}.txt").read_text(encoding="utf-8")
    return Template(text).substitute(values) if values else text


def modules(plan: Plan, written: dict[str, str]) -> dict[str, str]:
    """The fixed files. `written` is what is there already: parts that nobody uses are left out."""
    found = {path: template(name) for name, path in FIXED.items()}
    sources = "\n".join(written.values())
    for name, path in APP_FILES.items():
        found[f"{plan.app}/{path}"] = _app_file(plan, name)
    if "new_key" in sources:
        found[f"{plan.app}/models/new_key.py"] = template("app/new_key.py")
    if "EqualsFilter" in sources or "TextFilter" in sources:
        found[f"{plan.app}/filtering.py"] = template("app/filtering.py")
    split = "by_method(" in sources
    if split:
        found[f"{plan.app}/routing.py"] = _app_file(plan, "app/routing.py")
    cookie = plan.blueprint.auth.scheme == "cookie"
    if cookie:
        found["accounts/authentication.py"] = template("accounts/authentication.py")
    found["accounts/views.py"] = _account_views(plan, cookie=cookie)
    found["config/settings.py"] = _settings(plan, cookie=cookie, split=split)
    found["config/urls.py"] = _root_urls(plan)
    for package in (
        "config",
        "accounts",
        plan.app,
        "accounts/migrations",
        f"{plan.app}/migrations",
    ):
        found[f"{package}/__init__.py"] = ""
    pins = {name.replace("-", "_"): version(name) for name in PINNED}
    found["requirements.txt"] = template("requirements.txt", **pins)
    found[".env.example"] = template("env.example", origins=",".join(origins(plan)))
    return found


def _app_file(plan: Plan, name: str) -> str:
    values = {"app": plan.app}
    if name == "app/apps.py":
        values["app"] = plan.app
    if name == "app/wire.py":
        keys = layout.text(f"ERROR_KEYS = {literal(plan.error_keys)}")
        values["error_keys"] = keys.removeprefix("ERROR_KEYS = ")
        values["field_errors"] = literal(plan.blueprint.project.field_errors)
    return template(name, **values)


def _account_views(plan: Plan, *, cookie: bool) -> str:
    auth = plan.blueprint.auth
    text = template(
        "accounts/views.py",
        app=plan.app,
        import_cookies="from accounts.authentication import clear_cookies, set_cookies"
        if cookie
        else "#",
        access_key=literal(auth.access_key or "access"),
        refresh_key=literal(auth.refresh_key or ""),
        user_key=literal(auth.user_key or ""),
        envelope=literal(auth.envelope or ""),
        with_cookies="set_cookies(response, tokens)" if cookie else "response",
        without_cookies="clear_cookies(response)" if cookie else "response",
    )
    views = {route.view for route in plan.routes if route.home == "accounts"}
    views |= {view for _, view in fallback_paths(plan)}
    return pruned(text.replace("\n#\n", "\n"), roots=views)


def origins(plan: Plan) -> list[str]:
    stated = [
        o for o in plan.blueprint.project.dev_origins if o.startswith(("http://", "https://"))
    ]
    safe = [o for o in stated if o.isascii() and not set(o) & set(" ,\"'\\$`\n")]
    framework = plan.blueprint.project.framework.lower()
    kind = next((name for name in ORIGINS if name in framework), "react")
    return safe or ORIGINS[kind]


def _settings(plan: Plan, *, cookie: bool, split: bool) -> str:
    auth = plan.blueprint.auth
    prefix = auth.header_prefix.strip() or "Bearer"
    kind = "accounts.authentication.CookieAuthentication"
    header = "rest_framework_simplejwt.authentication.JWTAuthentication"
    text = template(
        "config/settings.py",
        app=plan.app,
        trusted_origin='    "config.middleware.TrustedOrigin",\n' if cookie else "",
        authentication=f'["{kind}"]' if cookie else f'[\n        "{header}"\n    ]',
        header_types=literal(tuple(dict.fromkeys([prefix, "Bearer"]))),
        title=literal(inside_comment(plan.blueprint.project.name)[:60] or "backend"),
        generator=f'\n    "PREPROCESSING_HOOKS": ["{plan.app}.routing.with_chosen_views"],'
        if split
        else "",
        origins=literal(origins(plan)),
        credentials=literal(cookie),
    )
    return _sorted_apps(text)


def _sorted_apps(text: str) -> str:
    """Long lists of origins break as the formatter breaks them."""
    out: list[str] = []
    for line in text.split("\n"):
        too_long = len(line) > layout.WIDTH and line.startswith("    default=[")
        out += _broken_default(line) if too_long else [line]
    return "\n".join(out)


def _broken_default(line: str) -> list[str]:
    inner = line.strip().removeprefix("default=").removesuffix(",")
    broken = layout.lines(f"default = {inner}", depth=1)
    broken[0] = broken[0].replace("default = ", "default=")
    return [*broken[:-1], broken[-1] + ","]


def _root_urls(plan: Plan) -> str:
    lines = [
        '"""All paths of the project. Those of the accounts come first."""',
        "",
        "from django.conf import settings",
        "from django.conf.urls.static import static",
        "",
    ]
    modules_used = sorted([("accounts.urls", "account_paths"), (f"{plan.app}.urls", "api_paths")])
    for module, name in modules_used:
        lines.append(f"from {module} import urlpatterns as {name}")
    return "\n".join(
        [
            *lines,
            "",
            "urlpatterns = [",
            "    *account_paths,",
            "    *api_paths,",
            "    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),",
            "]",
            "",
        ]
    )


# --- documents -------------------------------------------------------------------------------------


def documents(plan: Plan) -> dict[str, str]:
    return {"README.md": _readme(plan), "FRONTEND.md": _frontend(plan)}


def shown(text: str) -> str:
    """Words of an export inside Markdown: no markup, no HTML, no table breaks."""
    plain = inside_comment(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return plain.replace("|", "&#124;").replace("`", "'")


def _readme(plan: Plan) -> str:
    name = shown(plan.blueprint.project.name) or "backend"
    superuser = "python manage.py createsuperuser"
    lines = [
        f"# {name}",
        "",
        "A Django REST back end for a front end that was there first.",
        "",
        "## Run it",
        "",
        "```sh",
        "python3 -m venv .venv && . .venv/bin/activate",
        "pip install -r requirements.txt",
        "cp .env.example .env",
        "python manage.py migrate",
        "python manage.py loaddata fixtures/seed.json",
        "python manage.py runserver",
        "```",
        "",
        "Sign-in is required everywhere unless FRONTEND.md says otherwise. The example rows belong to",
        f"`{'demo@example.com' if sign_in_name(plan) == 'email' else 'demo'}`, who has no password yet:",
        f"`python manage.py changepassword {_demo_name(plan)}`. `{superuser}` makes a staff account.",
        "",
        "## Test it",
        "",
        "```sh",
        "python manage.py test",
        "```",
        "",
        "## What is where",
        "",
        "| folder | holds |",
        "|---|---|",
        "| `config/` | settings, read from `.env`, and the root of all paths |",
        "| `accounts/` | people and how they sign in |",
        f"| `{plan.app}/` | models, serializers, filters, views: one module per entity |",
        f"| `{plan.app}/actions.py` | the calls that need your code (when there are any) |",
        "| `openapi.yaml` | every path, as a contract |",
        "",
        "In production set `SECRET_KEY`, `ALLOWED_HOSTS`, `CORS_ALLOWED_ORIGINS`, `DATABASE_URL`,",
        "`COOKIE_SECURE=true`, `SSL_REDIRECT=true` and `HSTS_SECONDS=31536000`, and keep `DEBUG=false`.",
        "",
    ]
    return "\n".join(lines)


def _demo_name(plan: Plan) -> str:
    return "demo@example.com" if sign_in_name(plan) == "email" else "demo"


def _frontend(plan: Plan) -> str:
    project = plan.blueprint.project
    lines = ["# The front end and this server", ""]
    base = "http://localhost:8000"
    prefix = project.prefix.rstrip("/")
    lines += [
        f"Point the base-URL variable of the front end at `{base}`; where its own paths already leave out",
        f"`{shown(prefix) or '/'}`, at `{base}{shown(prefix)}`.",
        "",
        f"Sign-in: `POST {shown(login_path(plan))}` with `{shown(plan.blueprint.auth.login_field)}` and",
        f"`{shown(plan.blueprint.auth.password_field)}`.",
        "",
        "## Endpoints",
        "",
        "| call | does | who | in the front end |",
        "|---|---|---|---|",
    ]
    for route in plan.routes:
        spec = route.spec
        who = (
            "everybody"
            if spec.auth == "public"
            else "staff"
            if spec.auth == "staff"
            else "signed in"
        )
        name = shown(spec.client_name or "")
        lines.append(
            f"| `{spec.method} {shown(spec.path)}` | {shown(route.action)} | {who} | {name} |"
        )
    lines += ["", *_needs_code(plan), *_left_alone(plan), *_open_points(plan)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _needs_code(plan: Plan) -> list[str]:
    routes = [route for route in plan.routes if route.home == "recorded"]
    if not routes:
        return []
    lines = ["## Needs your code", ""]
    lines += [
        "These calls are checked, kept and answered with empty values (`X-Generated-Behaviour:"
    ]
    lines += [f"recorded`). Their logic goes into `{plan.app}/actions.py`.", ""]
    lines += [f"- `{r.spec.method} {shown(r.spec.path)}`: `{r.action}`" for r in routes]
    return [*lines, ""]


def _left_alone(plan: Plan) -> list[str]:
    externals = plan.blueprint.externals
    if not externals:
        return []
    lines = ["## Calls to other servers, left alone", ""]
    lines += [f"- `{shown(e.method)} {shown(e.host)}{shown(e.path)}`" for e in externals]
    return [*lines, ""]


def _open_points(plan: Plan) -> list[str]:
    found = [(shown(u.what), shown(u.why)) for u in plan.blueprint.unresolved]
    found += [(shown(key), shown(reason)) for key, reason in plan.dropped.items()]
    if not found:
        return []
    return ["## Seen, and not generated", "", *(f"- {what}: {why}" for what, why in found), ""]
