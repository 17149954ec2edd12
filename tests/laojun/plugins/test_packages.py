"""The container: one form only, and nothing in it that could deceive or swell."""

import io
import random
import resource
import time
import zipfile

import pytest

from laojun.plugins import packages
from laojun.plugins.packages import PackageUnsafe

FILES = {
    "manifest.json": b"{}",
    "src/a.py": b"print()",
    "src/b.bin": bytes(range(256)),
    "空.md": b"",
}


def zipped(files, **options):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_what_is_packed_comes_out_again_and_packs_to_the_same_bytes():
    data = packages.pack(FILES)

    files = packages.unpack(data)

    assert {name: bytes(content) for name, content in files.items()} == FILES
    assert packages.pack(files) == data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == FILES


def test_the_order_of_the_contents_does_not_matter():
    assert packages.pack(dict(reversed(FILES.items()))) == packages.pack(FILES)


def test_another_packers_zip_is_refused():
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        with pytest.raises(PackageUnsafe):
            packages.unpack(zipped(FILES, compression=method))


@pytest.mark.parametrize(
    "name",
    [
        "../up",
        "/abs",
        "c:/drive",
        "a\\b",
        "a//b",
        "./a",
        "bi\u202edi",
        "nul\x00",
        "e\u0301.md",
        "x" * 201,
        "in.zip",
    ],
)
def test_names_that_deceive_are_refused(name):
    with pytest.raises(PackageUnsafe):
        packages.pack({name: b"x"})


@pytest.mark.parametrize("names", [("A.md", "a.md"), ("ﬁ.md", "fi.md"), ("a", "a/b")])
def test_twins_are_refused(names):
    with pytest.raises(PackageUnsafe):
        packages.pack(dict.fromkeys(names, b"x"))


@pytest.mark.parametrize("where", ["before", "behind", "comment"])
def test_hidden_bytes_are_refused(where):
    data = packages.pack(FILES)
    changed = {
        "before": b"MZ" + data,
        "behind": data + b"x",
        "comment": data[:-2] + b"\x01\x00x",
    }[where]

    with pytest.raises(PackageUnsafe):
        packages.unpack(changed)


def test_every_bit_of_a_small_package_counts():
    data = packages.pack({"manifest.json": b"{}"})
    for position in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        try:
            files = packages.unpack(bytes(flipped))
        except PackageUnsafe:
            continue
        # A flip in the content itself fits its checksum never, so nothing may come this far.
        pytest.fail(f"bit {position} went unnoticed: {files}")


def test_bombs_and_crowds_are_refused_quickly_and_small():
    crowd = zipped({f"{number}": b"" for number in range(20_000)})
    bomb = zipped({"zeros": bytes(50_000_000)}, compression=zipfile.ZIP_DEFLATED)
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()

    for data in (crowd, bomb, bytes(packages.MAX_PACKAGE_BYTES + 1)):
        with pytest.raises(PackageUnsafe):
            packages.unpack(data)

    assert time.monotonic() - began < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_500_entries_are_taken_and_501_are_not():
    files = {f"{number}.txt": b"" for number in range(500)}

    assert len(packages.unpack(packages.pack(files))) == 500
    with pytest.raises(PackageUnsafe):
        packages.pack({**files, "more.txt": b""})


def test_random_noise_is_refused():
    noise = random.Random(7)
    for _round in range(50):
        with pytest.raises(PackageUnsafe):
            packages.unpack(noise.randbytes(noise.randrange(0, 500)))
