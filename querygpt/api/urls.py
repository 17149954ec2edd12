from django.urls import URLPattern, path

from querygpt.api import conversations, messages, results

urlpatterns: list[URLPattern] = [
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
]
