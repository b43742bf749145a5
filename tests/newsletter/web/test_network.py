"""A network is told, and never a person's address."""

import pytest
from starlette.requests import Request

from newsletter.web.network import network_of


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1234:5678::9", "2001:db8:1234::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("testclient", ""),
        ("", ""),
    ],
)
def test_an_address_becomes_its_network(host: str, network: str) -> None:
    """A /24 of IPv4, a /48 of IPv6, also where one is written as the other."""
    request = Request({"type": "http", "client": (host, 50_000)})

    assert network_of(request) == network


def test_without_a_client_there_is_no_network() -> None:
    """As over a Unix socket."""
    assert network_of(Request({"type": "http", "client": None})) == ""
