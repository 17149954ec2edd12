"""Where packages are kept: as files of the platform or of a workspace, under names of ours."""

from contextlib import AbstractContextManager, nullcontext

from accounts import tenancy
from accounts.rls import OPERATOR
from laojun import files
from laojun.files import Owner
from laojun.models import File, PluginVersion
from laojun.plugins import packages

# The dot keeps these files out of the doors for people's own files.
PURPOSE = "plugin.package"


class PackageMissing(Exception):
    """The row stands, its package does not."""


def keep(data: bytes, *, slug: str, version: str, owner: Owner) -> File:
    """Raises what `files.store` raises."""
    return files.store(
        content=data,
        name=f"{slug}-{version}.zip",
        purpose=PURPOSE,
        owner=owner,
        entity=("plugin", slug),
    )


def read(version: PluginVersion) -> bytes:
    """The bytes of a version's package, read once. Raises PackageMissing."""
    try:
        with _place_of(version):
            return files.read(File.objects.get(pk=version.package_file_id))
    except (File.DoesNotExist, files.ContentMissing) as error:
        raise PackageMissing(str(version.pk)) from error


def payload_file(version: PluginVersion, name: str) -> bytes:
    """One file of a version's payload, its hash checked in the bytes that are given out.

    Raises PackageMissing when it is not there or not what was signed.
    """
    data = read(version)
    wanted = version.manifest["files"].get(name)
    if packages.checksum(data) == version.checksum and wanted is not None:
        content = packages.unpack(data).get(name)
        if content is not None and packages.checksum(content) == wanted:
            return bytes(content)
    raise PackageMissing(f"{version.pk}: {name}")


def _place_of(version: PluginVersion) -> AbstractContextManager[None]:
    """Packages of the catalogue are files of the platform, which no workspace sees."""
    if version.workspace_id is not None:
        return tenancy.workspace(version.workspace_id)
    if tenancy.current().role == OPERATOR:
        return nullcontext()
    return tenancy.platform_scope(reason="reading a plugin's package")
