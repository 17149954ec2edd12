"""Why the catalogue says no, in the codes that every door answers with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError

CONNECT_URL = "/models/connect/"


class CatalogueRefused(Exception):
    """The base of all of them. `code` is a registered problem, `members` become members of the answer."""

    code = ""

    def __init__(self, message: str = "", **members: Any) -> None:
        super().__init__(message or self.code)
        self.members = members


class FieldsRefused(CatalogueRefused):
    """Fields do not fit. `faults` are sentences by field."""

    code = "validation_error"

    def __init__(self, faults: Mapping[str, Any]) -> None:
        super().__init__(", ".join(faults))
        self.faults = dict(faults)


class ModelNotFound(CatalogueRefused, LookupError):
    """No model of this name can be used here."""

    code = "model_not_found"

    def __init__(self, reference: str) -> None:
        super().__init__(reference, model=reference[:150])


class ModelDisabled(CatalogueRefused):
    """The model is there but switched off, and so is all that stands in for it."""

    code = "model_disabled"

    def __init__(self, reference: str) -> None:
        super().__init__(reference, model=reference[:150])


class NoModelConfigured(CatalogueRefused, LookupError):
    """Nobody has connected a model of this kind."""

    code = "no_model_configured"

    def __init__(self, kind: str) -> None:
        super().__init__(kind, kind=kind, help_url=CONNECT_URL)


class VersionImmutable(CatalogueRefused):
    """What was used stays what it was; a new version can be made."""

    code = "version_immutable"

    def __init__(self, fields: Sequence[str]) -> None:
        super().__init__(", ".join(fields), fields=list(fields))


class ModelInUse(CatalogueRefused):
    """Something still names the model. `uses` lists what, as (label, url)."""

    code = "model_in_use"

    def __init__(self, uses: Sequence[tuple[str, str]]) -> None:
        super().__init__(
            ", ".join(label for label, _url in uses),
            uses=[{"label": label, "url": url} for label, url in uses],
        )


class NameTaken(CatalogueRefused):
    """This name and version are there already in this place."""

    code = "name_taken"


class LimitReached(CatalogueRefused):
    """No more of these in one workspace."""

    code = "limit_reached"

    def __init__(self, limit: int) -> None:
        super().__init__(str(limit), limit=limit)


class DefaultRefused(CatalogueRefused):
    """Only an active model that its place can use becomes the default."""

    code = "default_refused"


class AliasMoved(CatalogueRefused):
    """Somebody moved the alias meanwhile. `revision` is what it is at now."""

    code = "alias_moved"

    def __init__(self, revision: int) -> None:
        super().__init__(str(revision), revision=revision)


class PriceTaken(CatalogueRefused):
    """There is a price from this very moment on already."""

    code = "price_taken"


def constraint_of(error: IntegrityError) -> str:
    """The name of the constraint that the database refused by."""
    told = getattr(error.__cause__, "diag", None)
    return str(getattr(told, "constraint_name", None) or "")
