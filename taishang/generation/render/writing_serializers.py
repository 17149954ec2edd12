"""Write one serializer module per entity, and those of the calls that are only recorded."""

from __future__ import annotations

from taishang.generation.ir import Shape
from taishang.generation.render import layout
from taishang.generation.render.naming import identifier, literal
from taishang.generation.render.plan import Link, Model, Plan, Route
from taishang.generation.render.writing_models import evidence_comment

BODY_FIELDS = {
    "integer": "IntegerField", "big_integer": "IntegerField", "decimal": "FloatField",
    "float": "FloatField", "boolean": "BooleanField", "date": "CharField", "time": "CharField",
    "datetime": "CharField", "file": "FileField", "json": "JSONField", "object": "JSONField",
    "array": "JSONField", "reference": "JSONField", "unknown": "JSONField", "null": "JSONField",
    "relation": "JSONField",
}  # fmt: skip


def modules(plan: Plan) -> dict[str, str]:
    """Path to source of everything under `serializers/`."""
    folder = f"{plan.app}/serializers"
    embedded = {link.target for model in plan.models for link in model.links if link.nested}
    found = {f"{folder}/__init__.py": ""}
    for model in plan.models:
        found[f"{folder}/{model.module}.py"] = _module(plan, model)
        if model.class_name in embedded:
            found[f"{folder}/briefs/{model.module}.py"] = _brief_module(plan, model)
    if any(path.startswith(f"{folder}/briefs/") for path in found):
        found[f"{folder}/briefs/__init__.py"] = ""
    bodies = [route for route in plan.routes if route.body_class]
    if bodies:
        found[f"{folder}/recorded.py"] = _recorded(plan, bodies)
    return found


def _brief_module(plan: Plan, model: Model) -> str:
    """Briefs stand apart: two entities may show each other, and modules that import each other fail."""
    source = "\n".join(_brief(model))
    third = ["from rest_framework import serializers", ""] if "serializers." in source else []
    imports = [
        *layout.imported(f"{plan.app}.models", [model.class_name]),
        *layout.imported(f"{plan.app}.wire", ["WireSerializer"]),
    ]
    return "\n".join([*third, *imports, "", "", source, ""])


def _module(plan: Plan, model: Model) -> str:
    body = evidence_comment(model.evidence)
    body += _serializer(plan, model)
    source = "\n".join(body)
    own: list[tuple[str, list[str]]] = [(f"{plan.app}.models", [model.class_name])]
    own[0][1].extend(
        link.target
        for link in model.links
        if link.nested == link.wire and link.target != "User" and _declares(link)
    )
    own.append((f"{plan.app}.wire", ["WireSerializer"]))
    if "EmbeddedRelatedField(" in source:
        own[-1][1].append("EmbeddedRelatedField")
    users = [name for name in ("UserBrief",) if name in source]
    if users:
        own.append(("accounts.serializers", users))
    if "User.objects" in source:
        own.append(("accounts.models", ["User"]))
    for target in sorted({link.target for link in model.links if link.nested} - {"User"}):
        found = plan.model_named(target)
        if found is not None:
            own.append((f"{plan.app}.serializers.briefs.{found.module}", [f"{target}Brief"]))
    third = ["from rest_framework import serializers", ""] if "serializers." in source else []
    imports: list[str] = []
    for module, names in sorted(own):
        imports += layout.imported(module, names)
    return "\n".join([*third, *imports, "", "", source, ""])


def _declares(link: Link) -> bool:
    return not link.read_only


def _brief(model: Model) -> list[str]:
    lines = [
        f"class {model.class_name}Brief(WireSerializer):",
        '    """What other rows show of this one."""',
        "",
    ]
    if model.string_id:
        lines += ["    id = serializers.CharField(read_only=True)", ""]
    columns = [column for column in model.columns if not column.write_only]
    names = ["id", *(column.name for column in columns)]
    wires = {"id": model.spec.id_wire_name} | {column.name: column.wire for column in columns}
    return lines + _meta(model.class_name, names, wires, read_only=None, extra={})


def _serializer(plan: Plan, model: Model) -> list[str]:
    lines = [f"class {model.class_name}Serializer(WireSerializer):"]
    declared: list[str] = []
    if model.string_id:
        declared.append("id = serializers.CharField(read_only=True)")
    declared += [_nested_source(link) for link in model.links if link.nested]
    for source in declared:
        lines += layout.lines(source, depth=1)
    if declared:
        lines.append("")
    lines += _meta(
        model.class_name,
        _shown(model),
        _wires(model),
        read_only=_read_only(model),
        extra=_extra(plan, model),
    )
    return lines + _counted(model)


def _nested_source(link: Link) -> str:
    brief = "UserBrief" if link.target == "User" else f"{link.target}Brief"
    if link.nested == link.wire and not link.read_only:
        null = ", allow_null=True, required=False" if link.null else ""
        many = ", many=True, required=False" if link.kind == "m2m" else ""
        return (
            f"{link.name} = EmbeddedRelatedField(queryset={link.target}.objects.all(), "
            f"brief={brief}{null}{many})"
        )
    many = ", many=True" if link.kind == "m2m" else ""
    if link.nested == link.wire:
        return f"{link.name} = {brief}(read_only=True{many})"
    return f"{link.name}_row = {brief}(source={literal(link.name)}, read_only=True{many})"


def _shown(model: Model) -> list[str]:
    names = ["id", *(column.name for column in model.columns)]
    for link in model.links:
        if link.shown:
            names.append(link.name)
        if link.nested and link.nested != link.wire:
            names.append(f"{link.name}_row")
    return names


def _wires(model: Model) -> dict[str, str]:
    wires = {"id": model.spec.id_wire_name}
    wires |= {column.name: column.wire for column in model.columns}
    for link in model.links:
        if link.shown:
            wires[link.name] = link.wire
        if link.nested and link.nested != link.wire:
            wires[f"{link.name}_row"] = link.nested
    return wires


def _read_only(model: Model) -> list[str]:
    names = [c.name for c in model.columns if c.read_only and not c.managed]
    names += [
        link.name
        for link in model.links
        if link.read_only and link.shown and link.nested != link.wire
    ]
    return names


def _extra(plan: Plan, model: Model) -> dict[str, str]:
    """Keyword arguments of generated fields, as source."""
    extra = {column.name: '{"write_only": True}' for column in model.columns if column.write_only}
    for link in model.links:
        if link.shown and link.nested != link.wire:
            words = []
            target = plan.model_named(link.target)
            if target.string_id if target else plan.string_user_id:
                words.append('"pk_field": serializers.CharField()')
            if link.kind == "m2m" and not link.read_only:
                words.append('"required": False')
            if words:
                extra[link.name] = "{" + ", ".join(words) + "}"
    return extra


def _meta(
    class_name: str,
    names: list[str],
    wires: dict[str, str],
    *,
    read_only: list[str] | None,
    extra: dict[str, str],
) -> list[str]:
    lines = ["    class Meta:", f"        model = {class_name}"]
    lines += layout.lines(f"fields = {literal(names)}", depth=2)
    if read_only is None:
        lines.append("        read_only_fields = fields")
    elif read_only:
        lines += layout.lines(f"read_only_fields = {literal(read_only)}", depth=2)
    different = {name: wires[name] for name in names if wires[name] != name}
    if different:
        lines += layout.lines(f"wire_names = {literal(different)}", depth=2)
    if extra:
        inner = ", ".join(f"{literal(name)}: {source}" for name, source in extra.items())
        lines += layout.lines(f"extra_kwargs = {{{inner}}}", depth=2)
    return lines


def _counted(model: Model) -> list[str]:
    """Flags and counts that follow from the users who joined a row."""
    shown = [t for t in model.toggles if t.users and (t.flag_wires or t.count_wires)]
    if not shown:
        return []
    lines = [
        "",
        "    def to_representation(self, instance):",
        "        data = super().to_representation(instance)",
    ]
    lines.append('        user = getattr(self.context.get("request"), "user", None)')
    for toggle in shown:
        lines.append(f"        users = instance.{toggle.users}")
        for wire in toggle.flag_wires:
            lines += layout.lines(
                f"data[{literal(wire)}] = users.filter(pk=getattr(user, 'pk', None)).exists()",
                depth=2,
            )
        for wire in toggle.count_wires:
            count = f"data[{literal(wire)}] = (data[{literal(wire)}] or 0) + users.count()"
            lines.append(f"        {count}")
    return [*lines, "        return data"]


def _recorded(plan: Plan, routes: list[Route]) -> str:
    lines = [
        '"""Bodies of the calls whose logic is still to be written."""',
        "",
        "from rest_framework import serializers",
        "",
        f"from {plan.app}.wire import WireNames",
    ]
    for route in routes:
        shape = route.spec.request or Shape()
        lines += ["", "", f"class {route.body_class}(WireNames, serializers.Serializer):"]
        lines += body_fields(shape) or ["    pass"]
    return "\n".join([*lines, ""])


def body_fields(shape: Shape) -> list[str]:
    """Declared fields of a request body: the types are checked, everything may be missing."""
    lines: list[str] = []
    taken: list[str] = []
    wires: dict[str, str] = {}
    for wire, value in list(shape.fields.items())[:100]:
        name = identifier(wire, taken=taken)
        taken.append(name)
        wires[name] = wire
        kind = BODY_FIELDS.get(value.shape.type, "CharField")
        words = ["required=False", "allow_null=True"]
        if kind == "CharField":
            words.insert(1, "allow_blank=True")
        lines += layout.lines(f"{name} = serializers.{kind}({', '.join(words)})", depth=1)
    different = {name: wire for name, wire in wires.items() if name != wire}
    if different:
        lines += ["", "    class Meta:"]
        lines += layout.lines(f"wire_names = {literal(different)}", depth=2)
    return lines
