"""Inside the cage: set a project up and write down what it drafts.

argv: the project's folder, the folder with `renames.json` and for the drafts, the label of the app.
"""

import json
import os
import sys
from importlib import import_module
from pathlib import Path


def main():
    project, out, app = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    sys.path[:0] = [str(project), str(Path(__file__).resolve().parent)]
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import_module("django").setup()
    drafts = import_module("drafts")
    renames = json.loads((out / "renames.json").read_text(encoding="utf-8"))
    drafted = drafts.migrations(app, renames)
    (out / "drafted.json").write_text(json.dumps(drafted), encoding="utf-8")
    (out / "openapi.yaml").write_text(drafts.schema(), encoding="utf-8")


if __name__ == "__main__":
    main()
