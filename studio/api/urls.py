from django.urls import URLPattern

from studio.api import story_urls

urlpatterns: list[URLPattern] = [
    # What is told about a story
    *story_urls.urlpatterns,
]
