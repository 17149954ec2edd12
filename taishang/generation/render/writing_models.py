"""Write one module per entity: the model and the rows that a person may see and change."""

from __future__ import annotations

from taishang.generation.render import layout
from taishang.generation.render.naming import inside_comment, literal
from taishang.generation.render.plan import Column, Link, Model, Plan

ON_DELETE = {"cascade": "CASCADE", "set_null": "SET_NULL", "protect": "PROTECT"}
FIELDS = {
    "text": "CharField", "long_text": "TextField", "choice": "CharField", "integer": "IntegerField",
    "big_integer": "BigIntegerField", "decimal": "DecimalField", "float": "FloatField",
    "boolean": "BooleanField", "date": "DateField", "time": "TimeField", "datetime": "DateTimeField",
    "email": "EmailField", "url": "URLField", "uuid": "UUIDField", "slug": "SlugField",
    "file": "FileField", "json": "JSONField",
}  # fmt: skip


def modules(plan: Plan) -> dict[str, str]:
    """Path to source of everything under `models/`."""
    found = {f"{plan.app}/models/{model.module}.py": _module(plan, model) for model in plan.models}
    found[f"{plan.app}/models/__init__.py"] = _index(plan)
    return found


def evidence_comment(files: list[str]) -> list[str]:
    """`# Evidence: …` above a class. Files only: line numbers would churn every later diff."""
    shown = [inside_comment(file) for file in files[:3]]
    return [f"# Evidence: {name}"[: layout.WIDTH].rstrip() for name in shown if name]


def _index(plan: Plan) -> str:
    pairs = [(model.module, model.class_name) for model in plan.models]
    pairs.append(("recorded_request", "RecordedRequest"))
    imports: list[str] = []
    for module, name in sorted(pairs):
        imports += layout.imported(f"{plan.app}.models.{module}", [name])
    names = sorted((name for _, name in pairs), key=exported_order)
    return "\n".join([*imports, "", *layout.lines(f"__all__ = {literal(names)}"), ""])


def exported_order(name: str) -> str:
    return name


def _module(plan: Plan, model: Model) -> str:
    body = _queryset(model) + _model(model)
    source = "\n".join(body)
    first = ["import uuid", ""] if "uuid." in source else []
    third = ["from django.conf import settings"] if "settings." in source else []
    own = []
    if "new_key" in source:
        own.append(f"from {plan.app}.models.new_key import new_key")
    own.append(f"from {plan.app}.models.visible import VisibleQuerySet")
    head = [*first, *third, "from django.db import models", "", *own]
    return "\n".join([*head, "", "", source, ""])


def _queryset(model: Model) -> list[str]:
    if model.owner is None:
        return []
    lines = [f"class {model.class_name}QuerySet(VisibleQuerySet):"]
    name = "visible_to" if model.audience == "owner" else "changeable_by"
    lines.append(f"    def {name}(self, user):")
    if model.staff_sees_all:
        lines += ["        if user.is_staff:", "            return self"]
    return [*lines, f"        return self.filter({model.owner}=user)", "", ""]


def _model(model: Model) -> list[str]:
    queryset = f"{model.class_name}QuerySet" if model.owner else "VisibleQuerySet"
    lines = evidence_comment(model.evidence)
    lines += [f"class {model.class_name}(models.Model):"]
    lines += _key(model)
    for link in model.links:
        lines += layout.lines(f"{link.name} = {_link_source(model, link)}", depth=1)
    for column in model.columns:
        lines += layout.lines(f"{column.name} = {column_source(model, column)}", depth=1)
    for toggle in model.toggles:
        if toggle.users:
            users = 'models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", blank=True)'
            lines += layout.lines(f"{toggle.users} = {users}", depth=1)
    if not lines[-1].startswith("class "):
        lines.append("")
    lines += [f"    objects = {queryset}.as_manager()", "", *_meta(model), "", *_text(model)]
    return lines


def _key(model: Model) -> list[str]:
    if model.spec.id_type == "uuid":
        source = "id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)"
    elif model.spec.id_type == "text":
        source = "id = models.CharField(max_length=64, primary_key=True, default=new_key, editable=False)"
    else:
        return []
    return layout.lines(source, depth=1)


def _meta(model: Model) -> list[str]:
    lines = ["    class Meta:", *layout.lines(f"ordering = {literal(model.ordering)}", depth=2)]
    if not model.unique_sets:
        return lines
    constraints = [
        f"models.UniqueConstraint(fields={literal(group)}, name={literal(_constraint(model, number))})"
        for number, group in enumerate(model.unique_sets, 1)
    ]
    return lines + layout.lines(f"constraints = [{', '.join(constraints)}]", depth=2)


def _constraint(model: Model, number: int) -> str:
    return f"{model.module[:40]}_set_{number}_uniq"


def _text(model: Model) -> list[str]:
    texts = [c for c in model.columns if c.type in ("text", "email", "slug") and not c.write_only]
    named = [c for c in texts if c.name in ("name", "title", "subject", "label", "email")]
    shown = f"str(self.{(named or texts)[0].name})" if texts else "str(self.pk)"
    return ["    def __str__(self):", f"        return {shown}"]


def _link_source(model: Model, link: Link) -> str:
    target = "settings.AUTH_USER_MODEL" if link.target == "User" else literal(link.target)
    if link.target == model.class_name:
        target = literal("self")
    if link.kind == "m2m":
        words = [f"related_name={literal(link.related_name)}", "blank=True"]
        if link.target == model.class_name:
            words.append("symmetrical=False")
        return f"models.ManyToManyField({target}, {', '.join(words)})"
    on_delete = "SET_NULL" if link.null and link.spec.null else ON_DELETE[link.on_delete]
    words = [f"on_delete=models.{on_delete}"]
    if link.null:
        words += ["null=True", "blank=True"]
    words.append(f"related_name={literal(link.related_name)}")
    kind = "OneToOneField" if link.kind == "o2o" else "ForeignKey"
    return f"models.{kind}({target}, {', '.join(words)})"


def column_source(model: Model | None, column: Column) -> str:
    """`models.CharField(max_length=255)` and so on."""
    words = _size(column)
    if column.managed:
        words.append("auto_now_add=True" if column.managed == "created" else "auto_now=True")
        return f"models.{FIELDS[column.type]}({', '.join(words)})"
    if column.type == "file":
        folder = f"uploads/{model.module}/" if model else "uploads/users/"
        words.append(f"upload_to={literal(folder)}")
    if column.null:
        words.append("null=True")
    if column.blank and column.type != "boolean":
        words.append("blank=True")
    if column.type == "json":
        words.append(f"default={json_default(column)}")
    elif column.has_default:
        words.append(f"default={literal(column.default)}")
    if column.unique:
        words.append("unique=True")
    return f"models.{FIELDS[column.type]}({', '.join(words)})"


def json_default(column: Column) -> str:
    """`list` or `dict`: what an empty value of this column is."""
    stated = column.spec.default
    if isinstance(stated, dict):
        return "dict"
    is_list = isinstance(stated, list) or (column.name.endswith("s") and stated is None)
    return "list" if is_list else "dict"


def _size(column: Column) -> list[str]:
    if column.type == "choice":
        pairs = "[" + ", ".join(f"({literal(c)}, {literal(c)})" for c in column.choices) + "]"
        return [f"max_length={column.max_length}", f"choices={pairs}"]
    if column.type == "decimal":
        return ["max_digits=12", "decimal_places=2"]
    if column.max_length and column.type in ("text", "url", "slug"):
        return [f"max_length={column.max_length}"]
    return []
