from django.urls import URLPattern, URLResolver, include, path

from querygpt.views import connections

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("querygpt.api.urls")),
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
]
