from django.urls import URLPattern

from studio.api import help_urls, story_urls

urlpatterns: list[URLPattern] = [
    # What is told about a story
    *story_urls.urlpatterns,
    # Help of the AI
    *help_urls.urlpatterns,
]
