"""A small API over roles, so that the web kit is tested apart from any real operation."""

from itertools import count

from django.db import connection
from django.http import StreamingHttpResponse
from django.urls import include, path
from rest_framework import serializers
from rest_framework.response import Response

from accounts.models import Role
from accounts.web import etags, outside
from accounts.web.permissions import PUBLIC, SIGNED_IN
from accounts.web.problems import Refused
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView, UploadView


class NoteIn(Serializer):
    name = serializers.CharField(max_length=20)


class NoteOut(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()


class Notes(ApiView):
    required_permissions = {"GET": "role.view", "POST": "role.manage"}
    orderings = ("created_at", "name")

    def get(self, request):
        return self.page(Role.objects.filter(is_system=False), NoteOut)

    def post(self, request):
        name = self.read(NoteIn)["name"]
        role = Role.objects.create(
            workspace_id=self.principal.workspace_id, key=name, name=name, name_key=name
        )
        return self.tagged(role, NoteOut, status=201)


class Note(ApiView):
    required_permissions = {"GET": "role.view", "PATCH": "role.manage"}

    def get(self, request, note_id):
        return self.tagged(self.find(Role.objects.all(), pk=note_id), NoteOut)

    def patch(self, request, note_id):
        role = self.find(Role.objects.select_for_update(), pk=note_id)
        etags.require(request, role)
        role.name = self.read(NoteIn)["name"]
        role.save(update_fields=["name"])
        role.refresh_from_db()
        return self.tagged(role, NoteOut)


class Secrets(ApiView):
    required_permissions = {"POST": SIGNED_IN}
    reply_holds_secret = True

    def post(self, request):
        return Response({"id": "7", "key": "hush"}, status=201)


class Uploads(UploadView):
    required_permissions = {"POST": SIGNED_IN}

    def post(self, request):
        return Response({"bytes": request.data["file"].size}, status=201)


class Trickle(ApiView):
    required_permissions = {"POST": SIGNED_IN}

    def post(self, request):
        return StreamingHttpResponse([b"drop"], headers={"Location": "/api/v1/notes/"})


class Afterwards(ApiView):
    """Answers once its transaction is over, with a new number each time, or a refusal."""

    required_permissions = {"POST": SIGNED_IN}

    def post(self, request):
        wanted = self.read(NoteIn)["name"]
        return outside.later(lambda: _after(wanted))


def _after(wanted):
    if wanted == "refused":
        raise Refused("limit_reached")
    number = next(numbers)
    return Response({"number": number, "in_transaction": connection.in_atomic_block}, status=201)


class Crash(ApiView):
    required_permissions = {"GET": PUBLIC}

    def get(self, request):
        raise RuntimeError("canary")


numbers = count(1)
urlpatterns = [
    path("api/v1/afterwards/", Afterwards.as_view()),
    path("api/v1/notes/", Notes.as_view()),
    path("api/v1/notes/<str:note_id>/", Note.as_view()),
    path("api/v1/secrets/", Secrets.as_view()),
    path("api/v1/uploads/", Uploads.as_view()),
    path("api/v1/trickle/", Trickle.as_view()),
    path("api/v1/crash/", Crash.as_view()),
    path("", include("config.urls")),
]

handler400 = "accounts.views.errors.bad_request"
handler403 = "accounts.views.errors.forbidden"
handler404 = "accounts.views.errors.not_found"
handler500 = "accounts.views.errors.server_error"
