"""What only Django itself can say about a project: its migrations and the schema of its API.

Imported inside the cage once the project is set up.
"""

from django.apps import apps
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.questioner import MigrationQuestioner
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import MigrationWriter
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

FILLERS = {
    "CharField": "", "TextField": "", "EmailField": "", "URLField": "", "SlugField": "", "FileField": "",
    "IntegerField": 0, "BigIntegerField": 0, "FloatField": 0.0, "DecimalField": 0, "BooleanField": False,
}  # fmt: skip


class Fillers(MigrationQuestioner):
    """A new column that may not be empty gets its type's empty value in the rows that are there."""

    def __init__(self, app):
        super().__init__(specified_apps={"accounts", app})
        self.app = app

    def ask_not_null_addition(self, field_name, model_name):
        for label in (self.app, "accounts"):
            models = {
                model._meta.model_name: model for model in apps.get_app_config(label).get_models()
            }
            if model_name in models:
                field = models[model_name]._meta.get_field(field_name)
                return FILLERS.get(field.get_internal_type())
        return None

    def ask_not_null_alteration(self, field_name, model_name):
        return self.ask_not_null_addition(field_name, model_name)

    def ask_initial(self, app_label):
        return True


def migrations(app):
    """Path to source of every migration that the project lacks."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    detector = MigrationAutodetector(
        loader.project_state(), ProjectState.from_apps(apps), Fillers(app)
    )
    wanted = {"accounts", app}
    changes = detector.changes(loader.graph, trim_to_apps=wanted, convert_apps=wanted)
    drafted = {}
    for label, found in sorted(changes.items()):
        for migration in found:
            writer = MigrationWriter(migration, include_header=False)
            drafted[f"{label}/migrations/{migration.name}.py"] = writer.as_string()
    return drafted


def schema():
    """The API as YAML."""
    described = SchemaGenerator().get_schema(request=None, public=True)
    return OpenApiYamlRenderer().render(described, renderer_context={}).decode()
