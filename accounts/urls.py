from django.urls import URLPattern, URLResolver, include, path

from accounts.api import pages
from accounts.views import (
    account,
    choices,
    entry,
    home,
    invitations,
    limits,
    member_keys,
    members,
    parts,
    preferences,
    problems,
    security,
    services,
    workspace_roles,
    workspaces,
)
from accounts.web.access import public

urlpatterns: list[URLPattern | URLResolver] = [
    # The first page and its parts
    path("", home.home, name="home"),
    path("home/cards/<slug:key>/", home.card, name="home_card"),
    path("home/steps/", home.steps, name="home_steps"),
    # Chosen from the frame
    path("workspaces/switch/", choices.switch_workspace, name="switch_workspace"),
    path("language/", choices.switch_language, name="switch_language"),
    # The workspace's own pages
    path("workspaces/new/", workspaces.new, name="workspace_new"),
    path("workspace/", workspaces.overview, name="workspace"),
    path("workspace/name/", workspaces.rename, name="workspace_rename"),
    path("workspace/conversion/", workspaces.convert, name="workspace_convert"),
    path("workspace/members/", members.overview, name="workspace_members"),
    path("workspace/members/preview/", members.preview, name="workspace_members_preview"),
    path("workspace/members/roles/", members.change_several, name="workspace_members_change"),
    path("workspace/members/<uuid:user_id>/", members.detail, name="workspace_member"),
    path(
        "workspace/members/<uuid:user_id>/change/", members.change, name="workspace_member_change"
    ),
    path(
        "workspace/members/<uuid:user_id>/removal/", members.remove, name="workspace_member_remove"
    ),
    path("workspace/roles/", workspace_roles.overview, name="workspace_roles"),
    path("workspace/roles/new/", workspace_roles.new, name="workspace_role_new"),
    path("workspace/roles/<int:role_id>/", workspace_roles.detail, name="workspace_role"),
    path(
        "workspace/roles/<int:role_id>/change/",
        workspace_roles.change,
        name="workspace_role_change",
    ),
    path(
        "workspace/roles/<int:role_id>/deletion/",
        workspace_roles.delete,
        name="workspace_role_delete",
    ),
    path("workspace/invitations/", invitations.overview, name="workspace_invitations"),
    path("workspace/invitations/new/", invitations.create, name="workspace_invite"),
    path(
        "workspace/invitations/<uuid:invitation_id>/delivery/",
        invitations.resend,
        name="workspace_invitation_resend",
    ),
    path(
        "workspace/invitations/<uuid:invitation_id>/revocation/",
        invitations.revoke,
        name="workspace_invitation_revoke",
    ),
    path("workspace/keys/", member_keys.overview, name="workspace_keys"),
    path(
        "workspace/keys/<uuid:key_id>/revocation/", member_keys.revoke, name="workspace_key_revoke"
    ),
    path("workspace/limits/", limits.of_workspace, name="workspace_limits"),
    path("workspace/end/", workspaces.end, name="workspace_end"),
    path("workspace/departure/", workspaces.leave, name="workspace_leave"),
    path("workspace/offer/", workspaces.offer, name="workspace_offer"),
    path("workspace/offer/withdrawal/", workspaces.withdraw, name="workspace_withdraw"),
    path("workspace/offer/acceptance/", workspaces.take_over, name="workspace_take_over"),
    path("workspace/deletion/", workspaces.delete, name="workspace_delete"),
    path("workspace/restoration/", workspaces.restore, name="workspace_restore"),
    # The link in an invitation
    path("invitations/<str:token>/", invitations.look, name="invitation"),
    path("invitations/<str:token>/acceptance/", invitations.accept, name="invitation_accept"),
    path("invitations/<str:token>/refusal/", invitations.decline, name="invitation_decline"),
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
    path("accounts/login/", public(entry.SignIn.as_view()), name="account_login"),
    path(
        "accounts/confirm-email/", entry.confirmation_sent, name="account_email_verification_sent"
    ),
    path("accounts/confirm-email/<str:key>/", public(entry.ConfirmAddress.as_view())),
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
