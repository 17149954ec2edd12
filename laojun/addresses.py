"""Which addresses belong to the public internet: an own table, since the standard library's changed between releases.

Source: the IANA special-purpose address registries for IPv4 and IPv6, and RFC 6890, 4291, 6052, 3056, 4380, 5214.
"""

import ipaddress
import re

import idna

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
MAX_HOST = 253
REFUSED_V4 = {
    "0.0.0.0/8": "this host",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "carrier-grade NAT",
    "127.0.0.0/8": "loopback",
    "169.254.0.0/16": "link-local",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "protocol assignments",
    "192.0.2.0/24": "documentation",
    "192.31.196.0/24": "AS112",
    "192.52.193.0/24": "multicast tunnelling",
    "192.88.99.0/24": "6to4 relay",
    "192.168.0.0/16": "private",
    "192.175.48.0/24": "AS112",
    "198.18.0.0/15": "benchmark",
    "198.51.100.0/24": "documentation",
    "203.0.113.0/24": "documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
}
REFUSED_V6 = {
    "::1/128": "loopback",
    "::/128": "unspecified",
    "64:ff9b:1::/48": "local NAT64",
    "100::/64": "discard",
    "2001::/32": "Teredo",
    "2001::/23": "protocol assignments",
    "2001:db8::/32": "documentation",
    "2620:4f:8000::/48": "AS112",
    "3fff::/20": "documentation",
    "5f00::/16": "segment routing",
    "fc00::/7": "unique local",
    "fe80::/10": "link-local",
    "fec0::/10": "site-local",
    "ff00::/8": "multicast",
}
# What answers here hands out credentials of the machine: no rule may open it.
METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",
        "169.254.169.253",
        "169.254.170.2",
        "169.254.170.23",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
    )
)
_V4 = [(ipaddress.IPv4Network(net), why) for net, why in REFUSED_V4.items()]
_V6 = [(ipaddress.IPv6Network(net), why) for net, why in REFUSED_V6.items()]
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_6TO4 = ipaddress.IPv6Network("2002::/16")
_ISATAP = (0x00005EFE, 0x02005EFE)
_NUMBER_LIKE = re.compile(r"(?:^|\.)(?:0[xX][0-9a-fA-F]*|[0-9]+)$")


class OddHost(ValueError):
    """The host is not written as a host is written; whatever it might mean, it is refused."""


def parse_host(text: str) -> Address | str:
    """The address a literal means, or the name in its IDNA form. Raises OddHost.

    Numbers in any other spelling than four decimals (hex, octal, one big number, fewer parts, full-width
    digits) are refused: programs disagree about them, and nobody needs them.
    """
    if not text or len(text) > MAX_HOST or re.search(r"[\s\x00-\x20\x7f@/\\?#%]", text):
        raise OddHost(text)
    if text.startswith("[") or ":" in text:
        return _ipv6(text)
    try:
        return ipaddress.IPv4Address(text)
    except ValueError:
        return _name(text)


def refusal(address: Address) -> str | None:
    """Why this address is not public, or None. Addresses that carry another one are judged by both."""
    if address in METADATA:
        return "metadata service"
    if isinstance(address, ipaddress.IPv4Address):
        return next((why for net, why in _V4 if address in net), None)
    carried = embedded(address)
    if carried is not None:
        inner = refusal(carried)
        return f"carries {carried}: {inner}" if inner else _outer(address)
    return _own(address)


def embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address inside a mapped, compatible, NAT64, 6to4 or ISATAP address."""
    number = int(address)
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address in _NAT64 or (address in _COMPATIBLE and number > 1):
        return ipaddress.IPv4Address(number & 0xFFFFFFFF)
    if address in _6TO4:
        return address.sixtofour
    if (number >> 32) & 0xFFFFFFFF in _ISATAP:
        return ipaddress.IPv4Address(number & 0xFFFFFFFF)
    return None


def is_metadata(address: Address) -> bool:
    inner = embedded(address) if isinstance(address, ipaddress.IPv6Address) else None
    return address in METADATA or inner in METADATA


def _outer(address: ipaddress.IPv6Address) -> str | None:
    """A public IPv4 inside opens its carrier only where that carrier is routed publicly."""
    if address.ipv4_mapped or address in _NAT64:
        return None
    return _own(address)


def _own(address: ipaddress.IPv6Address) -> str | None:
    for net, why in _V6:
        if address in net:
            return why
    return None if address in _GLOBAL_V6 else "not global unicast"


def _ipv6(text: str) -> ipaddress.IPv6Address:
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        return ipaddress.IPv6Address(bare)
    except ValueError as error:
        raise OddHost(text) from error


def _name(text: str) -> str:
    try:
        name = idna.encode(text.removesuffix("."), uts46=True, std3_rules=True).decode().lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise OddHost(text) from error
    if _NUMBER_LIKE.search(name) or not name:
        raise OddHost(text)
    return name
