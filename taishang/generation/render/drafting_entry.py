"""Inside the cage: let Django draft the migrations of a project and describe its API.

argv[1] is the project's folder, argv[2] the folder for what is drafted. Standard library and the
project's own packages only.
"""

import json
import os
import sys
from pathlib import Path

APPS = ("accounts",)


def migrations(app):
    from django.apps import apps
    from django.db.migrations.autodetector import MigrationAutodetector
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.state import ProjectState
    from django.db.migrations.writer import MigrationWriter

    loader = MigrationLoader(None, ignore_no_migrations=True)
    detector = MigrationAutodetector(
        loader.project_state(), ProjectState.from_apps(apps), fillers()
    )
    wanted = {"accounts", app}
    changes = detector.changes(loader.graph, trim_to_apps=wanted, convert_apps=wanted)
    drafted = {}
    for label, found in sorted(changes.items()):
        for migration in found:
            writer = MigrationWriter(migration, include_header=False)
            drafted[f"{label}/migrations/{migration.name}.py"] = writer.as_string()
    return drafted


def fillers():
    from django.db.migrations.questioner import MigrationQuestioner
    from django.db.models import NOT_PROVIDED

    class Fillers(MigrationQuestioner):
        """A new column that may not be empty gets its type's empty value in old rows."""

        def ask_not_null_addition(self, field_name, model_name):
            return NOT_PROVIDED

        def ask_not_null_alteration(self, field_name, model_name):
            return NOT_PROVIDED

        def ask_initial(self, app_label):
            return True

    return Fillers(specified_apps={"accounts"})


def schema():
    from drf_spectacular.generators import SchemaGenerator
    from drf_spectacular.renderers import OpenApiYamlRenderer

    described = SchemaGenerator().get_schema(request=None, public=True)
    return OpenApiYamlRenderer().render(described, renderer_context={}).decode()


def main():
    project, out, app = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    sys.path.insert(0, str(project))
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()
    drafted = migrations(app)
    (out / "drafted.json").write_text(json.dumps(drafted), encoding="utf-8")
    (out / "openapi.yaml").write_text(schema(), encoding="utf-8")


if __name__ == "__main__":
    main()
