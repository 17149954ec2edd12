"""A hook that nobody calls but the suite, with permissions to agree to."""

from laojun.plugins.hooks import HookPoint, hooks

ANY = {"type": "object"}

for name, version in (("rig.echo", 1), ("rig.other", 2)):
    hooks.add(
        name,
        HookPoint(
            name=name,
            version=version,
            permissions=frozenset({"event:task", "data:task.result", "data:sql.rows"}),
            input_schema=ANY,
            output_schema=ANY,
            mode="sync",
            deadline_s=1.0,
            max_in=1000,
            max_out=1000,
            label=name,
        ),
    )
