"""Write the accounts app: the user as the front end knows it, and the ways to sign in."""

from __future__ import annotations

from taishang.generation.ir import EndpointSpec, FieldSpec
from taishang.generation.render import layout, planning_models
from taishang.generation.render.naming import identifier, literal, words
from taishang.generation.render.plan import Column, Plan
from taishang.generation.render.pruning import pruned
from taishang.generation.render.writing_account_urls import fallback_paths, urls
from taishang.generation.render.writing_models import column_source

EMAIL_NAMES = frozenset(
    {"email", "mail", "e_mail", "user_email", "identifier", "login", "emailaddress"}
)
OWN = frozenset(
    {"id", "pk", "email", "password", "last_login", "is_staff", "is_active", "is_superuser", "groups",
     "user_permissions", "date_joined", "email_address", "hashed_password", "password_hash", "token"}
)  # fmt: skip
HIGH_ROLES = ("admin", "owner", "super", "staff", "manager", "root", "moderator")


def sign_in_name(plan: Plan) -> str:
    """The attribute of the user that a person signs in with."""
    name = identifier(plan.blueprint.auth.login_field)
    return "email" if name in EMAIL_NAMES or name in OWN else name


def user_columns(plan: Plan) -> list[Column]:
    """Columns of the user beyond the fixed ones; everything may be missing at sign-up."""
    auth = plan.blueprint.auth
    login = sign_in_name(plan)
    taken = set(OWN) | {login}
    wires = {"id", "_id", "email", auth.login_field, auth.password_field}
    found: list[Column] = []
    for spec in [*auth.user_fields, *_role(plan)]:
        named = identifier(spec.name)
        if spec.wire_name in wires or named in OWN or named == login or spec.type == "relation":
            continue
        wires.add(spec.wire_name)
        is_role = spec.wire_name == auth.role_field
        values: list[object] = []
        kind = "text" if spec.type in ("file", "slug", "url") else spec.type
        if is_role and auth.roles:
            spec = spec.model_copy(update={"type": "choice", "choices": auth.roles})
            kind, values = "choice", []
        optional = spec.model_copy(update={"required": False, "type": kind, "unique": False})
        column = planning_models.column_of(optional, taken, None, list(values))
        if is_role:
            column.read_only = True
            if column.type == "choice":
                column.default, column.has_default = lowest_role(auth.roles), True
        found.append(column)
    return found


def _role(plan: Plan) -> list[FieldSpec]:
    auth = plan.blueprint.auth
    known = {spec.wire_name for spec in auth.user_fields}
    if not auth.role_field or auth.role_field in known:
        return []
    return [
        FieldSpec(
            key="field:user.role", name=auth.role_field, wire_name=auth.role_field, type="text",
            required=False,
        )
    ]  # fmt: skip


def lowest_role(roles: list[str]) -> str:
    """What a newcomer is: the plainest role, never one whose name promises power."""
    plain = [role for role in roles if not any(high in role.lower() for high in HIGH_ROLES)]
    named = [role for role in plain if role.lower() in ("user", "member", "customer", "student")]
    return (named or plain or roles)[-1 if not (named or plain) else 0]


def modules(plan: Plan) -> dict[str, str]:
    columns = user_columns(plan)
    return {
        "accounts/models.py": _models(plan, columns),
        "accounts/serializers.py": _serializers(plan, columns),
        "accounts/urls.py": urls(plan),
    }


def _models(plan: Plan, columns: list[Column]) -> str:
    login = sign_in_name(plan)
    lines = [
        "from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin",
    ]
    lines = layout.imported(
        "django.contrib.auth.models", ["AbstractBaseUser", "BaseUserManager", "PermissionsMixin"]
    )
    lines += [
        "from django.db import models",
        "",
        "",
        *USER_MANAGER.format(login=login).splitlines(),
    ]
    lines += ["", "", "class User(AbstractBaseUser, PermissionsMixin):"]
    lines += ['    """Somebody who signs in."""', ""]
    if login == "email":
        lines.append("    email = models.EmailField(unique=True)")
    else:
        lines.append(f"    {login} = models.CharField(max_length=150, unique=True)")
        lines.append("    email = models.EmailField(blank=True)")
    for column in columns:
        lines += layout.lines(f"{column.name} = {column_source(None, column)}", depth=1)
    lines += [
        "    is_active = models.BooleanField(default=True)",
        "    is_staff = models.BooleanField(default=False)",
        "    date_joined = models.DateTimeField(auto_now_add=True)",
        "",
        "    objects = UserManager()",
        "",
        f"    USERNAME_FIELD = {literal(login)}",
        f'    EMAIL_FIELD = "email"{chr(10)}    REQUIRED_FIELDS = []',
        "",
        "    def __str__(self):",
        f"        return self.{login}",
        "",
    ]
    return "\n".join(lines)


USER_MANAGER = """class UserQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(is_active=True)


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):
    def create_user(self, {login}, password=None, **values):
        user = self.model({login}={login}.strip().lower(), **values)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, {login}, password=None, **values):
        values |= {{"is_staff": True, "is_superuser": True}}
        return self.create_user({login}, password, **values)"""


def _serializers(plan: Plan, columns: list[Column]) -> str:
    auth = plan.blueprint.auth
    login = sign_in_name(plan)
    shown = [column for column in columns if not column.write_only]
    names = ["id", login, *(["email"] if login != "email" else [])]
    wires = {"id": _id_wire(plan), login: auth.login_field}
    body = _account_serializer(plan, names, shown, wires)
    body += ["", "", *_brief(plan, shown, wires, login)]
    body += ["", "", *_register(plan, login, shown)]
    body += ["", "", *_login(plan, login)]
    body += ["", "", *_refresh(plan)]
    body += ["", "", *_passwords(plan)]
    source = "\n".join(body)
    cookie = "REFRESH_COOKIE" in source
    imports = [
        '"""The account as it travels."""',
        "",
        "from django.contrib.auth import authenticate",
        "from django.contrib.auth.password_validation import validate_password",
        "from rest_framework import serializers",
        "",
        *(layout.imported("accounts.authentication", ["REFRESH_COOKIE"]) if cookie else []),
        *layout.imported("accounts.models", ["User"]),
        *layout.imported(f"{plan.app}.wire", ["WireNames", "WireSerializer"]),
        "",
        "",
    ]
    whole = "\n".join([*imports, source, ""])
    return pruned(whole, roots={"UserSerializer"} | _used_serializers(plan))


SERIALIZERS = {
    "RegisterView": "RegisterSerializer", "LoginView": "LoginSerializer", "RefreshView": "RefreshSerializer",
    "LogoutView": "RefreshSerializer", "ResetView": "ResetSerializer",
    "ResetConfirmView": "ResetConfirmSerializer", "ChangePasswordView": "ChangePasswordSerializer",
}  # fmt: skip


def _used_serializers(plan: Plan) -> set[str]:
    views = {route.view for route in plan.routes if route.home == "accounts"}
    views |= {view for _, view in fallback_paths(plan)}
    found = {SERIALIZERS[view] for view in views if view in SERIALIZERS}
    embeds = any(link.nested and link.target == "User" for m in plan.models for link in m.links)
    return found | ({"UserBrief"} if embeds else set())


def _id_wire(plan: Plan) -> str:
    wires = [f.wire_name for f in plan.blueprint.auth.user_fields if f.wire_name in ("id", "_id")]
    return wires[0] if wires else "id"


def _meta(names: list[str], wires: dict[str, str], read_only: list[str]) -> list[str]:
    lines = ["    class Meta:", "        model = User"]
    lines += layout.lines(f"fields = {literal(names)}", depth=2)
    if read_only == names:
        lines.append("        read_only_fields = fields")
    elif read_only:
        lines += layout.lines(f"read_only_fields = {literal(read_only)}", depth=2)
    different = {name: wire for name, wire in wires.items() if name != wire and name in names}
    if different:
        lines += layout.lines(f"wire_names = {literal(different)}", depth=2)
    return lines


def _account_serializer(
    plan: Plan, names: list[str], shown: list[Column], wires: dict[str, str]
) -> list[str]:
    lines = ["class UserSerializer(WireSerializer):"]
    if plan.string_user_id:
        lines += ["    id = serializers.CharField(read_only=True)", ""]
    fields = names + [column.name for column in shown]
    said = wires | {column.name: column.wire for column in shown}
    read_only = [column.name for column in shown if column.read_only and not column.managed]
    lines += _meta(fields, said, read_only)
    login = names[1]
    lines += ["", f"    def validate_{_attribute(said[login], login)}(self, value):"]
    return [*lines, "        return value.strip().lower()"]


def _attribute(wire: str, name: str) -> str:
    """DRF looks for `validate_<key>`; a key that is no name has no such hook."""
    return wire if wire.isidentifier() else name


def _brief(plan: Plan, shown: list[Column], wires: dict[str, str], login: str) -> list[str]:
    lines = ["class UserBrief(WireSerializer):", '    """What others see of a person."""', ""]
    if plan.string_user_id:
        lines += ["    id = serializers.CharField(read_only=True)", ""]
    private = {"email", "phone", "address", "birth", "birthday", "role", "balance"}
    public = [column for column in shown if not private & set(words(column.name))]
    names = ["id", *([login] if login != "email" else []), *(column.name for column in public)]
    said = wires | {column.name: column.wire for column in public}
    return lines + _meta(names, said, names)


def _register(plan: Plan, login: str, shown: list[Column]) -> list[str]:
    key = plan.blueprint.auth.password_field
    lines = ["class RegisterSerializer(UserSerializer):"]
    lines += ["    password = serializers.CharField(write_only=True, max_length=128)", ""]
    lines += ["    class Meta(UserSerializer.Meta):"]
    lines.append('        fields = [*UserSerializer.Meta.fields, "password"]')
    if key != "password":
        lines += layout.lines(
            f"wire_names = {{**getattr(UserSerializer.Meta, 'wire_names', {{}}), 'password': {literal(key)}}}",
            depth=2,
        )
    return [
        *lines,
        "",
        "    def validate(self, data):",
        '        validate_password(data["password"])',
        "        return data",
        "",
        "    def create(self, data):",
        "        return User.objects.create_user(**data)",
    ]


def _login(plan: Plan, login: str) -> list[str]:
    auth = plan.blueprint.auth
    lines = ["class LoginSerializer(WireNames, serializers.Serializer):"]
    lines += ["    name = serializers.CharField(max_length=254)"]
    lines += ["    password = serializers.CharField(max_length=128)", "", "    class Meta:"]
    different = {"name": auth.login_field, "password": auth.password_field}
    different = {name: wire for name, wire in different.items() if name != wire}
    lines += layout.lines(f"wire_names = {literal(different)}", depth=2)
    return [
        *lines,
        "",
        "    def user(self, request):",
        '        """The person with this name and password, or None."""',
        '        name = self.validated_data["name"].strip().lower()',
        '        password = self.validated_data["password"]',
        "        return authenticate(request, username=name, password=password)",
    ]


def _request_keys(plan: Plan, action: str) -> list[str]:
    for route in plan.routes:
        if route.home == "accounts" and route.action == action and route.spec.request:
            return sorted(route.spec.request.fields)
    return []


def refresh_names(plan: Plan) -> list[str]:
    """Keys under which a refresh token may come, the likeliest first."""
    stated = plan.blueprint.auth.refresh_key or "refresh"
    keys = [stated.rsplit(".", 1)[-1], *_request_keys(plan, "refresh"), "refresh", "refreshToken"]
    return list(dict.fromkeys([*keys, "refresh_token", "token"]))


def _refresh(plan: Plan) -> list[str]:
    keys = refresh_names(plan)
    lines = ["class RefreshSerializer(WireNames, serializers.Serializer):"]
    lines += ["    refresh = serializers.CharField(required=False)"]
    if keys[0] != "refresh":
        lines += ["", "    class Meta:"]
        lines += layout.lines(f"wire_names = {literal({'refresh': keys[0]})}", depth=2)
    lines += ["", "    def token(self, request):"]
    lines += ['        """The refresh token, wherever the front end puts it."""']
    lines += layout.lines(f"names = {literal(keys)}", depth=2)
    lines += ["        data = request.data if isinstance(request.data, dict) else {}"]
    lines += ["        given = [data[name] for name in names if data.get(name)]"]
    if plan.blueprint.auth.scheme == "cookie":
        lines += ['        given.append(request.COOKIES.get(REFRESH_COOKIE, ""))']
    return [*lines, '        return str(given[0]) if given else ""']


def password_keys(plan: Plan) -> dict[str, dict[str, str]]:
    """Which keys the front end sends when it changes, forgets or resets a password."""
    changing = _request_keys(plan, "change_password")
    confirming = _request_keys(plan, "reset_confirm")
    resetting = _request_keys(plan, "reset")
    return {
        "change": {
            "current": _key_with({"current", "old"}, changing, "current_password"),
            "new": _key_with({"new"}, changing, "new_password"),
        },
        "confirm": {
            "token": _key_with({"token", "code"}, confirming, "token"),
            "password": _key_with({"password"}, confirming, "password"),
        },
        "reset": {"email": _key_with({"email", "mail"}, resetting, "email")},
    }


def _key_with(said: set[str], keys: list[str], default: str) -> str:
    return next((key for key in keys if said & set(words(key))), default)


def _passwords(plan: Plan) -> list[str]:
    keys = password_keys(plan)
    lines = ["class ResetSerializer(WireNames, serializers.Serializer):"]
    lines += ["    email = serializers.EmailField()", *_wire_meta(keys["reset"]), "", ""]
    lines += ["class ResetConfirmSerializer(WireNames, serializers.Serializer):"]
    lines += ["    token = serializers.CharField(max_length=254)"]
    lines += [
        "    password = serializers.CharField(max_length=128, validators=[validate_password])"
    ]
    lines += _wire_meta(keys["confirm"])
    lines += ["", "", "class ChangePasswordSerializer(WireNames, serializers.Serializer):"]
    lines += ["    current = serializers.CharField(max_length=128)"]
    lines += ["    new = serializers.CharField(max_length=128, validators=[validate_password])"]
    lines += _wire_meta(keys["change"])
    return lines + CHANGE_METHODS.splitlines()


def _wire_meta(wires: dict[str, str]) -> list[str]:
    different = {name: wire for name, wire in wires.items() if name != wire}
    if not different:
        return []
    return ["", "    class Meta:", *layout.lines(f"wire_names = {literal(different)}", depth=2)]


CHANGE_METHODS = """
    def validate(self, data):
        if not self.context["request"].user.check_password(data["current"]):
            raise serializers.ValidationError("The current password is wrong.")
        return data

    def save(self):
        user = self.context["request"].user
        user.set_password(self.validated_data["new"])
        user.save(update_fields=["password"])"""


def login_path(plan: Plan) -> str:
    """Where a person signs in, with a leading slash."""
    for route in plan.routes:
        if route.home == "accounts" and route.action == "login":
            return "/" + route.route
    return next(("/" + path for path, view in fallback_paths(plan) if view == "LoginView"), "")


def endpoint_of(plan: Plan, action: str) -> EndpointSpec | None:
    return next((r.spec for r in plan.routes if r.home == "accounts" and r.action == action), None)
