"""Plugins for tests: made, signed and packed as an author would, in memory."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accounts import tenancy
from laojun.audit import Actor
from laojun.files import Owner
from laojun.models import Plugin, PluginInstance, PluginKey, PluginVersion
from laojun.plugins import installing, instances, keys, manifests, packages, signing, statuses
from laojun.plugins.installing import Place
from laojun.plugins.instances import Wishes
from tests.factories import Person

PUBLISHER = "Acme"
HOST = "net:hooks.example.com"
ENDPOINT = {"type": "string", "format": "uri", "title": {"zh": "地址", "en": "Address"}}
SECRET = {"type": "string", "format": "secret", "title": {"zh": "密钥", "en": "Secret"}}
SCHEMA = {
    "type": "object",
    "properties": {
        "endpoint": {**ENDPOINT, "default": "https://hooks.example.com/in"},
        "signing_secret": SECRET,
        "limit": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
    },
}
OPERATOR = Actor.system("tests")


@dataclass
class Author:
    """Somebody who signs plugins."""

    name: str = PUBLISHER
    private_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public_key(self) -> str:
        raw = self.private_key.public_key().public_bytes_raw()
        return base64.b64encode(raw).decode()

    @property
    def key_id(self) -> str:
        return signing.key_id(base64.b64decode(self.public_key))

    def trusted(
        self,
        *,
        role: str = "publisher",
        patterns: Sequence[str] = ("*",),
        workspace_id: int | None = None,
    ) -> PluginKey:
        """Put the key into the platform's ring, or a workspace's."""
        with tenancy.platform_scope(reason="test"):
            return keys.add(
                public_key=self.public_key,
                role=role,
                owner_name=self.name,
                slug_patterns=list(patterns),
                workspace_id=workspace_id,
                actor=OPERATOR,
            )


def manifest(slug: str = "courier", version: str = "1.0.0", **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "schema": manifests.FORMAT,
        "slug": slug,
        "name": {"zh": f"插件 {slug}", "en": f"Plugin {slug}"},
        "description": {"zh": "测试用。", "en": "For tests."},
        "version": version,
        "kind": "http",
        "publisher": PUBLISHER,
        "license": "MIT",
        "homepage": "https://example.com",
        "hooks": [{"hook": "rig.echo", "hook_version": 1}],
        "permissions": ["event:task", HOST],
        "compatibility": {"platform": ">=1.0.0,<2.0.0"},
        "config_schema": SCHEMA,
    }
    return {**found, **changes}


def packed(
    document: Mapping[str, Any],
    *signers: tuple[str, Author],
    payload: Mapping[str, bytes] | None = None,
) -> bytes:
    """A package of these contents, signed by (role, author) pairs."""
    contents = dict(payload or {"README.md": b"hello"})
    hashes = {name: packages.checksum(data) for name, data in contents.items()}
    raw = manifests.canonical({"files": hashes, **document})
    signed = [
        signing.sign(private_key=author.private_key, role=role, manifest=raw)
        for role, author in signers
    ]
    contents |= {packages.MANIFEST: raw, packages.SIGNATURES: signing.dump(signed)}
    return packages.pack(contents)


def signed(author: Author, slug: str = "courier", version: str = "1.0.0", **changes: Any) -> bytes:
    return packed(manifest(slug, version, **changes), ("publisher", author))


def catalogued(person: Person, data: bytes, *, active: bool = True) -> PluginVersion:
    """Bring a package into the catalogue, and open its plugin."""
    with tenancy.platform_scope(reason="test"):
        place = Place(Owner(person.user.pk))
        version, _is_new = installing.install(data=data, place=place, actor=OPERATOR)
        if active and version.plugin.status == Plugin.Status.DRAFT:
            plugin = Plugin.objects.select_for_update().get(pk=version.plugin_id)
            statuses.change(plugin=plugin, status="active", reason="", actor=OPERATOR)
        return PluginVersion.objects.select_related("plugin").get(pk=version.pk)


def private(person: Person, data: bytes) -> PluginVersion:
    """Bring a package into the person's workspace."""
    with tenancy.workspace(person.workspace.pk, user_id=person.user.pk):
        place = Place(Owner(person.user.pk, person.workspace.pk))
        version, _is_new = installing.install(data=data, place=place, actor=OPERATOR)
    return version


def used(person: Person, version: PluginVersion | None = None, **wishes: Any) -> PluginInstance:
    """A plugin in use in the person's workspace; without a version a private one of the workspace's own."""
    if version is None:
        author = Author()
        author.trusted(workspace_id=person.workspace.pk)
        version = private(person, signed(author))
    with tenancy.workspace(person.workspace.pk, user_id=person.user.pk):
        return instances.add(
            plugin=version.plugin,
            version=version,
            workspace_id=person.workspace.pk,
            wishes=Wishes(**wishes),
            actor=Actor.of_user(person.user),
        )


def switched_on(person: Person, version: PluginVersion) -> PluginInstance:
    """A plugin in use that was agreed to, set up and switched on."""
    return used(
        person,
        version,
        config={"signing_secret": "whsec_dGVzdHRlc3R0ZXN0"},
        permissions=list(version.permissions),
        enabled=True,
    )


def read(person: Person, instance: PluginInstance) -> PluginInstance:
    """The instance as it stands now."""
    with tenancy.workspace(person.workspace.pk, user_id=person.user.pk):
        return PluginInstance.objects.with_version().get(pk=instance.pk)
