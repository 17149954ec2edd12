from django.urls import path

from laojun.api import (
    audit_logs,
    configs,
    files,
    notifications,
    plugin_deliveries,
    plugin_instances,
    plugins,
    system_logs,
)

urlpatterns = [
    # Files
    path("files/", files.Files.as_view()),
    path("files/<uuid:file_id>/", files.FileDetail.as_view()),
    path("files/<uuid:file_id>/content/", files.FileContent.as_view()),
    path("files/<uuid:file_id>/links/", files.FileLinks.as_view()),
    # Settings
    path("configs/", configs.Configs.as_view()),
    path("configs/<str:key>/", configs.ConfigDetail.as_view()),
    path("configs/<str:key>/history/", configs.ConfigHistory.as_view()),
    path("configs/<str:key>/rollback/", configs.ConfigRollback.as_view()),
    # Plugins
    path("plugins/", plugins.Plugins.as_view()),
    path("plugins/<int:plugin_id>/", plugins.PluginDetail.as_view()),
    path("plugins/<int:plugin_id>/versions/", plugins.PluginVersions.as_view()),
    path("plugins/<int:plugin_id>/versions/<str:version>/", plugins.PluginVersionDetail.as_view()),
    path(
        "plugins/<int:plugin_id>/versions/<str:version>/verification/",
        plugins.PluginVerification.as_view(),
    ),
    # Plugins in use
    path("plugin-instances/", plugin_instances.PluginInstances.as_view()),
    path("plugin-instances/<int:instance_id>/", plugin_instances.PluginInstanceDetail.as_view()),
    path("plugin-instances/<int:instance_id>/consents/", plugin_instances.PluginConsents.as_view()),
    path("plugin-instances/<int:instance_id>/upgrade/", plugin_instances.PluginUpgrade.as_view()),
    path("plugin-instances/<int:instance_id>/rollback/", plugin_instances.PluginRollback.as_view()),
    path("plugin-instances/<int:instance_id>/test/", plugin_deliveries.PluginTest.as_view()),
    path(
        "plugin-instances/<int:instance_id>/deliveries/",
        plugin_deliveries.PluginDeliveries.as_view(),
    ),
    path(
        "plugin-instances/<int:instance_id>/deliveries/<uuid:delivery_id>/retry/",
        plugin_deliveries.PluginDeliveryRetry.as_view(),
    ),
    path("plugin-audits/", plugin_instances.PluginAudits.as_view()),
    # What you were told
    path("notifications/", notifications.Notifications.as_view()),
    path("notifications/badge/", notifications.BadgeDetail.as_view()),
    path("notifications/preferences/", notifications.Preferences.as_view()),
    path("notifications/readings/", notifications.Readings.as_view()),
    path("notifications/stream/", notifications.NotificationStream.as_view()),
    path("notifications/<uuid:notification_id>/", notifications.NotificationDetail.as_view()),
    path("system-logs/", system_logs.SystemLogs.as_view()),
    # Audit
    path("audit-logs/", audit_logs.AuditLogs.as_view()),
    path("audit-logs/export/", audit_logs.AuditExport.as_view()),
    path("audit-logs/verification/", audit_logs.AuditVerification.as_view()),
    path("audit-logs/anchors/", audit_logs.AuditAnchors.as_view()),
    path("audit-logs/<int:row_id>/", audit_logs.AuditLogDetail.as_view()),
]
