"""What a person may choose about a generation job. Closed: an unknown option is an error that names it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from taishang.generation.ir import Value

Label = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,29}$")]
Prefix = Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z0-9._~-]{1,40}){0,4}$")]
Root = Annotated[str, StringConstraints(max_length=400, pattern=r"^[^\x00-\x1f\\]*$")]
Answer = Annotated[str, StringConstraints(max_length=200)]


class Options(Value):
    """Defaults say: find out yourself, no model, nothing open."""

    source: Literal["bolt", "v0", "lovable", "retool", "unknown"] | None = None
    root: Root | None = None
    refine: Literal["off", "auto"] = "off"
    model: Annotated[str, StringConstraints(max_length=100)] | None = None
    app_label: Label = "api"
    prefix: Prefix | None = None
    decisions: Annotated[dict[Answer, Answer], Field(max_length=50)] = {}
