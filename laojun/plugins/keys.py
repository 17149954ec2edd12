"""The key ring: who may sign which plugins, and until when."""

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from laojun.audit import Actor
from laojun.models import PluginKey, PluginVersion
from laojun.plugins import recording, signing
from laojun.plugins.recording import Subject
from laojun.plugins.verdicts import Ring

PATTERN = re.compile(r"([a-z][a-z0-9_-]{0,63})?\*?\Z")
MAX_PATTERNS = 50
MAX_NAME = 100


class KeyInvalid(ValueError):
    """This is no key, or its facts cannot be. `field` names what is wrong."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class KeyExists(Exception):
    """The key stands in this ring already, in this role."""


class KeyRevoked(Exception):
    """A revoked key stays revoked; its reason can only become graver."""


def ring(workspace_id: int | None) -> Ring:
    """The keys that may sign for a place, by id and role; the platform's word on a key goes first. One query."""
    rows = sorted(PluginKey.objects.of(workspace_id), key=lambda row: row.workspace_id is None)
    return {(key.key_id, key.role): key for key in rows}


def add(
    *,
    public_key: str,
    role: str,
    owner_name: str,
    slug_patterns: Sequence[str],
    actor: Actor,
    workspace_id: int | None = None,
    not_after: datetime | None = None,
) -> PluginKey:
    """Trust a key, given as base64 of its 32 bytes, for the plugins whose slug fits a pattern such as `acme-*`.

    `owner_name` is the publisher its packages must name. Raises KeyInvalid, KeyExists.
    """
    raw = _raw(public_key)
    _check(role, owner_name, slug_patterns)
    now = timezone.now()
    if not_after is not None and not_after <= now:
        raise KeyInvalid("not_after")
    key = PluginKey(
        workspace_id=workspace_id,
        key_id=signing.key_id(raw),
        public_key=raw,
        role=role,
        owner_name=owner_name,
        slug_patterns=list(slug_patterns),
        not_before=now,
        not_after=not_after,
        created_by=actor.name,
    )
    try:
        with transaction.atomic():
            key.save(force_insert=True)
    except IntegrityError as error:
        raise KeyExists(key.key_id) from error
    _record(key, "plugin_key.added", actor, ({}, facts_of(key)))
    return key


def retire(*, key: PluginKey, actor: Actor, at: datetime | None = None) -> PluginKey:
    """Let a key sign nothing new; what it signed goes on. `key` is locked by the caller. Raises KeyRevoked."""
    if key.status == PluginKey.Status.REVOKED:
        raise KeyRevoked(key.key_id)
    before = facts_of(key)
    now = at or timezone.now()
    key.status = PluginKey.Status.RETIRED
    key.not_after = min(key.not_after or now, now)
    key.save(update_fields=["status", "not_after"])
    _record(key, "plugin_key.retired", actor, (before, facts_of(key)))
    return key


def revoke(*, key: PluginKey, reason: str, actor: Actor, at: datetime | None = None) -> PluginKey:
    """Take the trust in a key back. `key` is locked by the caller, who has its versions judged again.

    `compromised` ends everything the key signed, the other reasons refuse new packages. Raises KeyInvalid,
    KeyRevoked.
    """
    if reason not in PluginKey.Reason.values:
        raise KeyInvalid("revoke_reason")
    graver = reason == PluginKey.Reason.COMPROMISED != key.revoke_reason
    if key.status == PluginKey.Status.REVOKED and not graver:
        raise KeyRevoked(key.key_id)
    before = facts_of(key)
    key.status = PluginKey.Status.REVOKED
    key.revoked_at = key.revoked_at or at or timezone.now()
    key.revoke_reason = reason
    key.save(update_fields=["status", "revoked_at", "revoke_reason"])
    _record(key, "plugin_key.revoked", actor, (before, facts_of(key)))
    return key


def signed_with(key: PluginKey) -> list[PluginVersion]:
    """The versions that carry a signature of this key. One query."""
    wanted = [{"key_id": key.key_id, "role": key.role}]
    return list(
        PluginVersion.objects.filter(signature__contains=wanted)
        .select_related("plugin")
        .order_by("plugin_id", "pk")
    )


def facts_of(key: PluginKey) -> dict[str, object]:
    return {
        "status": key.status,
        "role": key.role,
        "owner_name": key.owner_name,
        "slug_patterns": key.slug_patterns,
        "not_after": key.not_after,
        "revoke_reason": key.revoke_reason,
    }


def _record(
    key: PluginKey, action: str, actor: Actor, change: tuple[dict[str, object], dict[str, object]]
) -> None:
    subject = Subject(recording.KEY, key.key_id, key.workspace_id)
    recording.record(actor=actor, action=action, subject=subject, change=change)


def _raw(text: str) -> bytes:
    try:
        raw = base64.b64decode(text.strip(), validate=True)
    except (ValueError, binascii.Error) as error:
        raise KeyInvalid("public_key") from error
    if len(raw) != signing.KEY_BYTES:
        raise KeyInvalid("public_key")
    return raw


def _check(role: str, owner_name: str, slug_patterns: Sequence[str]) -> None:
    if role not in signing.ROLES:
        raise KeyInvalid("role")
    if not 0 < len(owner_name) <= MAX_NAME:
        raise KeyInvalid("owner_name")
    fitting = all(pattern and PATTERN.match(pattern) for pattern in slug_patterns)
    if not fitting or not 0 < len(slug_patterns) <= MAX_PATTERNS:
        raise KeyInvalid("slug_patterns")
