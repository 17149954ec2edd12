"""Versions are judged again: by a clock, at the start of a process, after a change of keys or policy, on a button.

The bytes are read once, and what is said of them holds for those bytes.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import tenancy
from laojun import audit
from laojun.audit import Actor
from laojun.models import Plugin, PluginInstance, PluginVersion
from laojun.plugins import (
    builtins,
    keys,
    manifests,
    packages,
    policy,
    recording,
    signing,
    statuses,
    storing,
    verdicts,
)
from laojun.plugins.installing import subject_of
from laojun.plugins.manifests import ManifestInvalid, ManifestNotCanonical
from laojun.plugins.packages import PackageUnsafe
from laojun.plugins.signing import SignaturesInvalid
from laojun.plugins.storing import PackageMissing
from laojun.plugins.verdicts import Case, Finding, Status
from laojun.plugins.versions import InvalidVersion

REASON = "scan of plugins"
SCANNER = Actor.system("plugins")
Progress = Callable[[int, int], Any]


def scan(*, progress: Progress | None = None) -> int:
    """Judge every version from its bytes; each in a transaction of its own. Returns how many changed their status."""
    with tenancy.platform_scope(reason=REASON):
        register_builtins()
        ids = list(PluginVersion.objects.order_by("pk").values_list("pk", flat=True))
    changed = 0
    for number, pk in enumerate(ids, start=1):
        changed += verify_one(pk)
        if progress is not None:
            progress(number, len(ids))
    return changed


def register_builtins() -> None:
    """Bring the platform's own plugins into the catalogue as they are shipped. Runs in the platform scope."""
    for plugin in builtins.register():
        statuses.recheck(plugin)


def verify_one(pk: int) -> bool:
    """Judge one version by its id, in the platform scope; False also where it is gone."""
    with tenancy.platform_scope(reason=REASON):
        rows = PluginVersion.objects.select_related("plugin").select_for_update(of=("self",))
        version = rows.filter(pk=pk).first()
        return version is not None and verify(version, actor=SCANNER)


def verify(version: PluginVersion, *, actor: Actor, from_bytes: bool = True) -> bool:
    """Judge a locked version; True when its status changed. Its instances follow in the same transaction.

    Without `from_bytes` the signatures alone are judged, by the manifest at hand.
    """
    now = timezone.now()
    findings = findings_of(version, now, from_bytes=from_bytes)
    before, status = version.signature_status, verdicts.status_of(findings)
    version.signature_status = status
    version.findings = [finding.as_json() for finding in findings]
    if from_bytes:
        version.verified_at = now
    if status == Status.SIGNED and version.first_verified_at is None:
        version.first_verified_at = now
    version.save(update_fields=["signature_status", "findings", "verified_at", "first_verified_at"])
    if status == before:
        return False
    _tell(version, before, actor)
    statuses.recheck(version.plugin)
    return True


def recheck(versions: Iterable[PluginVersion], *, actor: Actor) -> int:
    """Judge the signatures of these again, after a change of keys. Returns how many changed their status."""
    return sum(verify(version, actor=actor, from_bytes=False) for version in versions)


def reconsider(_workspace_id: int | None) -> None:
    """Judge every signature anew after a change of policy. Runs in the platform scope."""
    rows = PluginVersion.objects.select_related("plugin").select_for_update(of=("self",))
    recheck(rows.order_by("pk"), actor=SCANNER)
    for plugin in Plugin.objects.order_by("pk"):
        statuses.recheck(plugin)


def unsound_tile() -> dict[str, Any]:
    """For the operator's first screen: how many versions that somebody pinned may not run."""
    pinned = PluginInstance.objects.filter(enabled=True).values("version_id")
    rows = PluginVersion.objects.filter(pk__in=pinned).exclude(signature_status=Status.SIGNED)
    names = list(rows.order_by("plugin__slug").values_list("plugin__slug", flat=True)[:3])
    return {
        "value": rows.count(),
        "state": "bad" if names else "good",
        "note": ", ".join(names) or _("Every version is as it was signed."),
        "url": reverse("admin:laojun_plugin_scan"),
    }


def findings_of(version: PluginVersion, now: datetime, *, from_bytes: bool) -> list[Finding]:
    """Everything that speaks against a version. `modified` of before stays until the bytes are read again."""
    if version.plugin.kind == Plugin.Kind.BUILTIN:
        return builtins.findings(version)
    try:
        manifest = manifests.parse(bytes(version.manifest_bytes))
        signatures = signing.read(version.signature)
    except InvalidVersion as error:
        return [Finding(Status.MODIFIED, "manifest_invalid", str(error))]
    except (ManifestInvalid, ManifestNotCanonical, SignaturesInvalid) as error:
        return [_misfit(error)]
    case = Case(manifest, bytes(version.manifest_bytes), signatures, version.first_verified_at)
    ring = keys.ring(version.workspace_id)
    found = (
        _from_bytes(version, manifest)
        if from_bytes
        else [Finding(**one) for one in version.findings if one["code"] in BYTE_CODES]
    )
    return [
        *found,
        *verdicts.signatures(case, ring, policy.current(), now),
        *verdicts.compatibility(manifest),
    ]


BYTE_CODES = frozenset(
    {"package_missing", "package_changed", "file_missing", "file_extra", "file_changed"}
)


def _from_bytes(version: PluginVersion, manifest: manifests.Manifest) -> list[Finding]:
    try:
        data = storing.read(version)
    except PackageMissing:
        return [Finding(Status.MODIFIED, "package_missing")]
    if packages.checksum(data) != version.checksum:
        return [Finding(Status.MODIFIED, "package_changed", packages.checksum(data))]
    try:
        files = packages.unpack(data)
    except PackageUnsafe as error:
        return [Finding(Status.MODIFIED, "package_changed", error.rule)]
    if bytes(files.get(packages.MANIFEST, b"")) != bytes(version.manifest_bytes):
        return [Finding(Status.MODIFIED, "package_changed", packages.MANIFEST)]
    return verdicts.payload(manifest, files)


def _misfit(error: Exception) -> Finding:
    """A manifest that was taken in once and names what this platform no longer knows does not fit it."""
    if isinstance(error, ManifestInvalid):
        return Finding(Status.INCOMPATIBLE, "manifest_invalid", str(error))
    return Finding(Status.MODIFIED, "package_changed", str(error))


def _tell(version: PluginVersion, before: str, actor: Actor) -> None:
    sound = version.signature_status == Status.SIGNED
    recording.record(
        actor=actor,
        action="plugin.verified" if sound else "plugin.unsound",
        subject=subject_of(version.plugin),
        result=audit.OK if sound else audit.FAILED,
        change=({"signature_status": before}, {"signature_status": version.signature_status}),
        moved=(version.version, version.version),
        details={"findings": version.findings},
    )
