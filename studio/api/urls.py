from django.urls import URLPattern

from studio.api import assistance_urls, book_urls, story_urls, work_urls

urlpatterns: list[URLPattern] = [
    *work_urls.urlpatterns,
    *book_urls.urlpatterns,
    *story_urls.urlpatterns,
    *assistance_urls.urlpatterns,
]
