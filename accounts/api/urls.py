from django.urls import path

from accounts.api import (
    api_keys,
    invitations,
    limits,
    me,
    members,
    roles,
    security,
    sync,
    tokens,
    workspaces,
)

urlpatterns = [
    # Signing in
    path("auth/token/", tokens.SignIn.as_view()),
    path("auth/token/refresh/", tokens.Refresh.as_view()),
    path("auth/token/revoke/", tokens.Revoke.as_view()),
    # The person who asks
    path("me/", me.Me.as_view()),
    path("me/settings/", me.Settings.as_view()),
    path("me/sessions/", me.Sessions.as_view()),
    path("me/sessions/revocation/", me.SessionRevocation.as_view()),
    path("me/sessions/<uuid:session_id>/", me.SessionDetail.as_view()),
    path("me/menu/", me.Menu.as_view()),
    path("limits/", limits.Limits.as_view()),
    path("me/reauthentication/", security.Reauthentication.as_view()),
    path("me/sign-ins/", security.SignIns.as_view()),
    path("me/second-factors/", security.SecondFactors.as_view()),
    path("me/services/", security.Services.as_view()),
    path("me/services/<int:service_id>/", security.ServiceDetail.as_view()),
    path("me/picture/", security.Picture.as_view()),
    path("api-keys/", api_keys.ApiKeys.as_view()),
    path("api-keys/revocation/", api_keys.ApiKeyRevocation.as_view()),
    path("api-keys/<uuid:key_id>/", api_keys.ApiKeyDetail.as_view()),
    # What changed since
    path("sync/", sync.Sync.as_view()),
    # Rights
    path("permissions/", roles.Permissions.as_view()),
    path("roles/", roles.Roles.as_view()),
    path("roles/<int:role_id>/", roles.RoleDetail.as_view()),
    # Workspaces
    path("workspaces/", workspaces.Workspaces.as_view()),
    path("workspaces/<int:workspace_id>/", workspaces.WorkspaceDetail.as_view()),
    path("workspaces/<int:workspace_id>/conversion/", workspaces.Conversion.as_view()),
    path("workspaces/<int:workspace_id>/departure/", workspaces.Departure.as_view()),
    path("workspaces/<int:workspace_id>/restoration/", workspaces.Restoration.as_view()),
    path("workspaces/<int:workspace_id>/transfer/", workspaces.Transfer.as_view()),
    path(
        "workspaces/<int:workspace_id>/transfer/acceptance/",
        workspaces.TransferAcceptance.as_view(),
    ),
    path("workspaces/<int:workspace_id>/members/", members.Members.as_view()),
    path("workspaces/<int:workspace_id>/members/<uuid:user_id>/", members.MemberDetail.as_view()),
    # Invitations
    path("workspaces/<int:workspace_id>/invitations/", invitations.Invitations.as_view()),
    path(
        "workspaces/<int:workspace_id>/invitations/<uuid:invitation_id>/",
        invitations.InvitationDetail.as_view(),
    ),
    path(
        "workspaces/<int:workspace_id>/invitations/<uuid:invitation_id>/delivery/",
        invitations.Delivery.as_view(),
    ),
    path("invitations/acceptance/", invitations.Acceptance.as_view()),
    path("invitations/refusal/", invitations.Refusal.as_view()),
]
