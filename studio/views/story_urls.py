from django.urls import URLPattern, path

from studio.views import (
    beside,
    characters,
    people,
    relations,
    scenes,
    searching,
    tags,
    worldview,
)

WORK = "studio/works/<uuid:work_id>/"
CHAPTER = f"{WORK}chapters/<uuid:chapter_id>/"
urlpatterns: list[URLPattern] = [
    # Characters
    path(f"{WORK}characters/", characters.index, name="studio_characters"),
    path(f"{WORK}characters/new/", characters.new, name="studio_character_new"),
    path(f"{WORK}characters/counting/", characters.counting, name="studio_counting"),
    path(f"{WORK}characters/names/", characters.ambiguities, name="studio_ambiguities"),
    path(f"{WORK}characters/names/meaning/", characters.settle, name="studio_meaning"),
    path(f"{WORK}characters/map/", characters.heat_map, name="studio_heat_map"),
    path(f"{WORK}characters/<uuid:pk>/card/", characters.card, name="studio_character_card"),
    path(f"{WORK}characters/<uuid:pk>/", characters.detail, name="studio_character"),
    path(
        f"{WORK}characters/<uuid:pk>/deletion/", characters.delete, name="studio_character_deletion"
    ),
    path(
        f"{WORK}characters/<uuid:pk>/restoration/",
        characters.restore,
        name="studio_character_restoration",
    ),
    path(f"{WORK}characters/<uuid:pk>/merger/", characters.merge, name="studio_character_merger"),
    path(f"{WORK}relations/", relations.graph, name="studio_relations"),
    path(f"{WORK}relations/new/", relations.new, name="studio_relation_new"),
    path(f"{WORK}relations/<uuid:pk>/", relations.detail, name="studio_relation"),
    path(f"{WORK}relations/<uuid:pk>/deletion/", relations.delete, name="studio_relation_deletion"),
    # Scenes
    path(f"{WORK}scenes/", scenes.index, name="studio_scenes"),
    path(f"{WORK}scenes/new/", scenes.new, name="studio_scene_new"),
    path(f"{WORK}scenes/<uuid:pk>/", scenes.detail, name="studio_scene"),
    path(f"{WORK}scenes/<uuid:pk>/move/", scenes.move, name="studio_scene_move"),
    path(f"{WORK}scenes/<uuid:pk>/deletion/", scenes.delete, name="studio_scene_deletion"),
    path(f"{WORK}scenes/<uuid:pk>/restoration/", scenes.restore, name="studio_scene_restoration"),
    # The world
    path(f"{WORK}world/", worldview.index, name="studio_world"),
    path(f"{WORK}world/new/", worldview.new, name="studio_entry_new"),
    path(f"{WORK}world/<uuid:pk>/", worldview.detail, name="studio_entry"),
    path(f"{WORK}world/<uuid:pk>/deletion/", worldview.delete, name="studio_entry_deletion"),
    path(f"{WORK}world/<uuid:pk>/restoration/", worldview.restore, name="studio_entry_restoration"),
    # Tags
    path(f"{WORK}tags/", tags.index, name="studio_tags"),
    path(f"{WORK}tags/new/", tags.new, name="studio_tag_new"),
    path(f"{WORK}tags/<uuid:pk>/", tags.detail, name="studio_tag"),
    path(f"{WORK}tags/<uuid:pk>/deletion/", tags.delete, name="studio_tag_deletion"),
    path(f"{WORK}tags/<uuid:pk>/merger/", tags.merge, name="studio_tag_merger"),
    path(f"{CHAPTER}tags/", tags.put_on, name="studio_chapter_tags"),
    # Search
    path(f"{WORK}search/", searching.index, name="studio_search"),
    # People
    path(f"{WORK}people/", people.index, name="studio_people"),
    path(f"{WORK}people/<uuid:pk>/", people.detail, name="studio_person"),
    path(f"{WORK}people/<uuid:pk>/revocation/", people.revoke, name="studio_person_revocation"),
    path("studio/invitations/", people.invitations, name="studio_invitations"),
    path("studio/invitations/<uuid:work_id>/", people.answer, name="studio_invitation_answer"),
    # Beside the text
    path(f"{CHAPTER}panels/scenes/", beside.scenes, name="studio_panel_scenes"),
    path(f"{CHAPTER}panels/scenes/<uuid:pk>/place/", beside.place, name="studio_scene_place"),
    path(f"{CHAPTER}panels/names/", beside.names, name="studio_panel_names"),
    path(f"{CHAPTER}panels/comments/", beside.threads, name="studio_panel_comments"),
    path(f"{CHAPTER}panels/comments/new/", beside.write, name="studio_comment_new"),
    path(f"{WORK}comments/<uuid:pk>/", beside.settle, name="studio_comment_settle"),
    path("studio/comments/<uuid:pk>/", beside.comment, name="studio_comment"),
]
