from django.urls import include, path

from taishang.views import application, developers, generation, projects, review, tasks, usage

urlpatterns = [
    # For programs
    path("api/v1/", include("taishang.api.urls")),
    path("api/openai/v1/", include("taishang.api.openai.urls")),
    # Tasks
    path("tasks/", tasks.task_list, name="tasks"),
    path("tasks/count/", tasks.task_count, name="task_count"),
    path("tasks/<uuid:pk>/", tasks.task_detail, name="task"),
    path("tasks/<uuid:pk>/cancellation/", tasks.cancel, name="task_cancellation"),
    path("tasks/<uuid:pk>/retry/", tasks.retry, name="task_retry"),
    # AI use
    path("usage/", usage.overview, name="usage"),
    path("usage/export/", usage.export, name="usage_export"),
    path("usage/quota/", usage.change_quota, name="usage_quota"),
    # Models, for those who write programs
    path("developers/", developers.developers, name="developers"),
    # Generation jobs
    path("generation/", generation.jobs, name="generation_list"),
    path("generation/new/", generation.new, name="generation_new"),
    path("generation/sample/", generation.try_sample, name="generation_sample"),
    path("generation/<uuid:pk>/", generation.job, name="generation_job"),
    path("generation/<uuid:pk>/cancellation/", generation.cancel, name="generation_cancel"),
    path("generation/<uuid:pk>/retry/", generation.retry, name="generation_retry"),
    path("generation/<uuid:pk>/erasure/", generation.erase, name="generation_erase"),
    path(
        "generation/<uuid:pk>/download/<slug:what>/",
        generation.download,
        name="generation_download",
    ),
    # Their review
    path("generation/<uuid:pk>/item/", review.item, name="generation_item"),
    path("generation/<uuid:pk>/file/", review.file, name="generation_file"),
    path("generation/<uuid:pk>/source/", review.source, name="generation_source"),
    path("generation/<uuid:pk>/decisions/", review.decide, name="generation_decide"),
    path(
        "generation/<uuid:pk>/without-model/",
        review.without_model,
        name="generation_without_model",
    ),
    path("generation/<uuid:pk>/drop/", review.drop, name="generation_drop"),
    # Into a project and back
    path(
        "generation/<uuid:pk>/application/", application.application, name="generation_application"
    ),
    path("generation/<uuid:pk>/reversal/", application.reverse_job, name="generation_reversal"),
    # Projects
    path("projects/", projects.index, name="projects"),
    path("projects/<slug:slug>/", projects.project, name="project"),
    path("projects/<slug:slug>/deletion/", projects.delete, name="project_delete"),
    path("projects/<slug:slug>/versions/<int:number>/files/", projects.files, name="project_files"),
    path(
        "projects/<slug:slug>/versions/<int:number>/archive/",
        projects.archive,
        name="project_archive",
    ),
    path("projects/<slug:slug>/versions/<int:number>/patch/", projects.patch, name="project_patch"),
    path(
        "projects/<slug:slug>/versions/<int:number>/reversal/",
        projects.reversal,
        name="project_reversal",
    ),
]
