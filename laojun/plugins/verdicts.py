"""Is this package what was signed, by somebody who may sign it, and does it fit here? Values in, findings out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from laojun.models import PluginKey
from laojun.models.plugin import PluginVersion
from laojun.plugins import packages, signing, versions
from laojun.plugins.hooks import hooks
from laojun.plugins.manifests import Manifest
from laojun.plugins.packages import Content
from laojun.plugins.signing import PUBLISHER, REVIEWER, Signature

Status = PluginVersion.SignatureStatus
# The worst finding decides.
WORST_FIRST = (
    Status.MODIFIED,
    Status.REVOKED,
    Status.INCOMPATIBLE,
    Status.UNSIGNED,
    Status.SIGNED,
)
REQUIRE_PUBLISHER, REQUIRE_REVIEWER = "require_publisher", "require_reviewer"
ALLOW_LISTED = "allow_listed"
POLICIES = (REQUIRE_PUBLISHER, REQUIRE_REVIEWER, ALLOW_LISTED)
Ring = Mapping[tuple[str, str], PluginKey]


@dataclass(frozen=True)
class Finding:
    """One thing that was found, the status it means, and what it was found on."""

    status: str
    code: str
    detail: str = ""

    def as_json(self) -> dict[str, str]:
        return {"status": str(self.status), "code": self.code, "detail": self.detail[:300]}


@dataclass(frozen=True)
class Policy:
    """What an installation asks of signatures. `allowed` are `slug@sha256` of packages that may go without."""

    name: str = REQUIRE_PUBLISHER
    allowed: frozenset[str] = frozenset()

    def runs(self, *, status: str, slug: str, checksum: str) -> bool:
        """Whether a version of this status may run."""
        if status == Status.UNSIGNED:
            return self.name == ALLOW_LISTED and f"{slug}@{checksum}" in self.allowed
        return status == Status.SIGNED


@dataclass(frozen=True)
class Case:
    """What is judged. `first_verified_at` is by our clock; None for what comes in now."""

    manifest: Manifest
    manifest_bytes: bytes
    signatures: Sequence[Signature]
    first_verified_at: datetime | None = None


def status_of(findings: Iterable[Finding]) -> str:
    """The worst of them; nothing found is `signed`."""
    found = {finding.status for finding in findings}
    return next(status for status in WORST_FIRST if status in found or status == Status.SIGNED)


def signatures(case: Case, ring: Ring, policy: Policy, now: datetime) -> list[Finding]:
    """What is wrong with who signed. One good publisher is needed, and every signature has to be good."""
    findings = [finding for one in case.signatures for finding in _judged(one, case, ring, now)]
    good = {one.role for one in case.signatures if not _judged(one, case, ring, now)}
    if not case.signatures:
        findings.append(Finding(Status.UNSIGNED, "unsigned"))
    elif PUBLISHER not in good and not findings:
        findings.append(Finding(Status.UNSIGNED, "publisher_missing"))
    if policy.name == REQUIRE_REVIEWER and REVIEWER not in good:
        findings.append(Finding(Status.UNSIGNED, "reviewer_missing"))
    return findings


def payload(manifest: Manifest, files: Mapping[str, Content]) -> list[Finding]:
    """What is missing from the package, stands there without being listed, or has other contents."""
    present = set(files) - {packages.MANIFEST, packages.SIGNATURES}
    listed = set(manifest.files)
    changed = [
        name for name in present & listed if packages.checksum(files[name]) != manifest.files[name]
    ]
    kinds = (
        ("file_missing", listed - present),
        ("file_extra", present - listed),
        ("file_changed", changed),
    )
    return [Finding(Status.MODIFIED, code, name) for code, names in kinds for name in sorted(names)]


def compatibility(manifest: Manifest) -> list[Finding]:
    """Whether this platform, and the hooks as they are now, are what the plugin was written for."""
    findings = []
    if not versions.fits(manifest.platform_range, versions.PLATFORM):
        detail = f"{manifest.platform_range}, this is {versions.PLATFORM}"
        findings.append(Finding(Status.INCOMPATIBLE, "platform", detail))
    for name, wanted in manifest.hooks.items():
        hook = hooks.get(name)
        if hook is None or hook.version != wanted:
            here = hook.version if hook else "none"
            findings.append(Finding(Status.INCOMPATIBLE, "hook", f"{name} {wanted}, here {here}"))
    return findings


def _judged(signature: Signature, case: Case, ring: Ring, now: datetime) -> list[Finding]:
    """What is wrong with one signature; the first reason that settles it."""
    key = ring.get((signature.key_id, signature.role))
    if key is None:
        return [Finding(Status.UNSIGNED, "key_unknown", signature.key_id)]
    public_key = bytes(key.public_key)
    if not signing.verifies(signature, public_key=public_key, manifest=case.manifest_bytes):
        return [Finding(Status.MODIFIED, "signature_invalid", signature.key_id)]
    if not any(fnmatchcase(case.manifest.slug, pattern) for pattern in key.slug_patterns):
        return [Finding(Status.UNSIGNED, "key_not_for_slug", signature.key_id)]
    if signature.role == PUBLISHER and key.owner_name != case.manifest.publisher:
        return [Finding(Status.UNSIGNED, "key_not_of_publisher", key.owner_name)]
    return _standing(key, case, now)


def _standing(key: PluginKey, case: Case, now: datetime) -> list[Finding]:
    """A compromised key ends everything it signed; one that is merely over ends what we had not seen before."""
    if key.revoke_reason == PluginKey.Reason.COMPROMISED:
        return [Finding(Status.REVOKED, "key_compromised", key.key_id)]
    if now < key.not_before:
        return [Finding(Status.UNSIGNED, "key_not_yet_valid", key.key_id)]
    ends = [end for end in (key.revoked_at, key.not_after) if end is not None]
    closed = min(ends) if ends else None
    if closed is None or now < closed:
        return []
    seen = case.first_verified_at
    if seen is not None and seen < closed:
        return []
    return [Finding(Status.REVOKED, "key_closed", key.key_id)]
