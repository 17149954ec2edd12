from django.urls import URLPattern

from studio.api import assistance_urls, story_urls

urlpatterns: list[URLPattern] = [
    *story_urls.urlpatterns,
    *assistance_urls.urlpatterns,
]
