import pytest


@pytest.fixture(autouse=True)
def _storage(settings, tmp_path):
    """Files of each test stand in a folder of its own."""
    (tmp_path / "tmp").mkdir()
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "tmp"
    settings.AUDIT_ANCHORS_DIR = tmp_path / "audit-anchors"
    settings.STORAGES = {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "files"},
        },
    }
