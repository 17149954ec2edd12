"""Files in an S3-compatible bucket: stored, checked, sent by addresses that die, saved and brought back."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import boto3
import httpx
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import default_storage
from moto.server import ThreadedMotoServer

from accounts import tenancy
from config import storage
from laojun import file_sweeps, files
from laojun.backups import sources
from laojun.files import Owner
from laojun.models import File

pytestmark = pytest.mark.django_db
BUCKET = "taishang-files"


@pytest.fixture(scope="module")
def endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    ).create_bucket(Bucket=BUCKET)
    yield address
    server.stop()


@pytest.fixture
def bucket(endpoint, settings, monkeypatch):
    for name, value in {
        "BUCKET": BUCKET,
        "ENDPOINT": endpoint,
        "REGION": "us-east-1",
        "ACCESS_KEY": "key",
        "SECRET_KEY": "secret",
        "PREFIX": "kept",
    }.items():
        monkeypatch.setenv(f"STORAGE_S3_{name}", value)
    settings.STORAGES = {
        **settings.STORAGES,
        "default": storage.configuration(Path("/nowhere")),
    }
    return endpoint


def store(alice, content=b"words" * 1000):
    owner = Owner(alice.user.id, alice.workspace.id)
    return files.store(content=content, name="a.txt", purpose="attachment", owner=owner)


def test_a_file_is_stored_and_sent_by_an_address_that_dies(bucket, alice):
    file = store(alice)

    assert file.storage_provider == File.Provider.S3
    answer = alice.get(f"/api/v1/files/{file.id}/content/")
    assert answer.status_code == 302
    address = answer["Location"]
    query = parse_qs(urlsplit(address).query)
    assert int(query["X-Amz-Expires"][0]) <= 300
    assert "attachment" in query["response-content-disposition"][0]
    assert httpx.get(address).content == b"words" * 1000


def test_the_weekly_check_finds_what_is_lost_and_what_nobody_names(bucket, alice):
    kept, lost = store(alice), store(alice, b"other words")
    default_storage.delete(lost.storage_path)

    found = file_sweeps.check()

    assert found.missing == [str(lost.id)]
    assert kept.storage_path not in found.orphans


def test_a_purged_file_leaves_the_bucket(bucket, alice, django_capture_on_commit_callbacks):
    file = store(alice)
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        files.delete(file)
        File.objects.filter(pk=file.pk).update(purge_after="2020-01-01T00:00:00Z")

    with django_capture_on_commit_callbacks(execute=True):
        file_sweeps.sweep()

    assert not default_storage.exists(file.storage_path)


def test_a_backup_reads_it_as_any_other_file(bucket, alice):
    file = store(alice)
    named = sources.Named("file", file.storage_path, file.sha256, file.file_size)

    with named.open() as content:
        assert content.read() == b"words" * 1000
    with pytest.raises(FileNotFoundError):
        sources.Named("file", "2020/01/01/none", "0" * 64, 1).open()


def test_a_store_that_is_away_costs_no_row(bucket, alice, settings):
    settings.STORAGES["default"]["OPTIONS"]["endpoint_url"] = "http://127.0.0.1:9"
    settings.STORAGES = {**settings.STORAGES}

    with pytest.raises(Exception):  # noqa: B017, PT011
        store(alice)

    with tenancy.platform_scope(reason="test"):
        assert not File.objects.exists()


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setenv("STORAGE_S3_BUCKET", BUCKET)
    monkeypatch.setattr(storage, "find_spec", lambda _name: None)

    with pytest.raises(ImproperlyConfigured, match=r"requirements-s3\.txt"):
        storage.configuration(Path("/nowhere"))
