from django.urls import path

from taishang.api import (
    generation,
    model_aliases,
    model_calls,
    model_prices,
    models,
    projects,
    recomputation,
    results,
    reversals,
    tasks,
    usage,
)
from taishang.api.vectors import collections, engines, imports, rows, upkeep

urlpatterns = [
    # Tasks
    path("task-types/", tasks.TaskTypes.as_view()),
    path("tasks/", tasks.Tasks.as_view()),
    path("tasks/<uuid:task_id>/", tasks.TaskDetail.as_view()),
    path("tasks/<uuid:task_id>/events/", tasks.TaskEvents.as_view()),
    path("tasks/<uuid:task_id>/stream/", tasks.TaskStream.as_view()),
    path("tasks/<uuid:task_id>/cancellation/", tasks.TaskCancellation.as_view()),
    path("tasks/<uuid:task_id>/retry/", tasks.TaskRetry.as_view()),
    # Models
    path("models/", models.Models.as_view()),
    path("models/providers/", models.Providers.as_view()),
    path("models/<int:model_id>/", models.ModelDetail.as_view()),
    path("models/<int:model_id>/test/", models.ModelTest.as_view()),
    path("models/<int:model_id>/versions/", models.ModelVersions.as_view()),
    path("models/<int:model_id>/default/", models.ModelDefault.as_view()),
    path("models/<int:model_id>/prices/", model_prices.ModelPrices.as_view()),
    path(
        "models/<int:model_id>/prices/<int:price_id>/recomputation/",
        recomputation.PriceRecomputation.as_view(),
    ),
    path("model-aliases/", model_aliases.Aliases.as_view()),
    path("model-aliases/<str:alias>/", model_aliases.AliasDetail.as_view()),
    path("model-aliases/<str:alias>/history/", model_aliases.AliasHistory.as_view()),
    path("model-aliases/<str:alias>/rollback/", model_aliases.AliasRollback.as_view()),
    # Calls of models, what they use and what may be used
    path("model-calls/", model_calls.ModelCalls.as_view()),
    path("model-calls/<uuid:call_id>/", model_calls.ModelCallDetail.as_view()),
    path("model-calls/<uuid:call_id>/cancellation/", model_calls.ModelCallCancellation.as_view()),
    path("usage/", usage.Usage.as_view()),
    path("usage/export/", usage.UsageExport.as_view()),
    path("quota/", usage.QuotaView.as_view()),
    # Generation jobs
    path("generation-adapters/", projects.Adapters.as_view()),
    path("generation-jobs/", generation.Jobs.as_view()),
    path("generation-jobs/schema/", results.DiffSchema.as_view()),
    path("generation-jobs/<uuid:job_id>/", generation.JobDetail.as_view()),
    path("generation-jobs/<uuid:job_id>/revisions/", generation.JobRevisions.as_view()),
    path("generation-jobs/<uuid:job_id>/cancellation/", generation.JobCancellation.as_view()),
    path("generation-jobs/<uuid:job_id>/diff/", results.JobDiff.as_view()),
    path("generation-jobs/<uuid:job_id>/evidence/", results.JobEvidence.as_view()),
    path("generation-jobs/<uuid:job_id>/evidence/source/", results.JobSource.as_view()),
    path("generation-jobs/<uuid:job_id>/verification/", results.JobVerification.as_view()),
    path("generation-jobs/<uuid:job_id>/download/", results.JobDownload.as_view()),
    path("generation-jobs/<uuid:job_id>/application/", results.JobApplication.as_view()),
    # Projects
    path("projects/", projects.Projects.as_view()),
    path("projects/<int:project_id>/", projects.ProjectDetail.as_view()),
    path("projects/<int:project_id>/files/", projects.VersionFiles.as_view()),
    path("projects/<int:project_id>/versions/", projects.Versions.as_view()),
    path("projects/<int:project_id>/versions/<int:number>/", projects.VersionDetail.as_view()),
    path("projects/<int:project_id>/versions/<int:number>/files/", projects.VersionFiles.as_view()),
    path(
        "projects/<int:project_id>/versions/<int:number>/archive/",
        projects.VersionArchive.as_view(),
    ),
    path("projects/<int:project_id>/versions/<int:number>/patch/", projects.VersionPatch.as_view()),
    path(
        "projects/<int:project_id>/versions/<int:number>/reversal/",
        reversals.VersionReversal.as_view(),
    ),
    # Vector collections
    path("vector-backends/", engines.Backends.as_view()),
    path("collections/", collections.Collections.as_view()),
    path("collections/<int:collection_id>/", collections.CollectionDetail.as_view()),
    path(
        "collections/<int:collection_id>/restoration/", collections.CollectionRestoration.as_view()
    ),
    path("collections/<int:collection_id>/upsert/", rows.Upsert.as_view()),
    path("collections/<int:collection_id>/query/", rows.Query.as_view()),
    path("collections/<int:collection_id>/delete/", rows.Deletion.as_view()),
    path("collections/<int:collection_id>/vectors/", rows.Vectors.as_view()),
    path("collections/<int:collection_id>/index/", upkeep.Index.as_view()),
    path("collections/<int:collection_id>/recall/", upkeep.Recall.as_view()),
    path("collections/<int:collection_id>/imports/", imports.Imports.as_view()),
    path("collections/<int:collection_id>/placement/", upkeep.PlacementView.as_view()),
    path("collections/<int:collection_id>/reconciliation/", engines.Reconciliation.as_view()),
    path("collections/<int:collection_id>/embedding-retry/", upkeep.EmbeddingRetry.as_view()),
    path("collections/<int:collection_id>/namespaces/", rows.Namespaces.as_view()),
    path("collections/<int:collection_id>/namespaces/<str:name>/", rows.NamespaceDetail.as_view()),
]
