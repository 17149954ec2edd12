from django.urls import include, path

urlpatterns = [
    # For programs
    path("api/v1/", include("taishang.api.urls")),
]
