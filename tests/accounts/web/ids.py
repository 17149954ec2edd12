"""Every id that a request can carry beside its path: in which field, of what kind, and a body to try it with.

In a body "@" stands for the id at trial and "@kind" for the caller's own row of that kind.
"""

from typing import Any

from tests.accounts.web.doors import OPERATIONS, SCHEMA

ENDS = {"from_columns": ["id"], "to_columns": ["id"]}
SAMPLE = {"question": "x", "language": "en", "sql": "SELECT 1"}
FILTER = {"kind": "filter", "name_en": "x", "table": "orders", "expression": "id > 1"}
LINK = {"from_id": "@character", "to_id": "@other_character", "kind": "rival"}

# Field of a body → the kind of row, and the operation's body with an id in it.
BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "roles_create.copy_of": ("role", {"name": "x", "copy_of": "@"}),
    "workspaces_invitations_create.role": ("role", {"email": "x@example.com", "role": "@"}),
    "workspaces_members_partial_update.roles": ("role", {"roles": ["@"]}),
    "workspaces_transfer_create.user_id": ("person", {"user_id": "@"}),
    "generation_jobs_create.upload_file_id": ("file", {"upload_file_id": "@"}),
    "generation_jobs_create.chat_file_id": ("file", {"chat_file_id": "@"}),
    "generation_jobs_create.project_id": ("project", {"project_id": "@"}),
    "notifications_readings_create.ids": ("notification", {"ids": ["@"]}),
    "configs_rollback_create.audit_id": ("audit", {"audit_id": "@"}),
    "me_settings_partial_update.default_agent_id": ("task", {"default_agent_id": "@"}),
    "me_settings_partial_update.default_model_id": ("task", {"default_model_id": "@"}),
    "plugin_instances_create.plugin": ("plugin", {"plugin": "@"}),
    "collections_create.model_id": ("model", {"name": "new", "model_id": "@"}),
    "collections_partial_update.model_id": ("model", {"model_id": "@"}),
    "collections_imports_create.file_id": ("file", {"file_id": "@"}),
    "collections_imports_create.side_file_id": ("file", {"file_id": "@", "side_file_id": "@"}),
    "conversations_create.connection_id": ("connection", {"connection_id": "@"}),
    "conversations_create.model_id": ("model", {"model_id": "@"}),
    "conversations_partial_update.connection_id": ("connection", {"connection_id": "@"}),
    "conversations_partial_update.model_id": ("model", {"model_id": "@"}),
    "connections_relationships_create.from_table_id": (
        "table",
        {"from_table_id": "@", "to_table_id": "@table", **ENDS},
    ),
    "connections_relationships_create.to_table_id": (
        "table",
        {"from_table_id": "@table", "to_table_id": "@", **ENDS},
    ),
    "examples_create.connection_id": ("connection", {"connection_id": "@", **SAMPLE}),
    "prompts_preview_create.connection_id": ("connection", {"connection_id": "@"}),
    "terms_create.connection_id": ("connection", {"connection_id": "@", **FILTER}),
    "works_chapters_create.after": ("chapter", {"volume": "@volume", "after": "@"}),
    "works_chapters_create.before": ("chapter", {"volume": "@volume", "before": "@"}),
    "works_chapters_create.volume": ("volume", {"volume": "@"}),
    "works_volumes_create.after": ("volume", {"after": "@"}),
    "works_arrangement_create.ids": ("chapter", {"ids": ["@"]}),
    "works_arrangement_create.after": ("chapter", {"ids": ["@chapter"], "after": "@"}),
    "works_arrangement_create.before": ("chapter", {"ids": ["@chapter"], "before": "@"}),
    "works_arrangement_create.volume": ("volume", {"ids": ["@chapter"], "volume": "@"}),
    "works_collaborators_create.user_id": ("person", {"role": "reader", "user_id": "@"}),
    "works_transfer_create.user_id": ("person", {"user_id": "@"}),
    "works_comments_create.chapter_id": ("chapter", {"body": "x", "chapter_id": "@"}),
    "works_comments_create.parent_id": (
        "comment",
        {"body": "x", "chapter_id": "@chapter", "parent_id": "@"},
    ),
    "works_ambiguities_create.character_id": ("character", {"surface": "x", "character_id": "@"}),
    "characters_merger_create.character_id": ("character", {"character_id": "@"}),
    "works_relations_create.from_id": ("character", {**LINK, "from_id": "@"}),
    "works_relations_create.to_id": (
        "character",
        {**LINK, "from_id": "@other_character", "to_id": "@"},
    ),
    "works_relations_create.since_chapter_id": ("chapter", {**LINK, "since_chapter_id": "@"}),
    "works_relations_create.until_chapter_id": ("chapter", {**LINK, "until_chapter_id": "@"}),
    "relations_partial_update.since_chapter_id": ("chapter", {"since_chapter_id": "@"}),
    "relations_partial_update.until_chapter_id": ("chapter", {"until_chapter_id": "@"}),
    "works_scenes_create.chapter_id": ("chapter", {"title": "x", "chapter_id": "@"}),
    "works_scenes_create.character_ids": ("character", {"title": "x", "character_ids": ["@"]}),
    "works_scenes_create.pov_character_id": ("character", {"title": "x", "pov_character_id": "@"}),
    "scenes_partial_update.chapter_id": ("chapter", {"chapter_id": "@"}),
    "scenes_partial_update.character_ids": ("character", {"character_ids": ["@"]}),
    "scenes_partial_update.pov_character_id": ("character", {"pov_character_id": "@"}),
    "works_worldview_create.character_ids": ("character", {"title": "x", "character_ids": ["@"]}),
    "works_worldview_create.parent_id": ("entry", {"title": "x", "parent_id": "@"}),
    "worldview_partial_update.character_ids": ("character", {"character_ids": ["@"]}),
    "worldview_placement_create.parent_id": ("entry", {"parent_id": "@"}),
    "chapters_tags_update.tag_ids": ("tag", {"tag_ids": ["@"]}),
    "tags_merger_create.tag_id": ("tag", {"tag_id": "@"}),
    "works_export_create.volume": ("volume", {"format": "md", "volume": "@"}),
    "works_export_create.chapters": ("chapter", {"format": "md", "chapters": ["@"]}),
    "work_imports_confirmation_create.work": ("work", {"work": "@"}),
    "work_imports_confirmation_create.after": ("chapter", {"work": "@work", "after": "@"}),
    "works_publication_update.cover_file_id": ("file", {"cover_file_id": "@"}),
    "me_writing_goals_update.work": ("work", {"work": "@"}),
    "ai_requests_create.work": ("work", {"type": "chat", "work": "@"}),
    "ai_requests_create.agent": ("agent", {"type": "chat", "work": "@work", "agent": "@"}),
    "ai_requests_create.chapter": ("chapter", {"type": "chat", "work": "@work", "chapter": "@"}),
    "ai_requests_create.chat": ("chat", {"type": "chat", "work": "@work", "chat": "@"}),
    "works_context_previews_create.agent": ("agent", {"type": "chat", "agent": "@"}),
    "works_context_previews_create.chapter": ("chapter", {"type": "chat", "chapter": "@"}),
    "works_context_previews_create.chat": ("chat", {"type": "chat", "chat": "@"}),
    "agents_preview_create.work": ("work", {"text": "x", "work": "@"}),
    "works_batches_create.agent": ("agent", {"chapters": ["@chapter"], "agent": "@"}),
    "works_batches_create.chapters": ("chapter", {"chapters": ["@"]}),
}
# Labels that a row carries, never followed.
LABELS = {
    "files_create.entity_id",
    # What a column means, who somebody is in a story or a work: a word, no row.
    "connections_columns_partial_update.role",
    "works_characters_create.role",
    "characters_partial_update.role",
    "works_collaborators_create.role",
    "works_collaborators_partial_update.role",
    # What the provider calls its model.
    "models_create.model_id",
    "models_partial_update.model_id",
    "models_versions_create.model_id",
    # Names that a browser's tab gives itself.
    "chapters_partial_update.tab_id",
    "chapters_versions_create.tab_id",
    "chapters_versions_restoration_create.tab_id",
    "chapters_lock_update.tab_id",
    "chapters_lock_takeover_create.tab_id",
}
# Parameter of a list → the kind of row it names.
QUERIES = {
    "audit_logs_list.resource_id": "role",
    "audit_logs_list.actor": "person",
    "files_list.entity_id": "role",
    "generation_jobs_list.project": "project",
    "generation_jobs_list.user": "person",
    "plugin_audits_list.plugin_id": "plugin",
    "roles_destroy.replacement": "role",
    "tasks_list.subject_id": "job",
    "workspaces_members_list.role": "role",
}
NAMES_A_ROW = {
    "role", "roles", "copy_of", "project", "user", "replacement", "parent", "actor", "plugin",
}  # fmt: skip
# A mark of requests, and a name that means something in the collection of the path alone.
WITHIN = {"trace_id", "external_id"}


def id_fields():
    """Every field of a body that by its name or type can hold an id."""
    for one in OPERATIONS:
        for content in one.schema.get("requestBody", {}).get("content", {}).values():
            name = content["schema"].get("$ref", "").rpartition("/")[2]
            fields = SCHEMA["components"]["schemas"].get(name, {}).get("properties", {})
            for field, kind in fields.items():
                if field.endswith("_id") or "uuid" in str(kind) or field in NAMES_A_ROW:
                    yield f"{one.name}.{field}"


def id_parameters():
    for one in OPERATIONS:
        for entry in one.schema.get("parameters", []):
            name = entry["name"]
            named = name.endswith("_id") or name in NAMES_A_ROW
            if entry["in"] == "query" and named and name not in WITHIN:
                yield f"{one.name}.{name}"


def filled(body: Any, tried: str, own: dict[str, str]) -> Any:
    """A body of `BODIES` with the id at trial and the caller's own rows in it."""
    match body:
        case dict():
            return {key: filled(value, tried, own) for key, value in body.items()}
        case list():
            return [filled(value, tried, own) for value in body]
        case str() if body.startswith("@"):
            pk = own[body[1:]] if body[1:] else tried
            return int(pk) if pk.isdigit() else pk
    return body
