from django.urls import path

from laojun.api import audit_logs, configs, files

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
    # Audit
    path("audit-logs/", audit_logs.AuditLogs.as_view()),
    path("audit-logs/export/", audit_logs.AuditExport.as_view()),
    path("audit-logs/verification/", audit_logs.AuditVerification.as_view()),
    path("audit-logs/anchors/", audit_logs.AuditAnchors.as_view()),
    path("audit-logs/<int:row_id>/", audit_logs.AuditLogDetail.as_view()),
]
