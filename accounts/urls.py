from django.urls import URLPattern, URLResolver, include, path

from accounts.api import pages
from accounts.views import (
    account,
    choices,
    entry,
    home,
    limits,
    parts,
    preferences,
    problems,
    security,
    services,
)

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
    path("profile/name/", account.rename, name="rename"),
    path("profile/picture/", account.change_picture, name="picture_change"),
    path("avatars/<uuid:owner>/<uuid:number>/", account.picture, name="picture"),
    path("notices/", account.choose_notices, name="notices"),
    path("account/closing/", account.close, name="account_close"),
    path("account/closed/", account.closed, name="account_closed"),
    path("security/", security.overview, name="security"),
    path("security/keys/revocation/", security.revoke_all_keys, name="api_keys_revoke_all"),
    path("security/services/<int:pk>/removal/", services.remove, name="service_remove"),
    path("accounts/service/", services.waiting, name="service_waiting"),
    path("accounts/service/join/", services.join, name="service_join"),
    path("accounts/3rdparty/", services.overview, name="socialaccount_connections"),
    # What comes before allauth's own page of the same name
    path(
        "accounts/confirm-email/", entry.confirmation_sent, name="account_email_verification_sent"
    ),
    path("accounts/confirm-email/<str:key>/", entry.ConfirmAddress.as_view()),
    path("accounts/2fa/webauthn/keys/<int:pk>/remove/", services.remove_passkey),
    path("accounts/reactivation/", entry.reactivation, name="reactivation"),
    path("accounts/not-me/<str:token>/", entry.not_me, name="not_me"),
    path("accounts/proof/", entry.prove_by_service, name="prove_by_service"),
    path(".well-known/change-password", entry.change_password),
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
