from django.urls import URLPattern, URLResolver, include, path

from studio.views import (
    bins,
    chapters,
    exports,
    goals,
    help_urls,
    imports,
    merging,
    publications,
    reading,
    shelf,
    story_urls,
    versions,
    volumes,
    works,
    writing,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("studio.api.urls")),
    # The shelf, the bin, goals
    path("studio/", shelf.index, name="studio"),
    path("studio/new/", shelf.new, name="studio_new"),
    path("studio/bin/", bins.index, name="studio_bin"),
    path(
        "studio/bin/<slug:kind>/<uuid:pk>/restoration/", bins.restore, name="studio_bin_restoration"
    ),
    path("studio/bin/works/<uuid:work_id>/erasure/", bins.erase, name="studio_bin_erasure"),
    path("studio/goals/", goals.goals, name="studio_goals"),
    path("studio/goals/days.csv", goals.as_csv, name="studio_goals_csv"),
    path("studio/works/<uuid:work_id>/goals/", goals.goals, name="studio_work_goals"),
    path("studio/works/<uuid:work_id>/goals/days.csv", goals.as_csv, name="studio_work_goals_csv"),
    # Books in and out
    path("studio/imports/", imports.index, name="studio_imports"),
    path("studio/imports/new/", imports.bring, name="studio_import_new"),
    path("studio/imports/<uuid:pk>/", imports.detail, name="studio_import"),
    path("studio/imports/<uuid:pk>/reading/", imports.read_anew, name="studio_import_reading"),
    path("studio/imports/<uuid:pk>/pieces/", imports.change, name="studio_import_pieces"),
    path("studio/imports/<uuid:pk>/confirmation/", imports.confirm, name="studio_import_confirm"),
    path("studio/imports/<uuid:pk>/deletion/", imports.remove, name="studio_import_deletion"),
    path("studio/imports/of/<uuid:task_id>/", imports.of_task, name="studio_import_of_task"),
    path("studio/works/<uuid:work_id>/export/", exports.export, name="studio_export"),
    path("studio/exports/<uuid:task_id>/", exports.done, name="studio_export_done"),
    path("studio/exports/<uuid:task_id>/file/", exports.download, name="studio_export_file"),
    # Readers
    path(
        "studio/works/<uuid:work_id>/publication/",
        publications.publication,
        name="studio_publication",
    ),
    path(
        "studio/works/<uuid:work_id>/publication/withdrawal/",
        publications.close,
        name="studio_publication_close",
    ),
    path(
        "studio/works/<uuid:work_id>/publication/chapters/",
        publications.change,
        name="studio_publication_chapters",
    ),
    path("read/<slug:slug>/", reading.contents, name="studio_read"),
    path("read/<slug:slug>/<int:number>/", reading.chapter, name="studio_read_chapter"),
    path("read/<slug:slug>/<int:number>/like/", reading.like, name="studio_read_like"),
    path("read/<slug:slug>/<int:number>/reading/", reading.note_reading, name="studio_read_note"),
    # A work
    path("studio/works/<uuid:work_id>/", works.detail, name="studio_work"),
    path("studio/works/<uuid:work_id>/about/", works.settings, name="studio_work_settings"),
    path("studio/works/sample/", works.sample, name="studio_naming_sample"),
    path("studio/works/<uuid:work_id>/transfer/", works.transfer, name="studio_work_transfer"),
    path("studio/works/<uuid:work_id>/deletion/", works.delete, name="studio_work_deletion"),
    path("studio/works/<uuid:work_id>/volumes/new/", works.add_volume, name="studio_add_volume"),
    path("studio/works/<uuid:work_id>/chapters/new/", works.add_chapter, name="studio_add_chapter"),
    path("studio/works/<uuid:work_id>/arrangement/", works.move, name="studio_move"),
    path("studio/works/<uuid:work_id>/arrangement/undo/", works.undo, name="studio_move_undo"),
    # A volume
    path(
        "studio/works/<uuid:work_id>/volumes/<uuid:volume_id>/",
        volumes.detail,
        name="studio_volume",
    ),
    path(
        "studio/works/<uuid:work_id>/volumes/<uuid:volume_id>/move/",
        volumes.move,
        name="studio_volume_move",
    ),
    path(
        "studio/works/<uuid:work_id>/volumes/<uuid:volume_id>/deletion/",
        volumes.delete,
        name="studio_volume_deletion",
    ),
    # A chapter
    path(
        "studio/works/<uuid:work_id>/chapters/<uuid:chapter_id>/",
        writing.editor,
        name="studio_chapter",
    ),
    path(
        "studio/works/<uuid:work_id>/chapters/<uuid:chapter_id>/save/",
        writing.save,
        name="studio_save",
    ),
    path(
        "studio/works/<uuid:work_id>/chapters/<uuid:chapter_id>/merge/",
        merging.merge,
        name="studio_merge",
    ),
    path(
        "studio/works/<uuid:work_id>/chapters/<uuid:chapter_id>/about/",
        chapters.about,
        name="studio_chapter_about",
    ),
    path(
        "studio/works/<uuid:work_id>/chapters/<uuid:chapter_id>/merger/",
        chapters.join,
        name="studio_chapter_merger",
    ),
    path(
        "studio/works/<uuid:work_id>/chapters/<uuid:chapter_id>/deletion/",
        chapters.delete,
        name="studio_chapter_deletion",
    ),
    path(
        "studio/works/<uuid:work_id>/chapters/<uuid:chapter_id>/panels/chapter/",
        chapters.panel,
        name="studio_panel_chapter",
    ),
    # Its versions
    path(
        "studio/works/<uuid:work_id>/chapters/<uuid:chapter_id>/versions/",
        versions.timeline,
        name="studio_versions",
    ),
    path(
        "studio/works/<uuid:work_id>/chapters/<uuid:chapter_id>/comparison/",
        versions.comparison,
        name="studio_comparison",
    ),
    path(
        "studio/works/<uuid:work_id>/chapters/<uuid:chapter_id>/versions/<int:number>/restoration/",
        versions.restore,
        name="studio_restoration",
    ),
    path(
        "studio/works/<uuid:work_id>/chapters/<uuid:chapter_id>/versions/<int:number>/name/",
        versions.name,
        name="studio_version_name",
    ),
    # Help of the AI
    *help_urls.urlpatterns,
    # What is told about a story
    *story_urls.urlpatterns,
]
