from django.urls import URLPattern, URLResolver, include, path

from accounts.api import pages

urlpatterns: list[URLPattern | URLResolver] = [
    # The API and its description
    path("api/v1/", include("accounts.api.urls")),
    path("api/schema/", pages.schema, name="api_schema"),
    path("api/docs/", pages.docs, name="api_docs"),
    path("problems/<slug:code>/", pages.problem, name="problem"),
]
