"""The operators' guide names every variable that is read, and what `deploy/` gives the platform is read by it."""

import ast
import re
from pathlib import Path

import yaml
from django.conf import settings

from config import oauth

ROOT = Path(settings.BASE_DIR)
READERS = {"text", "boolean", "integer", "names", "path", "url", "secret"}
NAME = re.compile(r"`([A-Z][A-Z0-9_]+)`")
PLATFORM = ("prepare", "web", "worker")


def readings() -> list[tuple[str, str]]:
    """Every reading of the environment in `config/`: by which function, and the variable's name."""
    found = []
    for file in sorted((ROOT / "config").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and node.args and (reader := _reader(node.func)):
                found += [(reader, name) for name in _names(node.args[0])]
    return found


def _reader(function: ast.expr) -> str:
    text = ast.unparse(function)
    module, _, name = text.rpartition(".")
    return name if (module == "env" and name in READERS) or text == "os.environ.get" else ""


def _names(argument: ast.expr) -> list[str]:
    if isinstance(argument, ast.Constant):
        return [str(argument.value)]
    tail = str(ast.unparse(argument)).rpartition("}")[2].rstrip("'\"")
    return [f"{service.upper()}{tail}" for service in oauth.OFFERED]


def read() -> set[str]:
    return {name for _reader, name in readings()}


def compose() -> tuple[str, dict]:
    text = (ROOT / "deploy" / "compose.yaml").read_text()
    return text, yaml.safe_load(text)["services"]


def test_the_guide_names_what_is_read_and_nothing_else():
    section = (ROOT / "docs" / "operating.md").read_text().split("\n## Configure\n")[1]
    rows = [line for line in section.split("\n## ")[0].splitlines() if line.startswith("| `")]

    named = [name for row in rows for name in NAME.findall(row.split("|")[1])]

    assert sorted(named) == sorted(read())


def test_containers_are_given_what_is_read_and_every_key():
    keys = {name for reader, name in readings() if reader == "secret"}
    _text, services = compose()
    for name in PLATFORM:
        given = set(services[name]["environment"])
        assert given <= read(), name
        assert given >= keys | {"DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "TRUSTED_PROXIES"}, name
    # A process that strangers talk to is given the application's role alone.
    assert not {"DATABASE_OWNER_URL", "DATABASE_BACKUP_URL", "DATABASE_ADMIN_URL"} & set(
        services["web"]["environment"]
    )


def test_the_example_holds_every_variable_of_the_compose_file():
    text, _services = compose()
    lines = (ROOT / "deploy" / "example.env").read_text().splitlines()

    example = {line.partition("=")[0] for line in lines if "=" in line and line[0] != "#"}

    assert set(re.findall(r"\$\{([A-Z0-9_]+)", text)) == example - {"COMPOSE_PROFILES"}
