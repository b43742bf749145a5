"""Ask the name servers whether a domain takes mail at all; only when somebody wants to.

One question a domain, however many people have an address there. A name server that
does not answer is no reason to lose anybody: that is only said.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from subscribers.addresses import on_the_wire
from subscribers.errors import NoResolver

if TYPE_CHECKING:
    from dns.resolver import Resolver

# Seconds for all questions about a domain together.
TIMEOUT_SECONDS = 3.0
# Domains that are remembered.
_REMEMBERED = 65_536


class HostVerdict(NamedTuple):
    """Why a domain takes no mail, or why nobody could tell; both empty if it does."""

    refused: str = ""
    doubt: str = ""


class MailHosts:
    """Knows which domains take mail.

    Args:
        resolver: asks the name servers; by default those of this machine.
        timeout_seconds: how long it may take to ask about a domain.

    Raises:
        NoResolver: the package that asks name servers is missing, or this machine does
            not say where they are.
    """

    def __init__(
        self,
        resolver: "Resolver | None" = None,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._resolver = resolver or _own_resolver(timeout_seconds)
        self.ask = lru_cache(maxsize=_REMEMBERED)(self._ask)

    def look_up(self, address: str) -> HostVerdict:
        """Return whether mail to *address* has anywhere to go."""
        try:
            return self.ask(on_the_wire(address).rpartition("@")[2])
        except UnicodeError:
            return HostVerdict(refused="its domain has no name that mail servers know")

    def _ask(self, domain: str) -> HostVerdict:
        """Ask about a *domain*, as name servers know it.

        Source: RFC 5321 §5.1 (MX, then A and AAAA), RFC 7505 (a domain without mail).
        """
        # Not at the top: it takes a package that not everybody needs.
        from email_validator import EmailUndeliverableError  # noqa: PLC0415
        from email_validator.deliverability import (  # noqa: PLC0415
            validate_email_deliverability,
        )

        try:
            found = validate_email_deliverability(
                domain, domain, dns_resolver=self._resolver
            )
        except EmailUndeliverableError as error:
            return HostVerdict(refused=str(error).rstrip("."))
        if why := found.get("unknown-deliverability"):
            return HostVerdict(
                doubt=f"whether {domain} takes mail is unknown: {why.replace('_', ' ')}"
            )
        return HostVerdict()


def _own_resolver(timeout_seconds: float) -> "Resolver":
    try:
        from dns.exception import DNSException  # noqa: PLC0415
        from dns.resolver import Resolver  # noqa: PLC0415
    except ImportError as error:
        raise NoResolver(
            reason="the package dnspython is missing",
            remedy="Install it (pip install dnspython), or leave --check-mx out.",
        ) from error
    try:
        resolver = Resolver()
    except (DNSException, OSError) as error:
        raise NoResolver(
            reason=f"this machine names no name server ({error})",
            remedy="Look at /etc/resolv.conf, or leave --check-mx out.",
        ) from error
    resolver.lifetime = timeout_seconds
    return resolver
