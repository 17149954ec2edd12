from django.urls import URLPattern, path

from studio.api import exports, imports, publications

urlpatterns: list[URLPattern] = [
    path("work-imports/", imports.WorkImports.as_view()),
    path("work-imports/<uuid:import_id>/", imports.WorkImportDetail.as_view()),
    path("work-imports/<uuid:import_id>/confirmation/", imports.WorkImportConfirmation.as_view()),
    path("works/<uuid:work_id>/export/", exports.WorkExport.as_view()),
    path("works/<uuid:work_id>/publication/", publications.WorkPublication.as_view()),
    path("chapters/<uuid:chapter_id>/publication/", publications.ChapterPublication.as_view()),
    path("read/<slug:slug>/<int:number>/like/", publications.ReadLike.as_view()),
]
