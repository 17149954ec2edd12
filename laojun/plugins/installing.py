"""A package comes in: everything is checked first, then the row is written. What is refused leaves one audit entry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from laojun import audit
from laojun.audit import Actor
from laojun.files import Owner
from laojun.models import File, Plugin, PluginVersion
from laojun.plugins import (
    generation,
    keys,
    manifests,
    packages,
    policy,
    recording,
    signing,
    storing,
    verdicts,
    versions,
)
from laojun.plugins.manifests import Manifest, ManifestInvalid, ManifestNotCanonical
from laojun.plugins.packages import PackageUnsafe
from laojun.plugins.recording import Subject
from laojun.plugins.refusals import (
    PackageRefused,
    PluginRefused,
    PublisherChanged,
    SlugTaken,
    VersionExists,
)
from laojun.plugins.signing import Signature, SignaturesInvalid
from laojun.plugins.verdicts import Case, Finding, Status
from laojun.plugins.versions import InvalidVersion

REFUSALS = (
    PackageUnsafe,
    ManifestNotCanonical,
    ManifestInvalid,
    InvalidVersion,
    SignaturesInvalid,
    PluginRefused,
)
# What a finding is called where a package is turned away; anything else of the same status follows its first.
CODES = {
    "signature_invalid": "signature_invalid",
    "key_compromised": "key_revoked",
    "key_closed": "key_revoked",
    "key_unknown": "key_unknown",
    "key_not_for_slug": "key_unknown",
    "key_not_of_publisher": "key_unknown",
    "key_not_yet_valid": "key_unknown",
}
BY_STATUS = {Status.MODIFIED: "package_unsafe", Status.UNSIGNED: "unsigned_refused"}


@dataclass(frozen=True)
class Inspected:
    """A package that was read and judged. `checksum` is of the very bytes that were judged."""

    manifest: Manifest
    manifest_bytes: bytes
    signatures: Sequence[Signature]
    checksum: str
    findings: Sequence[Finding]

    @property
    def status(self) -> str:
        return verdicts.status_of(self.findings)


@dataclass(frozen=True)
class Place:
    """Where a package comes in: the catalogue (no workspace) or a workspace, and who keeps its file."""

    owner: Owner

    @property
    def workspace_id(self) -> int | None:
        return self.owner.workspace_id


def install(
    *, data: bytes, place: Place, actor: Actor, into: Plugin | None = None
) -> tuple[PluginVersion, bool]:
    """Bring a version in; the version, and whether it is new. With `into` it must be one of that plugin.

    Runs in the workspace, or for the catalogue in the platform scope. The same package again is no change.
    Raises the members of REFUSALS, each after noting an audit entry for after the rollback, and what
    `files.store` raises.
    """
    found: Inspected | None = None
    try:
        found = inspect(data, workspace_id=place.workspace_id)
        _admit(found, into)
        with transaction.atomic():
            return _written(data, found, place, actor)
    except REFUSALS as error:
        _note_refusal(data, found, place, actor, error)
        raise


def inspect(data: bytes, *, workspace_id: int | None, now: datetime | None = None) -> Inspected:
    """Read and judge a package; changes nothing.

    Raises PackageUnsafe, ManifestNotCanonical, ManifestInvalid, InvalidVersion, SignaturesInvalid.
    """
    checksum = packages.checksum(data)
    files = packages.unpack(data)
    if packages.MANIFEST not in files:
        raise ManifestInvalid([("", f"the package has no {packages.MANIFEST}")])
    manifest_bytes = bytes(files[packages.MANIFEST])
    manifest = manifests.parse(manifest_bytes)
    signed = bytes(files.get(packages.SIGNATURES, b"[]"))
    signatures = signing.parse(signed)
    case = Case(manifest, manifest_bytes, signatures)
    ring = keys.ring(workspace_id)
    findings = [
        *verdicts.payload(manifest, files),
        *verdicts.signatures(case, ring, policy.current(), now or timezone.now()),
        *verdicts.compatibility(manifest),
    ]
    return Inspected(manifest, manifest_bytes, signatures, checksum, findings)


def facts_of(version: PluginVersion) -> dict[str, Any]:
    return {
        "version": version.version,
        "checksum": version.checksum,
        "signature_status": version.signature_status,
        "permissions": version.permissions,
        "hooks": version.hooks,
        "key_ids": [entry["key_id"] for entry in version.signature],
    }


def subject_of(plugin: Plugin) -> Subject:
    return Subject(recording.PLUGIN, str(plugin.pk), plugin.workspace_id, plugin.pk, plugin.slug)


def lock_slug(slug: str) -> None:
    """One slug, one decision at a time, in the catalogue and in every workspace. Held until the commit."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"plugin-slug:{slug}"]
        )


def _admit(found: Inspected, into: Plugin | None) -> None:
    """Raises PackageRefused, ManifestInvalid."""
    manifest = found.manifest
    if manifest.kind == manifests.BUILTIN:
        raise ManifestInvalid([("kind", "plugins of the platform come with it, not as packages")])
    if into is not None and into.slug != manifest.slug:
        raise ManifestInvalid([("slug", f"this is not a version of {into.slug}")])
    allowed = policy.current().runs(
        status=found.status, slug=manifest.slug, checksum=found.checksum
    )
    if allowed or found.status == Status.INCOMPATIBLE:
        return
    worst = [finding for finding in found.findings if finding.status == found.status]
    code = CODES.get(worst[0].code) or BY_STATUS.get(found.status, "unsigned_refused")  # type: ignore[call-overload]
    raise PackageRefused(code, found.findings)


def _written(
    data: bytes, found: Inspected, place: Place, actor: Actor
) -> tuple[PluginVersion, bool]:
    manifest = found.manifest
    lock_slug(manifest.slug)
    plugin = _plugin_of(found, place)
    same = plugin.versions.filter(version=manifest.version).first()
    if same is not None:
        if same.checksum != found.checksum:
            raise VersionExists(manifest.version, version=manifest.version)
        return same, False
    file = storing.keep(data, slug=manifest.slug, version=manifest.version, owner=place.owner)
    version = _new_version(plugin, found, file, actor)
    _follow(plugin, version)
    recording.record(
        actor=actor,
        action="plugin.installed",
        subject=subject_of(plugin),
        change=({}, facts_of(version)),
        moved=("", version.version),
    )
    generation.moved(place.workspace_id)
    return version, True


def _plugin_of(found: Inspected, place: Place) -> Plugin:
    """The plugin this is a version of, made where it is new. Raises SlugTaken, PublisherChanged, ManifestInvalid."""
    manifest = found.manifest
    rows = Plugin.objects.select_for_update(of=("self",)).filter(slug=manifest.slug)
    plugin = rows.filter(workspace_id=place.workspace_id).first()
    if plugin is None:
        _check_free(manifest.slug, place)
        return _new_plugin(found, place)
    if plugin.publisher != manifest.publisher:
        raise PublisherChanged(plugin.publisher, publisher=plugin.publisher)
    if plugin.kind != manifest.kind:
        raise ManifestInvalid([("kind", f"this plugin is of the kind {plugin.kind}")])
    return plugin


def _check_free(slug: str, place: Place) -> None:
    """A private plugin never takes the name of one in the catalogue, nor the other way round."""
    others = Plugin.objects.filter(slug=slug)
    if place.workspace_id is not None:
        others = others.filter(workspace=None)
    if others.exists():
        raise SlugTaken(slug, slug=slug)


def _new_plugin(found: Inspected, place: Place) -> Plugin:
    manifest = found.manifest
    plugin = Plugin(
        workspace_id=place.workspace_id,
        slug=manifest.slug,
        name=manifest.text("name", "en"),
        description=manifest.text("description", "en"),
        kind=manifest.kind,
        publisher=manifest.publisher,
        status=Plugin.Status.DRAFT,
    )
    try:
        with transaction.atomic():
            plugin.save(force_insert=True)
    except IntegrityError as error:
        raise SlugTaken(plugin.name, slug=manifest.slug) from error
    return plugin


def _new_version(plugin: Plugin, found: Inspected, file: File, actor: Actor) -> PluginVersion:
    now = timezone.now()
    manifest = found.manifest
    return PluginVersion.objects.create(
        workspace_id=plugin.workspace_id,
        plugin=plugin,
        version=manifest.version,
        version_sort=versions.sort_key(manifest.version),
        manifest=manifest.data,
        manifest_bytes=found.manifest_bytes,
        package_file=file,
        checksum=found.checksum,
        signature=[one.as_json() for one in found.signatures],
        signature_status=found.status,
        findings=[finding.as_json() for finding in found.findings],
        permissions=manifest.permissions,
        hooks=sorted(manifest.hooks),
        created_by=actor.name,
        verified_at=now,
        first_verified_at=now if found.status == Status.SIGNED else None,
    )


def _follow(plugin: Plugin, version: PluginVersion) -> None:
    """Name and description are those of the newest version.

    A private plugin opens for those who brought it in; one of the catalogue waits until an operator opens it.
    """
    newest = plugin.versions.newest_first().first()
    if newest is not None and newest.pk == version.pk:
        manifest = Manifest(version.manifest)
        plugin.name = manifest.text("name", "en")
        plugin.description = manifest.text("description", "en")
    private = plugin.workspace_id is not None and plugin.status == Plugin.Status.DRAFT
    if private and version.signature_status != Status.INCOMPATIBLE:
        plugin.status = Plugin.Status.ACTIVE
    try:
        with transaction.atomic():
            plugin.save(update_fields=["name", "description", "status", "updated_at"])
    except IntegrityError as error:
        raise SlugTaken(plugin.name, slug=plugin.slug) from error


def _note_refusal(
    data: bytes, found: Inspected | None, place: Place, actor: Actor, error: Exception
) -> None:
    slug = found.manifest.slug if found else ""
    digest = packages.checksum(data)
    details: Mapping[str, Any] = {
        "code": getattr(error, "code", ""),
        "reason": str(error)[:300],
        "sha256": digest,
        "findings": [finding.as_json() for finding in found.findings] if found else [],
    }
    recording.record_afterwards(
        subject=Subject(recording.PLUGIN, slug or digest, place.workspace_id, slug=slug),
        actor=actor,
        action="plugin.refused",
        result=audit.DENIED,
        details=details,
    )
