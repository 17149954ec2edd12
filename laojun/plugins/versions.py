"""Versions and ranges of them, as SemVer 2.0 orders them.

Source: semver.org 2.0.0, clauses 2, 9 and 11.
"""

import re

from semver import Version

PLATFORM = "1.0.0"
MAX_LENGTH = 64
MAX_NUMBER_DIGITS = 9
MAX_IDENTIFIERS = 8
COMPARATOR = re.compile(r"(>=|<=|>|<|==)(\S+)\Z")


class InvalidVersion(ValueError):
    """Not a version of SemVer 2.0, or one with endless numbers."""

    code = "invalid_version"


def parse(text: str) -> Version:
    """Raises InvalidVersion."""
    try:
        version = Version.parse(text) if len(text) <= MAX_LENGTH else None
    except (ValueError, TypeError) as error:
        raise InvalidVersion(text) from error
    if version is None or _is_endless(version):
        raise InvalidVersion(text[:MAX_LENGTH])
    return version


def sort_key(text: str) -> str:
    """ASCII text that sorts as the versions do; build metadata orders nothing. Raises InvalidVersion."""
    version = parse(text)
    numbers = ".".join(f"{number:010d}" for number in (version.major, version.minor, version.patch))
    if version.prerelease is None:
        return f"{numbers}~"
    parts = [
        f"0{int(part):010d}" if part.isdigit() else f"1{part}"
        for part in version.prerelease.split(".")
    ]
    return f"{numbers}-{'!'.join(parts)}"


def check_range(text: str) -> None:
    """Raises InvalidVersion for what is no range: comparators such as `>=1.2.0,<2.0.0`, or `*`."""
    _comparators(text)


def fits(text: str, version: str) -> bool:
    """Whether a version lies in a range. Raises InvalidVersion."""
    found = parse(version)
    return all(found.match(comparator) for comparator in _comparators(text))


def _comparators(text: str) -> list[str]:
    if text == "*":
        return []
    comparators = [part.strip() for part in text.split(",")]
    for comparator in comparators:
        match = COMPARATOR.match(comparator)
        if match is None:
            raise InvalidVersion(text[:MAX_LENGTH])
        parse(match[2])
    return comparators


def _is_endless(version: Version) -> bool:
    identifiers = (version.prerelease or "").split(".")
    numbers = [str(version.major), str(version.minor), str(version.patch)]
    numbers += [part for part in identifiers if part.isdigit()]
    return len(identifiers) > MAX_IDENTIFIERS or any(
        len(number) > MAX_NUMBER_DIGITS for number in numbers
    )
