"""Who came in or tried to, from which device and network; and whether we saw that device before."""

import ipaddress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.core import signing
from django.db import transaction
from django.db.models import QuerySet

from accounts import devices, identity, mail, news, secrets, signals
from accounts.models import Session, SignIn, User

if TYPE_CHECKING:
    from accounts.sessions import Facts

KEPT = timedelta(days=90)
PREFIXES = {4: 24, 6: 48}
DISOWN_SALT = "accounts.not_me"
DISOWN_SECONDS = 7 * 24 * 3600


class LinkInvalid(Exception):
    """The link of a letter is too old, damaged or used."""


def succeeded(*, user: User, session: Session, facts: "Facts") -> None:
    """Write a sign-in down; one from a device or network that is new for this person is told them by mail."""
    device, network = devices.describe(facts.user_agent), neighbourhood_of(facts.ip)
    is_new = _is_new(user, device, network)
    SignIn.objects.create(
        user=user,
        session=session,
        result=SignIn.Result.DONE,
        ip=facts.ip,
        network=network,
        user_agent=facts.user_agent,
    )
    if is_new:
        url = mail.address_of("not_me", _disown_token(session.pk))
        link = ("security", "")
        news.tell("new_device", user=user, link=link, url=url, **mail.where(facts))


def failed(*, login: str, facts: "Facts") -> None:
    """Write a refused sign-in down. In the log the typed name is a keyed hash, never a list of addresses."""
    key = identity.login_key(login)
    _key_id, digest = secrets.sign(key.encode(), purpose="failed sign-in")
    with transaction.atomic():
        SignIn.objects.create(
            user=identity.find(login),
            result=SignIn.Result.FAILED,
            ip=facts.ip,
            network=neighbourhood_of(facts.ip),
            user_agent=facts.user_agent,
        )
        signals.sign_in_failed.send(sender=User, email_key_hash=digest.hex(), request_facts=facts)


def neighbourhood_of(ip: str | None) -> str:
    """The network an address belongs to: its first 24 bits, or 48 of IPv6."""
    if not ip:
        return ""
    address = ipaddress.ip_address(ip)
    return str(ipaddress.ip_network(f"{ip}/{PREFIXES[address.version]}", strict=False))


def session_of(token: str) -> Session:
    """The session that a letter's "this was not me" names. Raises LinkInvalid."""
    try:
        number = signing.loads(token, salt=DISOWN_SALT, max_age=DISOWN_SECONDS)
        return Session.objects.select_related("user").get(pk=UUID(number))
    except (signing.BadSignature, Session.DoesNotExist, ValueError) as error:
        raise LinkInvalid from error


def forgotten(now: datetime) -> QuerySet[SignIn]:
    """Sign-ins of 90 days ago."""
    return SignIn.objects.filter(created_at__lt=now - KEPT)


def _is_new(user: User, device: str, network: str) -> bool:
    """Whether this person came before, but never with this kind of device or never from this network."""
    earlier = SignIn.objects.filter(user=user, result=SignIn.Result.DONE)
    seen = list(earlier.values_list("user_agent", "network").distinct()[:200])
    known_device = any(devices.describe(agent) == device for agent, _network in seen)
    # A sign-in without an address tells nothing about networks.
    networks = {known for _agent, known in seen if known}
    known_network = network in networks or not networks
    return bool(seen) and not (known_device and known_network)


def _disown_token(session_id: UUID) -> str:
    return signing.dumps(str(session_id), salt=DISOWN_SALT)
