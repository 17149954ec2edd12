from django.urls import URLPattern, path

from studio.api import agents, batches, proposals, requests, talking

urlpatterns: list[URLPattern] = [
    # Help of the AI
    path("works/<uuid:work_id>/context-previews/", requests.ContextPreviews.as_view()),
    path("chapters/<uuid:chapter_id>/tool-requests/", requests.ToolRequests.as_view()),
    path("ai-requests/", requests.AIRequests.as_view()),
    path("ai-requests/<uuid:request_id>/", requests.AIRequestDetail.as_view()),
    path("ai-requests/<uuid:request_id>/stream/", requests.AIRequestStream.as_view()),
    path("ai-requests/<uuid:request_id>/texts/", requests.AIRequestTexts.as_view()),
    # Proposals
    path("works/<uuid:work_id>/proposals/", proposals.WorkProposals.as_view()),
    path("proposals/<uuid:proposal_id>/", proposals.ProposalDetail.as_view()),
    path("proposals/<uuid:proposal_id>/acceptance/", proposals.ProposalAcceptance.as_view()),
    path("proposals/<uuid:proposal_id>/dismissal/", proposals.ProposalDismissal.as_view()),
    path("proposals/<uuid:proposal_id>/refinement/", proposals.ProposalRefinement.as_view()),
    # Talks and findings
    path("works/<uuid:work_id>/chats/", talking.Chats.as_view()),
    path("chats/<uuid:chat_id>/", talking.ChatDetail.as_view()),
    path("works/<uuid:work_id>/findings/", talking.Findings.as_view()),
    path("findings/<uuid:finding_id>/", talking.FindingDetail.as_view()),
    # Batches
    path("works/<uuid:work_id>/batches/", batches.Batches.as_view()),
    path("batches/<uuid:batch_id>/", batches.BatchDetail.as_view()),
    path("batches/<uuid:batch_id>/pause/", batches.BatchPause.as_view()),
    path("batches/<uuid:batch_id>/resumption/", batches.BatchResumption.as_view()),
    path("batches/<uuid:batch_id>/cancellation/", batches.BatchCancellation.as_view()),
    path("batch-items/<uuid:item_id>/omission/", batches.BatchItemOmission.as_view()),
    # Agents
    path("agents/", agents.Agents.as_view()),
    path("agents/<uuid:agent_id>/", agents.AgentDetail.as_view()),
    path("agents/<uuid:agent_id>/versions/", agents.AgentVersions.as_view()),
    path(
        "agents/<uuid:agent_id>/versions/<int:number>/restoration/",
        agents.AgentVersionRestoration.as_view(),
    ),
    path("agents/<uuid:agent_id>/preview/", agents.AgentPreview.as_view()),
    path("agents/<uuid:agent_id>/share/", agents.AgentShare.as_view()),
    path("agents/<uuid:agent_id>/rating/", agents.AgentRatingDetail.as_view()),
    path("agent-imports/", agents.AgentImports.as_view()),
]
