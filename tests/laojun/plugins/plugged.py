"""Plugins as rows, without their packages: what a test of calls needs and no more."""

import base64
import json
import secrets
import threading
from collections.abc import Callable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

from accounts import tenancy
from accounts.ids import uuid7
from laojun.models import (
    OutboundRule,
    Plugin,
    PluginConsent,
    PluginDelivery,
    PluginInstance,
    PluginVersion,
)

HOST = "127.0.0.1"


def plug(
    workspace: Any,
    slug: str = "sink",
    *,
    kind: str = "http",
    hooks: tuple[str, ...] = ("event.sink",),
    permissions: tuple[str, ...] = ("event:audit",),
    config: dict[str, Any] | None = None,
    files: dict[str, str] | None = None,
    runtime: dict[str, Any] | None = None,
    priority: int = 100,
) -> PluginInstance:
    """A private plugin that is on, with consent to everything it names."""
    with tenancy.workspace(workspace.pk, user_id=workspace.owner_id):
        plugin = Plugin.objects.create(
            workspace=workspace, slug=slug, name=slug, kind=kind, publisher="tests", status="active"
        )
        manifest = {
            "slug": slug,
            "name": {"zh": slug, "en": slug},
            "hooks": [{"hook": hook, "hook_version": 1} for hook in hooks],
            "permissions": list(permissions),
            "files": files or {},
            "runtime": runtime or {},
        }
        version = PluginVersion.objects.create(
            workspace=workspace,
            plugin=plugin,
            version="1.0.0",
            version_sort="1",
            manifest=manifest,
            manifest_bytes=json.dumps(manifest).encode(),
            checksum="0" * 64,
            signature_status="signed",
            permissions=list(permissions),
            hooks=list(hooks),
            created_by="tests",
        )
        instance = PluginInstance.objects.create(
            workspace=workspace,
            plugin=plugin,
            version=version,
            enabled=True,
            health="ok",
            config=config or {},
            priority=priority,
        )
        for permission in permissions:
            PluginConsent.objects.create(
                workspace=workspace,
                instance=instance,
                version=version,
                permission=permission,
                granted_by="tests",
            )
    return instance


def given_up(instance: PluginInstance) -> PluginDelivery:
    """A call that failed for good."""
    with tenancy.workspace(instance.workspace_id):
        return PluginDelivery.objects.create(
            workspace_id=instance.workspace_id,
            plugin_id=instance.plugin_id,
            instance_id=instance.pk,
            hook="event.sink",
            mode="async",
            event_type="task.failed",
            event_id=uuid7(),
            payload={"subject": "", "data": {}},
            state="dead",
            attempts=7,
            error_code="refused",
        )


def secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def open_loopback(*ports: int) -> None:
    """Let webhooks reach these ports of this machine."""
    with tenancy.platform_scope(reason="tests: a way out"):
        for port in ports:
            OutboundRule.objects.create(
                cidr="127.0.0.1/32",
                port_from=port,
                port_to=port,
                purposes=["webhook"],
                reason="tests",
                created_by="tests",
            )


class Receiver:
    """A server that keeps what it was told. `answer(request)` gives status, headers and body."""

    def __init__(self, answer: Callable[[Any], tuple[int, dict[str, str], bytes]]) -> None:
        self.requests: list[dict[str, Any]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = {"headers": dict(self.headers.items()), "body": body, "path": self.path}
                receiver.requests.append(request)
                status, headers, content = answer(request)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer((HOST, 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://{HOST}:{self.port}/hook"

    def verified(self, key: str) -> list[str]:
        """The ids of the requests whose signature holds."""
        return [
            one["headers"]["webhook-id"]
            for one in self.requests
            if Webhook(key).verify(one["body"], one["headers"], json_parse=False) is None
        ]


@contextmanager
def receiving(answer: Callable[[Any], Any] = lambda _request: (204, {}, b"")):
    receiver = Receiver(answer)
    thread = threading.Thread(target=receiver.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.server.shutdown()
        receiver.server.server_close()


__all__ = ["HOST", "Receiver", "open_loopback", "plug", "receiving", "secret"]
