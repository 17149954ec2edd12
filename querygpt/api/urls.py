from django.urls import URLPattern, path

from querygpt.api import (
    connections,
    conversations,
    examples,
    files,
    messages,
    prompts,
    queries,
    results,
    structure,
    terms,
)

ONE = "connections/<uuid:connection_id>/"
urlpatterns: list[URLPattern] = [
    # Connections
    path("connections/", connections.Connections.as_view()),
    path("connections/test/", connections.ConnectionTrial.as_view()),
    path("connections/<uuid:connection_id>/", connections.ConnectionDetail.as_view()),
    path("connections/<uuid:connection_id>/test/", connections.ConnectionTest.as_view()),
    path("connections/<uuid:connection_id>/files/", files.ConnectionFiles.as_view()),
    path(
        "connections/<uuid:connection_id>/files/<uuid:file_id>/",
        files.ConnectionFileDetail.as_view(),
    ),
    path("connections/<uuid:connection_id>/queries/", queries.ConnectionQueries.as_view()),
    path("connections/<uuid:connection_id>/verdicts/", queries.ConnectionVerdicts.as_view()),
    # Conversations
    path("conversations/", conversations.Conversations.as_view()),
    path("conversations/<uuid:conversation_id>/", conversations.ConversationDetail.as_view()),
    path(
        "conversations/<uuid:conversation_id>/restoration/",
        conversations.ConversationRestoration.as_view(),
    ),
    path("conversations/<uuid:conversation_id>/messages/", messages.Messages.as_view()),
    # Messages
    path("messages/<uuid:message_id>/", messages.MessageDetail.as_view()),
    path("messages/<uuid:message_id>/stream/", messages.MessageStream.as_view()),
    path("messages/<uuid:message_id>/cancellation/", messages.MessageCancellation.as_view()),
    path("messages/<uuid:message_id>/regeneration/", messages.MessageRegeneration.as_view()),
    path("messages/<uuid:message_id>/runs/", messages.MessageRuns.as_view()),
    path("messages/<uuid:message_id>/choice/", messages.MessageChoice.as_view()),
    path("messages/<uuid:message_id>/feedback/", messages.MessageFeedback.as_view()),
    path("messages/<uuid:message_id>/visualization/", messages.MessageVisualization.as_view()),
    path("messages/<uuid:message_id>/result/", results.MessageResult.as_view()),
    path("messages/<uuid:message_id>/export/", results.MessageExport.as_view()),
    # What is known of a database
    path(f"{ONE}schema/", structure.Schema.as_view()),
    path(f"{ONE}tables/<uuid:table_id>/", structure.TableDetail.as_view()),
    path(f"{ONE}columns/<uuid:column_id>/", structure.ColumnDetail.as_view()),
    path(f"{ONE}relationships/", structure.Relationships.as_view()),
    path(f"{ONE}relationships/<uuid:relationship_id>/", structure.RelationshipDetail.as_view()),
    # Terms, examples, prompts
    path("terms/", terms.Terms.as_view()),
    path("terms/<uuid:term_id>/", terms.TermDetail.as_view()),
    path("examples/", examples.Examples.as_view()),
    path("examples/<uuid:example_id>/", examples.ExampleDetail.as_view()),
    path("examples/<uuid:example_id>/approval/", examples.ExampleApproval.as_view()),
    path("prompts/", prompts.Prompts.as_view()),
    path("prompts/<uuid:prompt_id>/", prompts.PromptDetail.as_view()),
    path("prompts/<uuid:prompt_id>/preview/", prompts.PromptPreview.as_view()),
]
