from django.urls import URLPattern, URLResolver, include, path

from querygpt.views import examples, explaining, prompts, terms

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("querygpt.api.urls")),
    # What is known of a database
    path("query/connections/<uuid:pk>/schema/", explaining.schema, name="query_schema"),
    path("query/connections/<uuid:pk>/schema/reading/", explaining.refresh, name="query_refresh"),
    path(
        "query/tables/<uuid:pk>/",
        explaining.table,
        name="query_table",
    ),
    path(
        "query/columns/<uuid:pk>/",
        explaining.column,
        name="query_column",
    ),
    path(
        "query/connections/<uuid:pk>/relationships/",
        explaining.relationships,
        name="query_relationships",
    ),
    path(
        "query/relationships/<uuid:pk>/",
        explaining.relationship,
        name="query_relationship",
    ),
    # Terms, examples, prompts
    path("query/terms/", terms.index, name="query_terms"),
    path("query/terms/new/", terms.new, name="query_term_new"),
    path("query/terms/check/", terms.check, name="query_term_check"),
    path("query/terms/<uuid:pk>/", terms.detail, name="query_term"),
    path("query/terms/<uuid:pk>/deletion/", terms.delete, name="query_term_delete"),
    path("query/examples/", examples.index, name="query_examples"),
    path("query/examples/new/", examples.new, name="query_example_new"),
    path("query/examples/<uuid:pk>/", examples.detail, name="query_example"),
    path("query/examples/<uuid:pk>/approval/", examples.approve, name="query_example_approve"),
    path("query/examples/<uuid:pk>/withdrawal/", examples.withdraw, name="query_example_withdraw"),
    path("query/examples/<uuid:pk>/deletion/", examples.delete, name="query_example_delete"),
    path("query/prompts/", prompts.index, name="query_prompts"),
    path("query/prompts/<slug:part>/", prompts.detail, name="query_prompt"),
    path("query/prompts/<slug:part>/reset/", prompts.reset, name="query_prompt_reset"),
    path(
        "query/prompts/<slug:part>/preview/",
        prompts.preview,
        name="query_prompt_preview",
    ),
]
