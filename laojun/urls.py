from django.urls import include, path

from laojun.views import (
    audit,
    files,
    logs,
    notifications,
    plugin_calls,
    plugins,
    settings,
)

urlpatterns = [
    # Files, and links to them that need no sign-in
    path("files/", files.overview, name="files"),
    path("files/<uuid:file_id>/deletion/", files.delete, name="file_delete"),
    path("files/<uuid:file_id>/link/", files.link, name="file_link"),
    path("files/<uuid:file_id>/content/", files.content, name="file_content"),
    path("files/links/<str:token>/", files.follow, name="file_follow"),
    # What one was told
    path("notifications/", notifications.overview, name="notifications"),
    path("notifications/latest/", notifications.latest, name="notifications_latest"),
    path("notifications/readings/", notifications.read_all, name="notifications_read"),
    path(
        "notifications/<uuid:notification_id>/opening/",
        notifications.opened,
        name="notification_open",
    ),
    path(
        "notifications/<uuid:notification_id>/reading/",
        notifications.set_read,
        name="notification_read",
    ),
    path(
        "notifications/<uuid:notification_id>/deletion/",
        notifications.delete,
        name="notification_delete",
    ),
    # The workspace's own pages
    path("workspace/audit/", audit.overview, name="workspace_audit"),
    path("workspace/audit/export/", audit.export, name="workspace_audit_export"),
    path("workspace/audit/proof/", audit.proof, name="workspace_audit_proof"),
    path("workspace/audit/verification/", audit.verify, name="workspace_audit_verification"),
    path("workspace/logs/", logs.overview, name="workspace_logs"),
    path("workspace/settings/", settings.overview, name="workspace_settings"),
    path("workspace/settings/<str:key>/", settings.change, name="workspace_setting"),
    path("workspace/settings/<str:key>/history/", settings.history, name="workspace_history"),
    path("workspace/settings/<str:key>/rollback/", settings.rollback, name="workspace_rollback"),
    # Plugins of the workspace
    path("workspace/plugins/", plugins.overview, name="workspace_plugins"),
    path("workspace/plugins/package/", plugins.bring_in, name="workspace_plugin_package"),
    path(
        "workspace/plugins/catalogue/<int:plugin_id>/",
        plugins.offer,
        name="workspace_plugin_offer",
    ),
    path("workspace/plugins/<int:instance_id>/", plugins.detail, name="workspace_plugin"),
    path(
        "workspace/plugins/<int:instance_id>/settings/",
        plugins.configure,
        name="workspace_plugin_configure",
    ),
    path(
        "workspace/plugins/<int:instance_id>/switch/",
        plugins.switch,
        name="workspace_plugin_switch",
    ),
    path(
        "workspace/plugins/<int:instance_id>/upgrade/",
        plugins.upgrade,
        name="workspace_plugin_upgrade",
    ),
    path(
        "workspace/plugins/<int:instance_id>/rollback/",
        plugins.roll_back,
        name="workspace_plugin_rollback",
    ),
    path(
        "workspace/plugins/<int:instance_id>/removal/",
        plugins.remove,
        name="workspace_plugin_remove",
    ),
    path(
        "workspace/plugins/<int:instance_id>/calls/",
        plugin_calls.overview,
        name="workspace_plugin_calls",
    ),
    path(
        "workspace/plugins/<int:instance_id>/calls/<uuid:delivery_id>/retry/",
        plugin_calls.retry,
        name="workspace_plugin_retry",
    ),
    path(
        "workspace/plugins/<int:instance_id>/test/",
        plugin_calls.try_out,
        name="workspace_plugin_test",
    ),
    # For programs
    path("api/v1/", include("laojun.api.urls")),
]
