"""What only Django itself can say about a project: its migrations and the schema of its API.

Imported inside the cage once the project is set up.
"""

from django.apps import apps
from django.db.migrations import AddField, AlterField, Migration
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.questioner import MigrationQuestioner
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import MigrationWriter
from django.db.models import NOT_PROVIDED
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

FILLERS = {
    "CharField": "", "TextField": "", "EmailField": "", "URLField": "", "SlugField": "", "FileField": "",
    "IntegerField": 0, "BigIntegerField": 0, "FloatField": 0.0, "DecimalField": 0, "BooleanField": False,
}  # fmt: skip


class Answers(MigrationQuestioner):
    """What Django would ask a person: what fills a new column, and whether something was only renamed."""

    def __init__(self, app, renames):
        super().__init__(specified_apps={"accounts", app})
        self.app = app
        self.renames = renames

    def ask_not_null_addition(self, field_name, model_name):
        """The type's empty value; None where there is none, and the column comes in two steps."""
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

    def ask_auto_now_add_addition(self, field_name, model_name):
        return timezone.now

    def ask_rename(self, model_name, old_name, new_name, field_instance):
        return old_name in self.renames["fields"].get(f"{model_name}.{new_name}", [])

    def ask_rename_model(self, old_model_state, new_model_state):
        former = self.renames["models"].get(new_model_state.name_lower, [])
        return old_model_state.name_lower in former

    def ask_initial(self, app_label):
        return True


def migrations(app, renames):
    """Path to source of every migration that the project lacks."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    detector = MigrationAutodetector(
        loader.project_state(), ProjectState.from_apps(apps), Answers(app, renames)
    )
    wanted = {"accounts", app}
    changes = detector.changes(loader.graph, trim_to_apps=wanted, convert_apps=wanted)
    drafted = {}
    for label, found in sorted(changes.items()):
        for migration in [*found, *second_steps(found)]:
            writer = MigrationWriter(migration, include_header=False)
            drafted[f"{label}/migrations/{migration.name}.py"] = writer.as_string()
    return drafted


def second_steps(found):
    """Columns that nothing fills come empty first; the migration that requires them follows when there are any.

    Between the two, whoever runs the project fills the rows that are there.
    """
    required = []
    for migration in found:
        for place, operation in enumerate(migration.operations):
            if not isinstance(operation, AddField) or operation.preserve_default:
                continue
            if operation.field.default is not None:
                continue
            field = operation.field.clone()
            field.default = NOT_PROVIDED
            required.append(AlterField(operation.model_name, operation.name, field))
            empty = field.clone()
            empty.null = True
            migration.operations[place] = AddField(operation.model_name, operation.name, empty)
    if not required:
        return []
    last = found[-1]
    number = int(last.name.split("_")[0]) + 1
    first = required[0]
    step = Migration(
        f"{number:04}_{first.model_name_lower}_{first.name_lower}_required", last.app_label
    )
    step.dependencies = [(last.app_label, last.name)]
    step.operations = required
    return [step]


def schema():
    """The API as YAML."""
    described = SchemaGenerator().get_schema(request=None, public=True)
    return OpenApiYamlRenderer().render(described, renderer_context={}).decode()
