"""Where files are kept: on this machine, or in a bucket of an S3-compatible store."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config import env


def configuration(location: Path) -> dict[str, Any]:
    """The default storage. A bucket is private: readers are sent to addresses that die."""
    bucket = env.text("STORAGE_S3_BUCKET")
    options = {
        "endpoint_url": env.url("STORAGE_S3_ENDPOINT", schemes=("http", "https")),
        "region_name": env.text("STORAGE_S3_REGION"),
        "access_key": env.text("STORAGE_S3_ACCESS_KEY"),
        "secret_key": env.text("STORAGE_S3_SECRET_KEY"),
        "location": env.text("STORAGE_S3_PREFIX"),
    }
    if not bucket:
        return {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": location},
        }
    if find_spec("storages") is None or find_spec("boto3") is None:
        raise ImproperlyConfigured(
            "STORAGE_S3_BUCKET is set and its programs are missing: pip install -r requirements-s3.txt"
        )
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": bucket,
            "default_acl": None,
            "querystring_auth": True,
            "file_overwrite": False,
            "signature_version": "s3v4",
            **{name: value for name, value in options.items() if value},
        },
    }
