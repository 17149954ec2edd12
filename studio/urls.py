from django.urls import URLPattern, URLResolver, include, path

from studio.views import (
    bins,
    goals,
    help_urls,
    merging,
    shelf,
    story_urls,
    versions,
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
    path("studio/goals/", goals.goals, name="studio_goals"),
    path("studio/goals/days.csv", goals.as_csv, name="studio_goals_csv"),
    # A work
    path("studio/works/<uuid:work_id>/", works.detail, name="studio_work"),
    path("studio/works/<uuid:work_id>/about/", works.settings, name="studio_work_settings"),
    path("studio/works/<uuid:work_id>/deletion/", works.delete, name="studio_work_deletion"),
    path("studio/works/<uuid:work_id>/volumes/new/", works.add_volume, name="studio_add_volume"),
    path("studio/works/<uuid:work_id>/chapters/new/", works.add_chapter, name="studio_add_chapter"),
    path("studio/works/<uuid:work_id>/arrangement/", works.move, name="studio_move"),
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
