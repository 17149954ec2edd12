"""Make the front end's own calls against the project: as its user, as nobody, as somebody else."""

import re
import traceback

from django.contrib.auth import get_user_model
from django.contrib.auth.tokens import default_token_generator
from django.core.cache import cache
from django.db import transaction
from django.test.client import BOUNDARY, MULTIPART_CONTENT, Client, encode_multipart
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from limits import limit_of
from replies import body_of, missing_keys
from rest_framework_simplejwt.tokens import RefreshToken
from rows import make_row, plain_value, value_for
from targets import Target

PHRASE = "correct-horse-battery-7"
ORDER = {"auth": 0, "create": 1, "list": 2, "retrieve": 3, "update": 4, "replace": 4, "delete": 9}
LISTED_FAILURES = {"third_party": 501}


class Undo(Exception):
    """Leaves the savepoint of one call."""


class Caller:
    """People, tokens and the calls they make."""

    def __init__(self, order):
        self.order = order
        self.auth = order["auth"]
        self.targets = [Target(endpoint) for endpoint in order["endpoints"]]
        self.targets.sort(key=self.rank)
        users = get_user_model()
        self.demo = users.objects.filter(pk=1).first() or self.person("demo@example.com")
        self.demo.set_password(PHRASE)
        self.demo.save()
        self.second = self.person("second@example.com")
        self.staff = self.person("staff@example.com", is_staff=True)
        self.headers = {}

    def rank(self, target):
        endpoint = target.endpoint
        kind = "auth" if endpoint["behaviour"] == "auth" else endpoint["action"]
        return ORDER.get(kind, 5), endpoint["key"]

    def person(self, name, **values):
        users = get_user_model()
        known = users.objects.filter(**{users.USERNAME_FIELD: name}).first()
        return known or users.objects.create_user(name, password=PHRASE, **values)

    # --- signing in ---

    def signed_in(self, user):
        """A client with this person's token, got through the generated login."""
        client = Client(raise_request_exception=False)
        if user is None:
            return client, {}
        if user.pk not in self.headers:
            self.headers[user.pk] = self.login(user)
        header, cookies = self.headers[user.pk]
        for name, value in cookies.items():
            client.cookies[name] = value
        return client, header

    def login(self, user):
        name = getattr(user, user.USERNAME_FIELD)
        body = {self.auth["login_field"]: name, self.auth["password_field"]: PHRASE}
        cache.clear()
        client = Client(raise_request_exception=False)
        response = client.post(self.auth["login_path"], body, content_type="application/json")
        if response.status_code >= 300:
            raise AssertionError(f"the generated login answers {response.status_code}")
        cookies = {key: morsel.value for key, morsel in client.cookies.items()}
        if self.auth["scheme"] == "cookie":
            return {}, cookies
        found = response.json()
        for part in [*self.auth["envelope"], *self.auth["access_key"]]:
            found = found[part]
        return {"HTTP_AUTHORIZATION": f"{self.auth['prefix']} {found}"}, {}

    # --- the three passes ---

    def replay(self):
        for target in self.targets:
            with_rows = self.undone(lambda target=target: self.replay_one(target), target)
            yield with_rows

    def isolate(self):
        for target in self.targets:
            if target.view is None or target.endpoint["open"]:
                continue
            yield self.undone(lambda target=target: self.anonymous(target), target)
            row = self.undone(lambda target=target: self.foreign(target), target)
            if row:
                yield row

    def undone(self, call, target):
        """The result of `call`, with everything it did to the database taken back."""
        found = {}
        try:
            with transaction.atomic():
                found["row"] = call()
                raise Undo
        except Undo:
            return found["row"]
        except Exception as error:
            if limit_of(error):
                raise
            why = "".join(traceback.format_exception(error))[-1500:]
            return self.row(target, "fail", 0, why=why, red=True)

    def row(self, target, verdict, status, *, path="", missing=(), why="", red=False):
        endpoint = target.endpoint
        return {
            "key": endpoint["key"], "method": endpoint["method"], "path": path or endpoint["path"],
            "verdict": verdict, "status": status, "missing": list(missing), "why": why,
            "file": endpoint["file"], "line": endpoint["line"], "red": red,
        }  # fmt: skip

    def actor(self, target):
        if target.endpoint["auth"] == "staff":
            return self.staff
        classes = getattr(target.view, "permission_classes", [])
        writes = target.endpoint["method"] != "GET"
        is_catalogue = any(each.__name__ == "StaffWrites" for each in classes)
        return self.staff if writes and is_catalogue else self.demo

    # --- rows and requests ---

    def visible(self, model, user, *, change=False):
        rows = model.objects.all()
        if change and hasattr(rows, "changeable_by"):
            return rows.changeable_by(user)
        return rows.visible_to(user) if hasattr(rows, "visible_to") else rows

    def values(self, target, user):
        """What fills the holes of the path: ids of rows that this user has."""
        row = None
        change = target.endpoint["method"] != "GET" and target.endpoint["behaviour"] == "crud"
        if target.model is not None and target.names_row:
            found = self.visible(target.model, user, change=change).order_by("pk").first()
            row = found or make_row(target.model, user)
        return [
            self.value(target, name, hole, row, user)
            for name, hole in zip(target.names, target.holes, strict=True)
        ]

    def value(self, target, name, hole, row, user):
        if name == "id" and row is not None:
            return row.pk
        if target.model is not None and target.column(name) and row is not None:
            if not getattr(row, name):
                setattr(row, name, value_for(target.column(name), row.pk))
                row.save()
            return getattr(row, name)
        related = self.related(target.model, name)
        if related is not None:
            linked = getattr(row, name, None) if row is not None else None
            if related is get_user_model():
                return linked or user.pk
            if linked:
                return linked
            found = self.visible(related, user).order_by("pk").first() or make_row(related, user)
            if row is not None:
                setattr(row, name, found.pk)
                row.save()
            return found.pk
        return "sample"

    def related(self, model, name):
        if model is None or not name.endswith("_id"):
            return None
        fields = {each.name: each for each in model._meta.concrete_fields}
        found = fields.get(name[:-3])
        return found.related_model if found is not None and found.is_relation else None

    def body(self, target, user):
        """The keys that the front end sends, or what the serializer asks for when none is known."""
        shape = target.endpoint["request"]
        fields = self.fields(target, user)
        names = (
            list(shape)
            if shape
            else [n for n, f in fields.items() if not f.read_only and f.required]
        )
        body = {}
        for name in names:
            shown = fields.get(name)
            if shown is not None and not shown.read_only:
                body[name] = self.sent(shown, user, target)
            else:
                body[name] = plain_value(shape[name] if shape else {}, name)
        return body

    def fields(self, target, user):
        serializer_class = getattr(target.view, "serializer_class", None)
        if serializer_class is None:
            return {}
        request = type("Request", (), {"user": user})()
        return serializer_class(context={"request": request}).fields

    def sent(self, shown, user, target):
        child = getattr(shown, "child_relation", None)
        related = child or shown
        queryset = getattr(related, "queryset", None)
        if queryset is None:
            return value_for(shown, target.endpoint["key"])
        found = related.get_queryset().order_by("-pk").first()
        if found is None and queryset.model is not get_user_model():
            found = make_row(queryset.model, user)
        key = found.pk if found is not None else None
        return [key] if child else key

    def send(self, target, user, values, body=None):
        endpoint = target.endpoint
        client, header = self.signed_in(user)
        address = target.address(values)
        cache.clear()
        method = getattr(client, endpoint["method"].lower())
        if endpoint["method"] == "GET":
            query = {name: plain_value(spec, name) for name, spec in endpoint["query"].items()}
            return address, client.get(address, query, **header)
        files = isinstance(body, dict) and any(hasattr(value, "read") for value in body.values())
        if endpoint["media_type"] == "multipart" or files:
            return address, self.multipart(client, endpoint["method"], address, body or {}, header)
        return address, method(
            address, body if body is not None else {}, "application/json", **header
        )

    def multipart(self, client, method, address, body, header):
        data = {name: value for name, value in body.items() if value is not None}
        data = {n: str(v) if isinstance(v, dict | list) else v for n, v in data.items()}
        encoded = encode_multipart(BOUNDARY, data)
        return client.generic(method, address, encoded, MULTIPART_CONTENT, **header)

    # --- verdicts ---

    def replay_one(self, target):
        endpoint = target.endpoint
        if target.view is None:
            return self.row(target, "fail", 404, why="no view answers this path", red=True)
        user = None if self.is_open_auth(target) else self.actor(target)
        if user is None and endpoint["action"] in ("refresh", "logout"):
            user_of_token = self.demo
            body = self.account_body(target, user_of_token)
        else:
            body = self.account_body(target, user) if endpoint["behaviour"] == "auth" else None
        values = self.values(target, user or self.demo)
        if endpoint["action"] in ("verify", "reset_confirm"):
            values = [self.reset_token() for _ in values]
        if body is None and endpoint["method"] != "GET":
            body = self.body(target, user or self.demo)
        address, response = self.send(target, user, values, body)
        return self.judged(target, address, response)

    def is_open_auth(self, target):
        endpoint = target.endpoint
        return endpoint["behaviour"] == "auth" and endpoint["open"]

    def reset_token(self):
        code = default_token_generator.make_token(self.demo)
        return f"{urlsafe_base64_encode(force_bytes(self.demo.pk))}.{code}"

    def account_body(self, target, user):
        """A body in which the names, passwords and tokens are real."""
        endpoint = target.endpoint
        action = endpoint["action"]
        asker = user or self.demo
        fields = {n: f for n, f in self.fields(target, asker).items() if not f.read_only}
        names = list(endpoint["request"]) or list(fields)
        body = {
            name: self.sent(fields[name], asker, target)
            if name in fields
            else plain_value(endpoint["request"].get(name, {}), name)
            for name in names
        }
        body |= {name: PHRASE for name in names if "password" in name.lower()}
        login, password = self.auth["login_field"], self.auth["password_field"]
        if action == "login":
            body |= {login: getattr(self.demo, self.demo.USERNAME_FIELD), password: PHRASE}
        elif action == "register":
            is_mail = self.demo.USERNAME_FIELD == "email"
            body |= {login: "newcomer@example.com" if is_mail else "newcomer", password: PHRASE}
        elif action in ("refresh", "logout"):
            body |= {name: self.refresh_token() for name in names or ["refresh"]}
        elif action == "reset":
            body |= {name: "demo@example.com" for name in names if "mail" in name.lower()}
        elif action in ("verify", "reset_confirm"):
            body |= {
                name: self.reset_token() for name in names if re.search("token|code", name, re.I)
            }
        elif action in ("me", "update_me"):
            body = self.body(target, user or self.demo) if endpoint["method"] != "GET" else None
            body = {k: v for k, v in (body or {}).items() if "mail" not in k.lower() and k != login}
        return body

    def refresh_token(self):
        return str(RefreshToken.for_user(self.demo))

    def judged(self, target, address, response):
        endpoint, status = target.endpoint, response.status_code
        expected = {*endpoint["statuses"], LISTED_FAILURES.get(endpoint["action"], 0)}
        red = status in (404, 405) or status >= 500 or 300 <= status < 400
        red = red and status != LISTED_FAILURES.get(endpoint["action"])
        if red or not (200 <= status < 300 or status in expected):
            why = f"answers {status}: {response.content[:300].decode('utf-8', 'replace')}"
            return self.row(target, "fail", status, path=address, why=why, red=red)
        missing = missing_keys(endpoint["keys"], body_of(response)) if status < 300 else []
        if missing:
            why = "the front end reads keys that the reply lacks"
            return self.row(target, "shape", status, path=address, missing=missing, why=why)
        recorded = response.headers.get("X-Generated-Behaviour") == "recorded"
        return self.row(target, "recorded" if recorded else "pass", status, path=address)

    # --- isolation ---

    def anonymous(self, target):
        values = self.values(target, self.actor(target))
        address, response = self.send(target, None, values, {})
        closed = response.status_code in (401, 403)
        why = "" if closed else f"answers {response.status_code} to somebody who is not signed in"
        return self.row(
            target,
            "pass" if closed else "fail",
            response.status_code,
            path=address,
            why=why,
            red=not closed,
        )

    def foreign(self, target):
        """The same call by a second user, whose rows these are not."""
        if target.model is None or target.model is get_user_model():
            return None
        owner = self.demo
        values = self.values(target, owner)
        body = self.foreign_body(target)
        before = self.owned(target, owner)
        address, response = self.send(target, self.second, values, body)
        why = self.complaint(target, values, response)
        if not why and self.owned(target, owner) > before:
            why = "a foreign owner in the body moved a row"
        if not why and response.status_code >= 500:
            why = f"answers {response.status_code}"
        return self.row(
            target,
            "fail" if why else "pass",
            response.status_code,
            path=address,
            why=why,
            red=bool(why),
        )

    def foreign_body(self, target):
        """A valid body, as far as it goes, that claims to be the first user's."""
        body = self.body(target, self.second) if target.endpoint["method"] != "GET" else {}
        owner = getattr(target.view, "owner_field", None)
        fields = self.fields(target, self.second)
        claims = {name for name, shown in fields.items() if shown.source == owner}
        return body | {name: self.demo.pk for name in {owner, *claims} if name}

    def owned(self, target, user):
        """How many rows of this kind belong to `user`."""
        owner = getattr(target.view, "owner_field", None)
        return target.model.objects.filter(**{owner: user}).count() if owner else 0

    def complaint(self, target, values, response):
        status = response.status_code
        if self.actor(target) == self.staff and status < 300:
            return f"answers {status} to somebody who is no member of staff"
        hidden = self.hidden(target, values)
        if hidden and status not in (403, 404):
            return f"answers {status} for a row that belongs to somebody else"
        if target.endpoint["action"] == "list" and status == 200:
            return self.leaked(target, response)
        return ""

    def hidden(self, target, values):
        """Is the row of this path somebody else's for the second user?"""
        if not target.names_row:
            return False
        pairs = zip(target.names, values, strict=True)
        named = {("pk" if n == "id" else n): v for n, v in pairs if n == "id" or target.column(n)}
        change = target.endpoint["method"] != "GET" and target.endpoint["behaviour"] == "crud"
        return not self.visible(target.model, self.second, change=change).filter(**named).exists()

    def leaked(self, target, response):
        """Ids in the reply that the second user may not see."""
        place = target.endpoint["list_at"]
        rows = body_of(response)
        for part in [part for part in place.split(".") if part]:
            rows = rows.get(part, []) if isinstance(rows, dict) else []
        wire = target.endpoint["id_wire"]
        shown = {str(row[wire]) for row in rows if isinstance(row, dict) and wire in row}
        visible = {
            str(pk) for pk in self.visible(target.model, self.second).values_list("pk", flat=True)
        }
        return "a list shows rows of somebody else" if shown - visible else ""
