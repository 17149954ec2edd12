"""Route handlers beside the calls inside them: which ones answer themselves, which only forward."""

from __future__ import annotations

from dataclasses import dataclass

from taishang.generation.evidence.clients import Request
from taishang.generation.evidence.modules import Project
from taishang.generation.evidence.ownership import Ownership
from taishang.generation.evidence.proxies import Forward, Proxies
from taishang.generation.evidence.routes import Route, find_routes, works_itself
from taishang.generation.evidence.traffic import Template
from taishang.generation.evidence.urls import Address
from taishang.generation.ir import CallValue, Fact, OtherValue

CERTAIN, GUESSED, UNRESOLVED = 0.95, 0.8, 0.3


@dataclass(eq=False)
class Resolved:
    """One variant of one request: what is sent where, and which template it came from."""

    template: Template
    request: Request
    address: Address
    method: str
    certain_method: bool


class Routing:
    """The handlers of a project, with the requests that each of them makes."""

    def __init__(self, project: Project, resolved: list[Resolved], ownership: Ownership) -> None:
        self.project = project
        self.proxies = Proxies()
        self.proxies.add_prefixes(project.inventory.proxies)
        self._forwards: dict[int, Forward] = {}
        self._forwarding: set[int] = set()
        self._inside: dict[int, str] = {}
        self.routes = find_routes(project)
        by_file: dict[str, list[Resolved]] = {}
        for found in resolved:
            by_file.setdefault(found.template.module.path, []).append(found)
        for route in self.routes:
            inside = [
                found
                for found in by_file.get(route.module.path, [])
                if route.covers(found.template.module, found.template.node)
            ]
            self._file(route, inside, ownership)

    def facts(self) -> list[Fact]:
        """One fact per route: its own path, or the target's when it only forwards."""
        return [fact for route in self.routes for fact in self._facts_of(route)]

    def is_forward(self, found: Resolved) -> bool:
        """Whether the request is the forwarding itself, which the route's fact already tells."""
        return id(found) in self._forwarding

    def behind_handler(self, found: Resolved) -> str | None:
        """The server that a handler with work of its own calls: not the front end's, so not generated."""
        return self._inside.get(id(found))

    def _file(self, route: Route, inside: list[Resolved], ownership: Ownership) -> None:
        own = [found for found in inside if ownership.external_host(found.address) is None]
        prefix = next((f.address.catch_all for f in own if f.address.catch_all), None)
        if route.catch_all and prefix is not None:
            self.proxies.prefixes.setdefault(route.path, prefix.rstrip("/"))
            self._forwarding.update(id(found) for found in inside)
            return
        plain = [found for found in own if not found.address.why_not]
        targets = {(found.method, found.address.path) for found in plain}
        if len(targets) == 1 and not works_itself(self.project, route):
            found = plain[0]
            forward = Forward(route.method, route.path, found.method, found.address)
            self._forwards[id(route)] = forward
            self.proxies.forwards.append(forward)
            self._forwarding.update(id(one) for one in plain)
            return
        for found in plain:
            self._inside.setdefault(
                id(found), found.address.host or found.address.url_base or route.path
            )

    def _facts_of(self, route: Route) -> list[Fact]:
        place = self.project.place(route.module, route.node, "route")
        if route.catch_all:
            if route.path in self.proxies.prefixes:
                return []
            why = f"a catch-all route: [...{route.catch_all}] takes any path below {route.path}"
            value = OtherValue(what="unresolved_call", name=f"{route.method} {route.path}", why=why)
            place = place.model_copy(update={"kind": "other"})
            return [Fact(place=place, value=value, confidence=UNRESOLVED)]
        forward = self._forwards.get(id(route))
        target = forward.target if forward else None
        call = CallValue(
            method=(forward.target_method if forward else route.method),
            path=target.path if target else route.path,
            parameters=target.parameters if target else route.parameters,
            query=target.query if target else [],
            client="route",
            url_base=target.url_base if target else None,
            via=route.path if target and target.path != route.path else None,
            called=False,
        )
        confidence = CERTAIN if route.certain else GUESSED
        return [Fact(place=place, value=call, confidence=confidence)]
