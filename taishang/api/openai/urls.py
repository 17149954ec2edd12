from django.urls import path

from taishang.api.openai import views

# As OpenAI has them: without a slash at the end.
urlpatterns = [
    path("models", views.Models.as_view()),
    path("models/<path:reference>", views.ModelEntry.as_view()),
    path("chat/completions", views.ChatCompletions.as_view()),
    path("embeddings", views.EmbeddingVectors.as_view()),
]
