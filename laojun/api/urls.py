from django.urls import path

from laojun.api import audit_logs, configs, files, notifications, system_logs

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
    path("audit-logs/<int:row_id>/", audit_logs.AuditLogDetail.as_view()),
]
