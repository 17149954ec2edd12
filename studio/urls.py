from django.urls import URLPattern, URLResolver, include, path

from studio.views import story_urls

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("studio.api.urls")),
    # What is told about a story
    *story_urls.urlpatterns,
]
