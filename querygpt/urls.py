from django.urls import URLPattern, URLResolver, include, path

from querygpt.views import (
    answers,
    chat,
    connections,
    editing,
    examples,
    explaining,
    panel,
    prompts,
    terms,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("querygpt.api.urls")),
    # Conversations
    path("query/", chat.index, name="query"),
    path("query/history/", chat.history, name="query_history"),
    path("query/ask/", chat.begin, name="query_begin"),
    path("query/structures/<uuid:pk>/", panel.structure, name="query_structure"),
    path("query/<uuid:pk>/", chat.conversation, name="query_conversation"),
    path("query/<uuid:pk>/ask/", chat.ask, name="query_ask"),
    path("query/<uuid:pk>/change/", chat.change, name="query_change"),
    path("query/<uuid:pk>/deletion/", chat.delete, name="query_deletion"),
    path("query/<uuid:pk>/restoration/", chat.restore, name="query_restoration"),
    # Answers
    path("query/answers/<uuid:pk>/", answers.card, name="query_answer"),
    path("query/answers/<uuid:pk>/stop/", answers.stop, name="query_stop"),
    path("query/answers/<uuid:pk>/again/", answers.again, name="query_again"),
    path("query/answers/<uuid:pk>/run/", answers.run, name="query_run"),
    path("query/answers/<uuid:pk>/verdict/", editing.verdict, name="query_verdict"),
    path("query/answers/<uuid:pk>/layout/", editing.layout, name="query_layout"),
    path("query/answers/<uuid:pk>/choice/", answers.choose, name="query_choice"),
    path("query/answers/<uuid:pk>/rating/", answers.rate, name="query_rating"),
    path("query/answers/<uuid:pk>/rows/", answers.rows, name="query_rows"),
    path("query/answers/<uuid:pk>/figure/", answers.figure_of, name="query_figure"),
    path("query/answers/<uuid:pk>/chart/", answers.chart_of, name="query_chart"),
    path("query/answers/<uuid:pk>/chart/change/", answers.redraw, name="query_redraw"),
    path("query/answers/<uuid:pk>/export/", answers.export, name="query_export"),
    # Connections
    path("query/connections/", connections.overview, name="query_connections"),
    path("query/connections/new/", connections.drivers, name="query_connection_new"),
    path(
        "query/connections/new/<slug:driver>/", connections.create, name="query_connection_create"
    ),
    path("query/connections/<uuid:connection_id>/", connections.detail, name="query_connection"),
    path(
        "query/connections/<uuid:connection_id>/test/",
        connections.test,
        name="query_connection_test",
    ),
    path(
        "query/connections/<uuid:connection_id>/switch/",
        connections.switch,
        name="query_connection_switch",
    ),
    path(
        "query/connections/<uuid:connection_id>/default/",
        connections.choose,
        name="query_connection_default",
    ),
    path(
        "query/connections/<uuid:connection_id>/deletion/",
        connections.delete,
        name="query_connection_deletion",
    ),
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
