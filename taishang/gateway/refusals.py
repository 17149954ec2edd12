"""Why a call is not made, or did not end well, in the codes that every door answers with."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from laojun.destinations import BlockedAddress
from taishang.catalogue.refusals import CatalogueRefused
from taishang.providers.errors import ErrorClass, ProviderError
from taishang.quotas.reserving import QuotaExceeded


class NetworkInTransaction(RuntimeError):
    """The gateway was entered while a transaction is open: it would be held for as long as the model takes."""

    def __init__(self) -> None:
        super().__init__("a model may not be called inside a database transaction")


class ModelNotInPlan(LookupError):
    """The person's plan leaves only those of the platform's models that are marked for it."""

    code = "model_not_in_plan"

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.members = {"model": reference[:150]}


class CapabilityMissing(ValueError):
    """The model cannot do what the prompt asks for."""

    code = "capability_missing"

    def __init__(self, model: str, capability: str) -> None:
        super().__init__(f"{model}: {capability}")
        self.members = {"model": model, "capability": capability}


class ContextTooLong(ValueError):
    """The prompt and the longest answer do not fit into the model's window. Units: tokens."""

    code = "context_too_long"

    def __init__(self, *, counted: int, answer: int, window: int) -> None:
        super().__init__(f"{counted} + {answer} > {window}")
        self.members = {"input_tokens": counted, "max_output_tokens": answer, "window": window}


class CallFailed(Exception):
    """The call was made and failed. `text` is what had arrived; `error_class` is of the closed list."""

    def __init__(
        self,
        error_class: ErrorClass,
        *,
        call_id: UUID | None = None,
        detail: str = "",
        text: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{error_class}: {detail}")
        self.error_class = error_class
        self.call_id = call_id
        self.detail = detail
        self.text = text
        self.retry_after = retry_after

    @property
    def code(self) -> str:
        return f"provider_{self.error_class}"

    @property
    def members(self) -> dict[str, Any]:
        return {"call_id": str(self.call_id) if self.call_id else None}

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.retry_after is None else {"Retry-After": str(int(self.retry_after) + 1)}

    @property
    def is_retryable(self) -> bool:
        return ProviderError(self.error_class).is_retryable


class CallCancelled(Exception):
    """Somebody stopped the call. `text` is what had arrived."""

    code = "provider_cancelled"

    def __init__(self, call_id: UUID | None = None, text: str = "") -> None:
        super().__init__(str(call_id))
        self.call_id = call_id
        self.text = text


# Whatever a caller must expect of a call: it was not made, did not end well, or was stopped.
REFUSED = (
    CatalogueRefused,
    QuotaExceeded,
    ModelNotInPlan,
    CapabilityMissing,
    ContextTooLong,
    BlockedAddress,
    CallFailed,
    CallCancelled,
)
