from django.urls import URLPattern, path

from studio.views import agents, assistant, batches, usage

urlpatterns: list[URLPattern] = [
    # The AI beside the text
    path(
        "studio/works/<uuid:work_id>/chapters/<uuid:chapter_id>/panels/assistant/",
        assistant.panel,
        name="studio_panel_assistant",
    ),
    path(
        "studio/works/<uuid:work_id>/chapters/<uuid:chapter_id>/tools/",
        assistant.tools,
        name="studio_help_tools",
    ),
    path(
        "studio/works/<uuid:work_id>/help/preview/", assistant.preview, name="studio_help_preview"
    ),
    path("studio/works/<uuid:work_id>/help/", assistant.ask, name="studio_help_ask"),
    path("studio/requests/<uuid:request_id>/", assistant.card, name="studio_help_request"),
    path("studio/requests/<uuid:request_id>/stop/", assistant.stop, name="studio_help_stop"),
    path("studio/proposals/<uuid:proposal_id>/", assistant.proposal, name="studio_proposal"),
    path(
        "studio/proposals/<uuid:proposal_id>/discard/",
        assistant.discard,
        name="studio_proposal_discard",
    ),
    path("studio/findings/<uuid:finding_id>/", assistant.decide, name="studio_finding"),
    path("studio/usage/", usage.index, name="studio_ai_usage"),
    # Agents
    path("studio/agents/", agents.gallery, name="studio_agents"),
    path("studio/agents/new/", agents.new, name="studio_agent_new"),
    path("studio/agents/parameters/", agents.parameters, name="studio_agent_parameters"),
    path("studio/agents/import/", agents.imported, name="studio_agent_import"),
    path("studio/agents/<uuid:pk>/", agents.detail, name="studio_agent"),
    path("studio/agents/<uuid:pk>/versions/", agents.versions, name="studio_agent_versions"),
    path(
        "studio/agents/<uuid:pk>/versions/<int:number>/restoration/",
        agents.restore,
        name="studio_agent_restoration",
    ),
    path("studio/agents/<uuid:pk>/share/", agents.share, name="studio_agent_share"),
    path("studio/agents/<uuid:pk>/rating/", agents.rate, name="studio_agent_rating"),
    path("studio/agents/<uuid:pk>/attempt/", agents.attempt, name="studio_agent_attempt"),
    path("studio/agents/<uuid:pk>/deletion/", agents.delete, name="studio_agent_deletion"),
    # Batches
    path("studio/works/<uuid:work_id>/batches/", batches.index, name="studio_batches"),
    path("studio/batches/<uuid:pk>/", batches.detail, name="studio_batch"),
    path("studio/batches/<uuid:pk>/<slug:deed>/", batches.steer, name="studio_batch_deed"),
    path("studio/batch-items/<uuid:pk>/omission/", batches.omit, name="studio_batch_omission"),
]
