"""Domains are asked about once, and only a clear no costs a person their place."""

import sys
from typing import Any

import pytest
from dns.exception import Timeout
from dns.resolver import NXDOMAIN, NoAnswer, NoNameservers, NoResolverConfiguration

from subscribers import mail_hosts
from subscribers.errors import NoResolver
from subscribers.mail_hosts import HostVerdict, MailHosts


class Exchange:
    """An answer that names a mail server."""

    preference = 10

    def __init__(self, exchange: str) -> None:
        self.exchange = exchange


class Names:
    """Name servers that know a few domains."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def resolve(self, domain: str, kind: str) -> list[Exchange]:
        """Answer as a resolver of dnspython does."""
        self.asked.append((domain, kind))
        match domain:
            case "good.test" | "xn--mller-kva.test":
                return [Exchange("mx.good.test.")]
            case "null.test":
                return [Exchange(".")]
            case "slow.test":
                raise Timeout
            case "broken.test":
                raise NoNameservers
            case "no-mail.test":
                raise NoAnswer
        raise NXDOMAIN


@pytest.fixture
def names() -> Names:
    """The name servers of the test."""
    return Names()


@pytest.mark.parametrize(
    ("address", "refused", "doubt"),
    [
        ("ann@good.test", "", ""),
        ("ann@müller.test", "", ""),
        ("ann@null.test", "null.test does not accept email", ""),
        ("ann@no-mail.test", "no-mail.test does not accept email", ""),
        ("ann@nowhere.test", "nowhere.test does not exist", ""),
        ("ann@slow.test", "", "slow.test takes mail is unknown: timeout"),
        ("ann@broken.test", "", "is unknown: no nameservers"),
        ("ann@" + "a" * 70 + ".test", "no name that mail servers know", ""),
    ],
)
def test_a_domain_takes_mail_or_not_or_nobody_knows(
    names: Any, address: str, refused: str, doubt: str
) -> None:
    """A name server that does not answer is no reason to lose anybody."""
    if len(address) > 64:
        address = address.replace("a.test", "ä.test")
    verdict = MailHosts(names).look_up(address)

    assert refused in verdict.refused
    assert bool(verdict.refused) == bool(refused)
    assert doubt in verdict.doubt
    assert bool(verdict.doubt) == bool(doubt)


def test_a_domain_is_asked_about_once(names: Any) -> None:
    """However many people have an address there."""
    hosts = MailHosts(names)

    for number in range(50):
        assert hosts.look_up(f"r{number}@good.test") == HostVerdict()

    assert names.asked == [("good.test", "MX")]


def test_without_the_package_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And that it can be left out."""
    monkeypatch.setitem(sys.modules, "dns.resolver", None)

    with pytest.raises(NoResolver, match="pip install dnspython"):
        MailHosts()


def test_a_machine_without_name_servers_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The reason comes from dnspython, the remedy from us."""

    def none_named() -> None:
        raise NoResolverConfiguration

    monkeypatch.setattr("dns.resolver.Resolver", none_named)

    with pytest.raises(NoResolver, match=r"resolv\.conf"):
        MailHosts()


def test_our_own_resolver_is_not_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long list has many domains; three seconds for one are enough."""

    class Bare:
        lifetime = 99.0

    monkeypatch.setattr("dns.resolver.Resolver", Bare)

    assert mail_hosts._own_resolver(3.0).lifetime == 3.0
