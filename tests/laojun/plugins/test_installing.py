"""A package comes in whole or leaves nothing but an audit entry."""

import base64
import random

import pytest
import rfc8785
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection, transaction

from accounts import tenancy
from laojun import audit, configs
from laojun.audit import Facts
from laojun.configs import Change
from laojun.files import Owner
from laojun.models import AuditLog, File, Plugin, PluginAudit, PluginVersion
from laojun.plugins import installing, manifests, packages, signing, versions
from laojun.plugins.installing import REFUSALS, Place
from laojun.plugins.manifests import ManifestInvalid, ManifestNotCanonical
from laojun.plugins.packages import PackageUnsafe
from laojun.plugins.refusals import PackageRefused, PublisherChanged, SlugTaken, VersionExists
from tests.laojun.plugins import making
from tests.laojun.plugins.making import OPERATOR, Author, catalogued, manifest, packed, signed

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    author = Author()
    author.trusted(patterns=["courier", "acme-*"])
    return author


def install(person, data, **options):
    """As a request does: what is refused is noted once everything was taken back."""
    afterwards = []
    try:
        with (
            audit.facts(Facts(afterwards=afterwards)),
            tenancy.platform_scope(reason="test"),
        ):
            return installing.install(
                data=data, place=Place(Owner(person.user.pk)), actor=OPERATOR, **options
            )
    finally:
        for write in afterwards:
            write()


def refused_rows():
    with tenancy.platform_scope(reason="test"):
        return (
            AuditLog.objects.filter(action="plugin.refused").count(),
            PluginAudit.objects.filter(action="plugin.refused", result="denied").count(),
        )


def test_a_signed_package_becomes_a_version(olga, acme):
    data = signed(acme)

    version, is_new = install(olga, data)

    assert is_new
    assert (version.signature_status, version.checksum) == ("signed", packages.checksum(data))
    assert version.plugin.status == "draft"
    with tenancy.platform_scope(reason="test"):
        row = PluginAudit.objects.get(action="plugin.installed")
        log = AuditLog.objects.get(pk=row.audit_id)
    assert (log.action, log.payload["details"]["slug"]) == ("plugin.installed", "courier")


def test_the_same_again_is_no_change_and_other_bytes_are_refused(olga, acme):
    data = signed(acme)
    first, _new = install(olga, data)

    again, is_new = install(olga, data)

    assert (again.pk, is_new) == (first.pk, False)
    with pytest.raises(VersionExists):
        install(olga, signed(acme, license="BSD"))


def test_200_of_200_random_flipped_bits_are_refused_and_audited(olga, acme):
    data = signed(acme)
    noise = random.Random(42)
    for position in noise.sample(range(len(data) * 8), 200):
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises(REFUSALS):
            install(olga, bytes(flipped))

    assert refused_rows() == (200, 200)
    with tenancy.platform_scope(reason="test"):
        assert not Plugin.objects.filter(slug="courier").exists()
        assert not File.objects.exists()


def test_flipped_bits_of_the_contents_are_refused_by_hash_and_signature_alone(olga, acme):
    """The container is packed anew around each changed content, so that its own checksums fit."""
    files = {name: bytes(view) for name, view in packages.unpack(signed(acme)).items()}
    noise = random.Random(43)
    for name in sorted(files):
        for _round in range(30):
            content = bytearray(files[name])
            position = noise.randrange(len(content) * 8)
            content[position // 8] ^= 1 << position % 8
            with pytest.raises(REFUSALS):
                install(olga, packages.pack({**files, name: bytes(content)}))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"extra": 1}, "manifest_invalid"),
        ({"slug": "Upper"}, "manifest_invalid"),
        ({"hooks": [{"hook": "nobody.calls", "hook_version": 1}]}, "manifest_invalid"),
        ({"permissions": ["event:audit", making.HOST]}, "manifest_invalid"),
        ({"permissions": ["everything", making.HOST]}, "manifest_invalid"),
        ({"permissions": ["event:task"]}, "manifest_invalid"),
        ({"permissions": ["net:*.example.com"]}, "manifest_invalid"),
        ({"permissions": ["net:127.0.0.1"]}, "manifest_invalid"),
        ({"kind": "builtin", "config_schema": {"type": "object"}}, "manifest_invalid"),
        ({"config_schema": {"type": "object"}}, "manifest_invalid"),
        ({"name": {"zh": "反\u202e转", "en": "x"}}, "manifest_invalid"),
        ({"name": {"zh": "x", "en": "nul\x00"}}, "manifest_invalid"),
        ({"default_on": True}, "manifest_invalid"),
        ({"compatibility": {"platform": "newest"}}, "manifest_invalid"),
        ({"dependencies": [{"slug": "courier", "range": "*"}]}, "manifest_invalid"),
        ({"version": "1.0"}, "invalid_version"),
        ({"version": "1.0.0-" + "9" * 30}, "invalid_version"),
        ({"slug": "rival"}, "key_unknown"),
        ({"publisher": "Rival"}, "key_unknown"),
    ],
)
def test_manifests_that_cannot_be_are_refused(olga, acme, change, code):
    with pytest.raises(REFUSALS) as caught:
        install(olga, packed(manifest(**change), ("publisher", acme)))

    assert caught.value.code == code
    assert refused_rows() == (1, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: b"\xef\xbb\xbf" + raw,
        lambda raw: raw + b"\n",
        lambda raw: raw.replace(b'"kind":"http"', b'"kind":"http","kind":"http"'),
        lambda raw: raw.replace(b'"schema"', b'"\\u0073chema"'),
        lambda raw: raw.replace(b'"default":3', b'"default":3.0'),
        lambda raw: raw.replace(b'"default":3', b'"default":30e-1'),
        lambda raw: raw.replace(b'"files"', b' "files"'),
        lambda raw: raw[:-1],
    ],
)
def test_other_spellings_of_a_manifest_are_refused_even_signed(olga, acme, change):
    files = {name: bytes(view) for name, view in packages.unpack(signed(acme)).items()}
    raw = change(files["manifest.json"])
    assert raw != files["manifest.json"]
    one = signing.sign(private_key=acme.private_key, role="publisher", manifest=raw)
    files |= {"manifest.json": raw, "signatures.json": signing.dump([one])}

    with pytest.raises(ManifestNotCanonical):
        install(olga, packages.pack(files))


def test_another_plugins_signature_fits_nothing_else(olga, acme):
    foreign = packages.unpack(signed(acme, slug="acme-other"))["signatures.json"]
    files = {name: bytes(view) for name, view in packages.unpack(signed(acme)).items()}

    with pytest.raises(PackageRefused) as caught:
        install(olga, packages.pack({**files, "signatures.json": bytes(foreign)}))

    assert caught.value.code == "signature_invalid"


@pytest.mark.parametrize(
    ("payload", "finding"),
    [
        ({}, "file_missing"),
        ({"README.md": b"other"}, "file_changed"),
        ({"README.md": b"hello", "more.py": b""}, "file_extra"),
    ],
)
def test_contents_must_be_those_listed(olga, acme, payload, finding):
    files = packages.unpack(signed(acme))
    kept = {name: bytes(files[name]) for name in ("manifest.json", "signatures.json")}

    with pytest.raises(PackageRefused) as caught:
        install(olga, packages.pack({**kept, **payload}))

    assert caught.value.code == "package_unsafe"
    assert [one["code"] for one in caught.value.members["findings"]] == [finding]


@pytest.mark.parametrize(
    "signatures",
    [
        b"{}",
        b"[1]",
        b'[{"alg":"none","key_id":"x","role":"publisher","sig":""}]',
        b"[ ]",
        b"[",
    ],
)
def test_broken_signature_files_are_refused(olga, acme, signatures):
    files = {name: bytes(view) for name, view in packages.unpack(signed(acme)).items()}

    with pytest.raises(REFUSALS) as caught:
        install(olga, packages.pack({**files, "signatures.json": signatures}))

    assert caught.value.code == "signature_invalid"


def test_unsigned_packages_need_the_policy_and_their_checksum_in_the_list(olga):
    data = packed(manifest())
    other = packed(manifest(license="BSD"))
    with pytest.raises(PackageRefused) as caught:
        install(olga, data)
    assert caught.value.code == "unsigned_refused"

    allow(olga, f"courier@{packages.checksum(data)}")

    with pytest.raises(PackageRefused):
        install(olga, other)
    assert install(olga, data)[0].signature_status == "unsigned"


def test_with_two_signatures_asked_for_one_is_not_enough(olga, acme):
    reviewer = Author("Reviewers")
    reviewer.trusted(role="reviewer")
    set_policy(olga, "require_reviewer")

    with pytest.raises(PackageRefused) as caught:
        install(olga, signed(acme))
    both = packed(manifest(), ("publisher", acme), ("reviewer", reviewer))

    assert caught.value.code == "unsigned_refused"
    assert install(olga, both)[0].signature_status == "signed"


def test_a_publishers_key_is_no_reviewers(olga, acme):
    set_policy(olga, "require_reviewer")

    with pytest.raises(PackageRefused):
        install(olga, packed(manifest(), ("publisher", acme), ("reviewer", acme)))


def test_an_update_of_another_publisher_waits_for_a_transfer(olga, acme):
    install(olga, signed(acme))
    rival = Author("Rival")
    rival.trusted()

    with pytest.raises(PublisherChanged):
        install(olga, signed(rival, version="2.0.0", publisher="Rival"))


def test_private_and_catalogue_never_share_a_slug(alice, charlie, olga, acme):
    install(olga, signed(acme))
    with pytest.raises(SlugTaken):
        making.private(alice, signed(acme, version="3.0.0"))

    making.private(alice, signed(acme, slug="acme-mine"))

    with pytest.raises(SlugTaken):
        install(olga, signed(acme, slug="acme-mine"))
    assert making.private(charlie, signed(acme, slug="acme-mine")).plugin.status == "active"


def test_a_workspaces_key_opens_its_own_workspace_only(alice, charlie, olga):
    author = Author()
    author.trusted(workspace_id=alice.workspace.pk)

    assert making.private(alice, signed(author)).signature_status == "signed"
    for attempt in (
        lambda: making.private(charlie, signed(author)),
        lambda: install(olga, signed(author, slug="x1")),
    ):
        with pytest.raises(PackageRefused) as caught:
            attempt()
        assert caught.value.code == "key_unknown"


def test_a_version_never_changes_and_a_key_is_never_deleted(olga, acme):
    version = catalogued(olga, signed(acme))
    with tenancy.platform_scope(reason="test"):
        rows = PluginVersion.objects.filter(pk=version.pk)
        for change in (
            {"checksum": "0" * 64},
            {"manifest_bytes": b"{}"},
            {"version": "9.9.9"},
            {"signature": []},
            {"permissions": []},
        ):
            with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
                rows.update(**change)
        assert rows.update(signature=[*version.signature, {"role": "reviewer"}]) == 1
        with pytest.raises(DatabaseError, match="kept for ever"), transaction.atomic():
            connection.cursor().execute("DELETE FROM lao_plugin_keys")


def test_the_history_of_plugins_cannot_be_rewritten(olga, acme):
    install(olga, signed(acme))
    with tenancy.platform_scope(reason="test"):
        for statement in (
            "UPDATE lao_plugin_audits SET action = 'plugin.x'",
            "DELETE FROM lao_plugin_audits",
            "TRUNCATE lao_plugin_audits",
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                connection.cursor().execute(statement)


def test_an_incompatible_package_comes_in_as_such(olga, acme):
    version, _new = install(olga, signed(acme, compatibility={"platform": ">=99.0.0"}))

    assert (version.signature_status, version.findings[0]["code"]) == ("incompatible", "platform")


def test_a_private_plugin_opens_with_its_first_version_that_fits(alice, acme):
    first = making.private(alice, signed(acme, compatibility={"platform": ">=99.0.0"}))
    assert first.plugin.status == "draft"

    second = making.private(alice, signed(acme, version="1.0.1"))

    assert second.plugin.status == "active"


def test_package_files_are_shown_by_no_door_for_files(olga, acme):
    version = catalogued(olga, signed(acme))

    listed = olga.get("/api/v1/files/").json()["results"]

    assert listed == []
    assert default_storage.exists(_file(version).storage_path)


def _file(version):
    with tenancy.platform_scope(reason="test"):
        return File.objects.get(pk=version.package_file_id)


def set_policy(olga, name):
    write(Change("plugins.signature_policy", name))


def allow(olga, name):
    write(Change("plugins.signature_policy", "allow_listed"))
    write(Change("plugins.allowed_unsigned", [name]))


def write(change):
    configs.write(changes=[change], workspace_id=None, actor=OPERATOR)


def test_the_canonical_form_is_that_of_the_standard():
    """The example of RFC 8785, section 3.2.2."""
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": '\u20ac$\u000f\nA\'B"\\\\"/',
        "literals": [None, True, False],
    }

    assert manifests.canonical(value) == (
        b'{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        b'"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert rfc8785.dumps({"\u20ac": 1, "\r": 2, "1": 3, "\U0001f600": 4, "\ufb33": 5}) == (
        b'{"\\r":2,"1":3,"\xe2\x82\xac":1,"\xf0\x9f\x98\x80":4,"\xef\xac\xb3":5}'
    )


def test_versions_sort_as_the_standard_says():
    """The examples of SemVer 2.0, clause 11."""
    ordered = [
        "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
        "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0",
    ]  # fmt: skip
    shuffled = random.Random(1).sample(ordered, len(ordered))

    assert sorted(shuffled, key=versions.sort_key) == ordered
    assert sorted(shuffled, key=versions.parse) == ordered


def test_a_signature_spelt_otherwise_is_refused():
    author = Author()
    one = signing.sign(private_key=author.private_key, role="publisher", manifest=b"{}")
    entry = one.as_json()
    # The last character before the padding carries bits that mean nothing.
    loose = entry["sig"][:-3] + chr(ord(entry["sig"][-3]) + 1) + "=="
    if base64.b64decode(loose) == one.value:
        with pytest.raises(signing.SignaturesInvalid):
            signing.read([{**entry, "sig": loose}])


def test_refusals_are_one_of_the_declared(olga):
    for data in (b"", b"PK", b"x" * 100):
        with pytest.raises(PackageUnsafe):
            install(olga, data)
    with pytest.raises(ManifestInvalid):
        install(olga, packages.pack({"README.md": b""}))
