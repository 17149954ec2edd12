"""Write the tests of signing up and signing in."""

from __future__ import annotations

from taishang.generation.render import layout, writing_accounts
from taishang.generation.render.naming import literal
from taishang.generation.render.plan import Plan, Route
from taishang.generation.render.writing_account_urls import fallback_paths
from taishang.generation.render.writing_accounts import login_path, sign_in_name
from taishang.generation.render.writing_tests import (
    call_lines,
    status_lines,
    test_lines,
    url_source,
)

PHRASE = "correct-horse-7"


def modules(plan: Plan) -> dict[str, str]:
    lines = ["class AccountTests(ApiTestCase):"]
    lines += [f'    password = "{PHRASE}"', "", "    @classmethod", "    def setUpTestData(cls):"]
    lines += ['        cls.owner = make_user("owner", password=cls.password)']
    lines += _login_tests(plan)
    for route in plan.routes:
        if route.home == "accounts":
            lines += _route_test(plan, route)
    third = []
    if "RefreshToken" in "\n".join(lines):
        third = ["from rest_framework_simplejwt.tokens import RefreshToken", ""]
    head = layout.imported(f"{plan.app}.tests.base", ["ApiTestCase"])
    head += layout.imported(f"{plan.app}.tests.factories", ["make_user"])
    if "User.objects" in "\n".join(lines):
        head = sorted([*layout.imported("accounts.models", ["User"]), *head])
    return {
        "accounts/tests/__init__.py": "",
        "accounts/tests/test_accounts.py": "\n".join([*third, *head, "", "", *lines, ""]),
    }


def _put(plan: Plan, name: str, password: str) -> str:
    auth = plan.blueprint.auth
    return f"{{{literal(auth.login_field)}: {name}, {literal(auth.password_field)}: {password}}}"


def _access(plan: Plan) -> str:
    auth = plan.blueprint.auth
    path = [auth.envelope] if auth.envelope else []
    path += (auth.access_key or "access").split(".")
    return "".join(f"[{literal(part)}]" for part in path)


def _login_tests(plan: Plan) -> list[str]:
    path = literal(login_path(plan))
    if path == '""':
        return []
    name = f"self.owner.{sign_in_name(plan)}"
    good = layout.lines(
        f"response = self.client.post({path}, {_put(plan, name, 'self.password')})", depth=2
    )
    bad = layout.lines(
        f"response = self.client.post({path}, {_put(plan, name, literal('wrong'))})", depth=2
    )
    token = [f"        self.assertTrue(response.json(){_access(plan)})"]
    lines = test_lines("the_right_password_signs_in", good, status_lines("200"), token)
    lines += test_lines("a_wrong_password_is_refused", bad, status_lines("401"))
    me = _me_path(plan)
    if me:
        prefix = plan.blueprint.auth.header_prefix.strip() or "Bearer"
        use = [
            f"        token = response.json(){_access(plan)}",
            *layout.lines(
                f"self.client.credentials(HTTP_AUTHORIZATION={literal(prefix + ' ')} + token)",
                depth=2,
            ),
            *layout.lines(f"response = self.client.get({literal(me)})", depth=2),
        ]
        lines += test_lines("the_token_opens_the_account", good, use, status_lines("200"))
    return lines


def _me_path(plan: Plan) -> str:
    for route in plan.routes:
        if route.home == "accounts" and route.action == "me" and route.spec.method == "GET":
            return "/" + route.route
    return next(("/" + path for path, view in fallback_paths(plan) if view == "MeView"), "")


def route_name(route: Route) -> str:
    return f"{route.spec.method.lower()}_{route.action}"


def _route_test(plan: Plan, route: Route) -> list[str]:
    name = route_name(route)
    url = url_source(route)
    if route.action in ("me", "update_me"):
        lines = test_lines(f"{name}_needs_sign_in", call_lines(route, url), status_lines("401"))
        if route.action == "update_me":
            bad = ["        self.sign_in(self.owner)", *call_lines(route, url, '["nonsense"]')]
            lines += test_lines(f"{name}_refuses_nonsense", bad, status_lines("400"))
        return lines
    if route.action == "register":
        body = _put(plan, literal(_newcomer(plan)), "self.password")
        staff = f"User.objects.get({sign_in_name(plan)}={literal(_newcomer(plan))}).is_staff"
        checks = [
            *status_lines(str(route.reply.status or 201)),
            f"        self.assertFalse({staff})",
        ]
        lines = test_lines(f"{name}_makes_a_plain_account", call_lines(route, url, body), checks)
        return lines + test_lines(
            f"{name}_refuses_nonsense", call_lines(route, url, "{}"), status_lines("400")
        )
    if route.action in PASSWORD_TESTS:
        return PASSWORD_TESTS[route.action](plan, route, name, url)
    if route.action == "third_party":
        return test_lines(f"{name}_is_not_configured", call_lines(route, url), status_lines("501"))
    if route.action == "logout":
        return test_lines(
            f"{name}_always_works",
            call_lines(route, url),
            status_lines(str(route.reply.status or 200)),
        )
    return []


def _change_password(plan: Plan, route: Route, name: str, url: str) -> list[str]:
    keys = writing_accounts.password_keys(plan)["change"]
    current, new = literal(keys["current"]), literal(keys["new"])
    signed = ["        self.sign_in(self.owner)"]
    good = call_lines(route, url, f'{{{current}: self.password, {new}: "another-horse-9"}}')
    bad = call_lines(route, url, f'{{{current}: "wrong", {new}: "another-horse-9"}}')
    lines = test_lines(f"{name}_needs_sign_in", call_lines(route, url), status_lines("401"))
    lines += test_lines(f"{name}_takes_the_current_password", signed, good, _good(route))
    return lines + test_lines(f"{name}_refuses_a_wrong_one", signed, bad, status_lines("400"))


def _reset(plan: Plan, route: Route, name: str, url: str) -> list[str]:
    key = literal(writing_accounts.password_keys(plan)["reset"]["email"])
    known = call_lines(route, url, f'{{{key}: "owner@example.com"}}')
    kept = ["        known = response.json()"]
    unknown = call_lines(route, url, f'{{{key}: "nobody@example.com"}}')
    told = ["        self.assertEqual(response.json(), known)"]
    parts = (known, _good(route), kept, unknown, _good(route), told)
    return test_lines(f"{name}_tells_nobody_who_exists", *parts)


def _wrong_code(plan: Plan, route: Route, name: str, url: str) -> list[str]:
    keys = writing_accounts.password_keys(plan)["confirm"]
    token, password = literal(keys["token"]), literal(keys["password"])
    body = f'{{{token}: "x.y", {password}: "another-horse-9"}}'
    return test_lines(
        f"{name}_refuses_a_wrong_code", call_lines(route, url, body), status_lines("400")
    )


def _refresh(plan: Plan, route: Route, name: str, url: str) -> list[str]:
    key = literal(writing_accounts.refresh_names(plan)[0])
    token = ["        token = str(RefreshToken.for_user(self.owner))"]
    good = call_lines(route, url, f"{{{key}: token}}")
    bad = call_lines(route, url, f'{{{key}: "nonsense"}}')
    lines = test_lines(f"{name}_gives_a_new_token", token, good, _good(route))
    return lines + test_lines(f"{name}_refuses_nonsense", bad, status_lines("401"))


def _good(route: Route) -> list[str]:
    return status_lines(str(route.reply.status or 200))


PASSWORD_TESTS = {
    "change_password": _change_password,
    "reset": _reset,
    "reset_confirm": _wrong_code,
    "verify": _wrong_code,
    "refresh": _refresh,
}


def _newcomer(plan: Plan) -> str:
    return "new@example.com" if sign_in_name(plan) == "email" else "newcomer"
