from django.urls import URLPattern, path

from studio.api import exports, imports

urlpatterns: list[URLPattern] = [
    path("work-imports/", imports.WorkImports.as_view()),
    path("work-imports/<uuid:import_id>/", imports.WorkImportDetail.as_view()),
    path("work-imports/<uuid:import_id>/confirmation/", imports.WorkImportConfirmation.as_view()),
    path("works/<uuid:work_id>/export/", exports.WorkExport.as_view()),
]
