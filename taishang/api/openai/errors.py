"""Problems in the shape that OpenAI's clients read."""

from collections.abc import Mapping
from typing import Any

PREFIX = "/api/openai/"
# Codes are ours, but for those that their clients act upon.
CODES = {
    "ai_quota_exceeded": "insufficient_quota",
    "context_too_long": "context_length_exceeded",
    "provider_context_too_long": "context_length_exceeded",
}
TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
# Asking again changes nothing: the clients would otherwise try twice more.
HOPELESS = frozenset(
    """ai_quota_exceeded no_model_configured provider_auth provider_permission provider_provider_quota
    provider_key_unreadable provider_blocked_address provider_model_missing provider_tls""".split()  # noqa: SIM905
)
_TEXT = {"type": "string"}
SCHEMA = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code", "trace_id"],
            "properties": {
                "message": _TEXT,
                "type": _TEXT,
                "param": {"type": ["string", "null"]},
                "code": _TEXT,
                "trace_id": _TEXT,
            },
        }
    },
}
OWN_MEMBERS = frozenset({"type", "title", "status", "detail", "code", "trace_id", "errors"})


def shape(problem: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The body, and headers that tell a client whether to try again. Further members stay beside the known ones."""
    code = str(problem["code"])
    headers = {"x-should-retry": "false"} if code in HOPELESS else {}
    status = int(problem["status"])
    told = CODES.get(code, code)
    kind = "server_error" if status >= 500 else TYPES.get(status, "invalid_request_error")
    more = {name: value for name, value in problem.items() if name not in OWN_MEMBERS}
    error = {
        "message": _message(problem),
        "type": told if told == "insufficient_quota" else kind,
        "param": _param(problem),
        "code": told,
        "trace_id": problem.get("trace_id", ""),
        **more,
    }
    return {"error": error}, headers


def _message(problem: Mapping[str, Any]) -> str:
    faults = [f"{_name(fault)}: {fault['message']}" for fault in problem.get("errors") or []]
    words = faults or [str(problem.get("title", "")), str(problem.get("detail", ""))]
    return " ".join(word for word in words if word)


def _param(problem: Mapping[str, Any]) -> str | None:
    faults = problem.get("errors") or []
    return _name(faults[0]) if faults else None


def _name(fault: Mapping[str, Any]) -> str:
    return str(fault.get("pointer", "")).strip("/").replace("/", ".")
