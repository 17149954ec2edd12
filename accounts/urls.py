from django.urls import URLPattern, URLResolver, include, path

from accounts.api import pages
from accounts.views import choices, entry, home, limits, parts, preferences, problems, security

urlpatterns: list[URLPattern | URLResolver] = [
    # The first page and its parts
    path("", home.home, name="home"),
    path("home/cards/<slug:key>/", home.card, name="home_card"),
    path("home/steps/", home.steps, name="home_steps"),
    # Chosen from the frame
    path("workspaces/switch/", choices.switch_workspace, name="switch_workspace"),
    path("language/", choices.switch_language, name="switch_language"),
    # One's own account
    path("settings/", preferences.settings, name="settings"),
    path("settings/<slug:group>/reset/", preferences.reset, name="settings_reset"),
    path("profile/", preferences.profile, name="profile"),
    path("security/", security.overview, name="security"),
    path("security/sessions/<uuid:pk>/end/", security.end_session, name="session_end"),
    path("security/sessions/end-others/", security.end_other_sessions, name="session_end_others"),
    path("security/keys/", security.create_key, name="api_key_create"),
    path("security/keys/<uuid:pk>/revocation/", security.revoke_key, name="api_key_revoke"),
    path("limits/", limits.overview, name="limits"),
    path("password-strength/", entry.password_strength, name="password_strength"),
    # For those who read an error, and for those who build pages
    path("problems/", problems.index, name="problems"),
    path("problems/<slug:code>/", problems.detail, name="problem"),
    path("dev/parts/", parts.gallery, name="parts"),
    # For programs
    path("api/v1/", include("accounts.api.urls")),
    path("api/schema/", pages.schema, name="api_schema"),
    path("api/docs/", pages.docs, name="api_docs"),
]
