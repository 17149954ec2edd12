from django.urls import URLPattern

from studio.api import assistance_urls, book_urls, story_urls

urlpatterns: list[URLPattern] = [
    *book_urls.urlpatterns,
    *story_urls.urlpatterns,
    *assistance_urls.urlpatterns,
]
