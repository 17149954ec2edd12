"""One include per app."""

from django.contrib import admin
from django.urls import include, path

from accounts.views import console
from config import health

urlpatterns = [
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("", include("accounts.urls")),
    path("", include("querygpt.urls")),
    path("", include("studio.urls")),
    path("", include("taishang.urls")),
    path("", include("laojun.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/login/", console.sign_in),
    path("admin/tiles/<slug:key>/", console.tile, name="console_tile"),
    path("admin/panels/<slug:key>/", console.panel, name="console_panel"),
    path("admin/", admin.site.urls),
]

handler400 = "accounts.views.errors.bad_request"
handler403 = "accounts.views.errors.forbidden"
handler404 = "accounts.views.errors.not_found"
handler500 = "accounts.views.errors.server_error"
