from django.urls import include, path

from taishang.views import (
    application,
    connecting,
    developers,
    generation,
    models,
    projects,
    review,
    tasks,
    usage,
)
from taishang.views.vectors import collections, imports, rows

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
    # Models
    path("models/", models.overview, name="models"),
    path("models/connect/", connecting.providers, name="model_connect"),
    path("models/connect/<slug:provider>/", connecting.connect, name="model_connect_to"),
    path("models/<int:model_id>/", models.detail, name="model"),
    path("models/<int:model_id>/trial/", connecting.trial, name="model_trial"),
    path("models/<int:model_id>/test/", connecting.test, name="model_test"),
    path("models/<int:model_id>/activation/", connecting.activate, name="model_activation"),
    path("models/<int:model_id>/version/", models.version, name="model_version"),
    path("models/<int:model_id>/switch/", models.switch, name="model_switch"),
    path("models/<int:model_id>/default/", models.choose, name="model_default"),
    path("models/<int:model_id>/prices/", models.price, name="model_price"),
    path("models/<int:model_id>/deletion/", models.delete, name="model_deletion"),
    # AI use
    path("usage/", usage.overview, name="usage"),
    path("usage/export/", usage.export, name="usage_export"),
    path("usage/quota/", usage.change_quota, name="usage_quota"),
    path("usage/answers/forgetting/", usage.forget_answers, name="usage_forget"),
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
    path("generation/<uuid:pk>/edits/", review.switch, name="generation_switch"),
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
    # Vector collections
    path("vectors/", collections.index, name="vectors"),
    path("vectors/new/", collections.new, name="vector_new"),
    path("vectors/<int:pk>/", rows.search, name="vector_collection"),
    path("vectors/<int:pk>/rows/", rows.browse, name="vector_rows"),
    path("vectors/<int:pk>/rows/add/", rows.add, name="vector_add"),
    path("vectors/<int:pk>/rows/<int:row>/deletion/", rows.remove, name="vector_remove"),
    path("vectors/<int:pk>/imports/", imports.index, name="vector_imports"),
    path("vectors/<int:pk>/imports/upload/", imports.upload, name="vector_import_upload"),
    path("vectors/<int:pk>/imports/new/", imports.new, name="vector_import_new"),
    path(
        "vectors/imports/<uuid:task_id>/rejected/",
        imports.rejected,
        name="vector_import_rejected",
    ),
    path("vectors/<int:pk>/quality/", collections.quality, name="vector_quality"),
    path("vectors/<int:pk>/work/<slug:what>/", collections.work, name="vector_work"),
    path("vectors/<int:pk>/programs/", collections.programs, name="vector_programs"),
    path("vectors/<int:pk>/settings/", collections.settings, name="vector_settings"),
    path("vectors/<int:pk>/deletion/", collections.delete, name="vector_delete"),
]
