"""Where calls of the front end really go: forwarding handlers, dev-server proxies, rewrites."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from taishang.generation.evidence.ownership import PUBLIC_SERVICES
from taishang.generation.evidence.urls import Address
from taishang.generation.ir import PathParameter


@dataclass
class Forward:
    """A front-end path and method, and the path and method it is forwarded to."""

    method: str
    path: str
    target_method: str
    target: Address


@dataclass
class Proxies:
    """All known ways from a front-end path to a back-end path."""

    forwards: list[Forward] = field(default_factory=list)
    prefixes: dict[str, str] = field(default_factory=dict)

    def add_prefixes(self, proxies: dict[str, str]) -> None:
        """Take over prefix → target address; targets at public services are left out."""
        for prefix, target in proxies.items():
            pieces = urlsplit(target)
            if not PUBLIC_SERVICES.search(pieces.hostname or ""):
                self.prefixes.setdefault(prefix.rstrip("/"), pieces.path.rstrip("/"))

    def follow(self, method: str, address: Address) -> tuple[str, Address, str | None]:
        """(method, address, front-end path): where the call ends, and its first path when they differ."""
        if address.host or (address.url_base and not address.from_variable):
            return method, address, None
        for forward in self.forwards:
            if forward.method == method and _matches(forward.path, address.path):
                return forward.target_method, _redirected(address, forward.target), address.path
        for prefix in sorted(self.prefixes, key=lambda one: (-len(one), one)):
            rest = address.path[len(prefix) :]
            if address.path.startswith(prefix) and (not rest or rest.startswith("/")):
                target = self.prefixes[prefix] + rest or "/"
                if target == address.path:
                    return method, address, None
                return method, _moved(address, target), address.path
        return method, address, None


def _matches(pattern: str, path: str) -> bool:
    """Whether two paths with holes mean the same address, a trailing slash aside."""
    left, right = pattern.strip("/").split("/"), path.strip("/").split("/")
    return len(left) == len(right) and all(
        one == other or one.startswith("{") for one, other in zip(left, right, strict=True)
    )


def _redirected(address: Address, target: Address) -> Address:
    names = {parameter.name for parameter in address.query}
    query = address.query + [one for one in target.query if one.name not in names]
    return Address(
        path=target.path,
        parameters=[PathParameter(**one.model_dump()) for one in target.parameters],
        query=query,
        url_base=target.url_base,
        certain=address.certain and target.certain,
    )


def _moved(address: Address, path: str) -> Address:
    kept = [
        one for one in address.parameters if re.search(r"\{" + re.escape(one.name) + r"\}", path)
    ]
    return Address(
        path=path,
        parameters=kept,
        query=address.query,
        url_base=address.url_base,
        certain=address.certain,
    )
