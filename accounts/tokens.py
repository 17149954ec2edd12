"""Access tokens and the families of refresh tokens behind them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AccessClaims:
    session_id: str
    token_version: int


def read_access(token: str) -> AccessClaims | None:
    return None
