from django.urls import URLPattern, path

from studio.api import (
    characters,
    collaborators,
    comments,
    relations,
    scenes,
    search,
    tags,
    worldview,
)

WORK = "works/<uuid:work_id>/"
urlpatterns: list[URLPattern] = [
    # Search
    path("search/", search.Search.as_view()),
    path(f"{WORK}search/", search.WorkSearch.as_view()),
    # Characters
    path(f"{WORK}characters/", characters.Characters.as_view()),
    path(f"{WORK}appearances/", characters.Appearances.as_view()),
    path(f"{WORK}ambiguities/", characters.Ambiguities.as_view()),
    path("characters/<uuid:character_id>/", characters.CharacterDetail.as_view()),
    path("characters/<uuid:character_id>/restoration/", characters.CharacterRestoration.as_view()),
    path("characters/<uuid:character_id>/merger/", characters.CharacterMerger.as_view()),
    path(f"{WORK}relations/", relations.Relations.as_view()),
    path("relations/<uuid:relation_id>/", relations.RelationDetail.as_view()),
    # Scenes
    path(f"{WORK}scenes/", scenes.Scenes.as_view()),
    path("scenes/<uuid:scene_id>/", scenes.SceneDetail.as_view()),
    path("scenes/<uuid:scene_id>/restoration/", scenes.SceneRestoration.as_view()),
    # The world
    path(f"{WORK}worldview/", worldview.WorldEntries.as_view()),
    path("worldview/<uuid:entry_id>/", worldview.WorldEntryDetail.as_view()),
    path("worldview/<uuid:entry_id>/placement/", worldview.WorldEntryPlacement.as_view()),
    path("worldview/<uuid:entry_id>/restoration/", worldview.WorldEntryRestoration.as_view()),
    # Tags
    path(f"{WORK}tags/", tags.WorkTags.as_view()),
    path("tags/<uuid:tag_id>/", tags.TagDetail.as_view()),
    path("tags/<uuid:tag_id>/merger/", tags.TagMerger.as_view()),
    path("chapters/<uuid:chapter_id>/tags/", tags.ChapterTags.as_view()),
    # Comments
    path(f"{WORK}comments/", comments.Comments.as_view()),
    path("comments/<uuid:comment_id>/", comments.CommentDetail.as_view()),
    path("comments/<uuid:comment_id>/resolution/", comments.CommentResolution.as_view()),
    # People
    path(f"{WORK}collaborators/", collaborators.Collaborators.as_view()),
    path(f"{WORK}collaborators/<uuid:user_id>/", collaborators.CollaboratorDetail.as_view()),
    path("work-invitations/", collaborators.WorkInvitations.as_view()),
    path("work-invitations/<uuid:work_id>/", collaborators.WorkInvitationDetail.as_view()),
]
