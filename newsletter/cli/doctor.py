"""`newsletter doctor`: is everything ready for Tuesday morning?"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Annotated

import typer

from newsletter import db
from newsletter.cli import screen
from newsletter.cli.office import Office, config_of, connect
from newsletter.cli.status import look
from newsletter.config import Config, Security, TransportKind, checks
from newsletter.db import Engine
from newsletter.errors import ConfigError, Fenced, MailboxProblem, NewsletterError
from newsletter.render import Level
from newsletter.sender import As, mailbox_of, preview, relay_of
from newsletter.tips import library
from newsletter.transport import SmtpTransport
from subscribers.addresses import is_reserved

app = typer.Typer(add_completion=False, rich_markup_mode=None)

# A check of the relay should not make the operator wait for minutes.
RELAY_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: ok, a warning or an error, and what to do."""

    name: str
    state: str
    message: str


@app.command()
def doctor(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check settings, database, templates, relay, mailbox: ok, or what to do."""
    checks = list(_examine(context, config_of(context)))
    if json:
        screen.as_json(checks)
    else:
        rows = [(check.name, check.state, check.message) for check in checks]
        screen.table(("Check", "State", "What was found"), rows)
    if any(check.state == "error" for check in checks):
        raise typer.Exit(1)


def _examine(context: typer.Context, config: Config) -> Iterator[Check]:
    """Yield every check; a failed one does not keep the others from being made."""
    yield Check("Settings", "ok", config.source)
    yield _secret(config)
    yield from _identity(config)
    yield from _web(config)
    yield from _database(context, config)
    yield _relay(config)
    yield from _mailbox(config)
    yield from _privacy(config)


def _privacy(config: Config) -> Iterator[Check]:
    """See that the operator's own privacy notice can be shown, if there is one."""
    name = config.settings.web.privacy.strip()
    if not name or name.startswith("https://"):
        return
    try:
        config.path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"web.privacy = {name!r} cannot be read ({error}). Name a Markdown "
        message += "file or an https address. Until then the site shows its own notice."
        yield Check("Privacy", "error", message)
    else:
        yield Check("Privacy", "ok", name)


def _secret(config: Config) -> Check:
    try:
        return Check("Secret", "ok", f"{len(config.secrets)} known")
    except ConfigError as error:
        return Check("Secret", "error", str(error))


def _identity(config: Config) -> Iterator[Check]:
    """Check what readers see: the sender's address, the site, the postal address."""
    settings = config.settings
    sender = settings.identity.from_address
    if is_reserved(sender):
        message = f"{sender} is only an example. Set identity.from_address."
        yield Check("Sender", _severity(config), message)
    else:
        message = f"{sender}; its domain needs SPF, DKIM and DMARC records"
        yield Check("Sender", "ok", message)
    if is_reserved(f"@{settings.newsletter.host}"):
        message = f"{settings.newsletter.base_url} is only an example. "
        message += "Set newsletter.base_url."
        yield Check("Site", _severity(config), message)
    else:
        yield Check("Site", "ok", settings.newsletter.base_url)
    example = type(settings)().identity.postal_address
    address = settings.identity.postal_address
    if not address or address == example:
        what = f"{address} is only an example" if address else "there is none"
        message = f"{what}; the law wants yours. Set identity.postal_address."
        yield Check("Postal address", _severity(config), message)
    else:
        yield Check("Postal address", "ok", address)


def _web(config: Config) -> Iterator[Check]:
    """Check that readers can come, as themselves, and be heard."""
    settings = config.settings
    web = settings.web
    if not web.enabled:
        yield Check("Pages", "ok", "`newsletter run` serves none (web.enabled)")
    elif not checks.is_loopback(web.host) and _trusts_only_itself(
        web.forwarded_allow_ips
    ):
        message = (
            f"{web.host}:{web.port} can be reached from elsewhere, and no proxy but "
            "this machine's is believed. If one elsewhere is in front, all readers "
            "seem to be that one: set web.forwarded_allow_ips."
        )
        yield Check("Pages", "warning", message)
    else:
        yield Check("Pages", "ok", f"{web.host}:{web.port}")
    identity = settings.identity
    if identity.operator_address:
        yield Check("Your mailbox", "ok", identity.operator_address)
        return
    instead = identity.reply_to or identity.from_address
    message = (
        f"no notice is mailed, and the contact form writes to {instead}. "
        "Set identity.operator_address."
    )
    yield Check("Your mailbox", "warning", message)


def _trusts_only_itself(proxies: tuple[str, ...]) -> bool:
    return all(ip_network(text, strict=False).is_loopback for text in proxies)


def _severity(config: Config) -> str:
    """Examples are fine for a trial that writes files, and wrong for a relay."""
    is_trial = config.settings.delivery.transport is TransportKind.FILE
    return "warning" if is_trial else "error"


def _database(context: typer.Context, config: Config) -> Iterator[Check]:
    """Check the database, and what is in it."""
    try:
        engine = connect(context, config)
        db.check(engine)
    except NewsletterError as error:
        yield Check("Database", "error", str(error))
        return
    yield Check("Database", "ok", db.shown(engine))
    if config.settings.queue.enabled:
        yield _queue(engine)
    office = Office(config, engine)
    standing = look(office)
    if standing.fenced:
        yield Check("Live", "error", str(Fenced(reason=standing.fenced)))
    readers = standing.people.get("active", 0)
    state = "ok" if readers else "warning"
    hint = "" if readers else ". Add some: newsletter subscribers import FILE"
    people = screen.count(readers, "active person", "active people")
    yield Check("Readers", state, f"{people}{hint}")
    for line in standing.attention:
        yield Check("Attention", "warning", line)
    yield _next_email(office)


def _queue(engine: Engine) -> Check:
    """See that workers can be told what to send."""
    try:
        from newsletter import queue  # noqa: PLC0415 - an optional part

        queue.check(engine)
    except (NewsletterError, ConfigError) as error:
        return Check("Queue", "error", str(error))
    return Check("Queue", "ok", "workers are told what to send")


def _next_email(office: Office) -> Check:
    """Render the next tip, which tries the templates and the tip itself."""
    following = look(office).next
    if following.choice is None:
        return Check("Email", "warning", f"no tip to try with: {following.reason}")
    with db.transaction(office.engine) as session:
        tip = library.get(session, following.choice.tip_id)
    reader = As(office.config.settings.identity.from_address)
    try:
        made = preview(office.config, tip, following.slot, reader, now=office.clock())
    except (NewsletterError, ConfigError) as error:
        return Check("Email", "error", str(error))
    if made.findings:
        worst = min(made.findings, key=lambda found: found.level is not Level.ERROR)
        return Check("Email", worst.level, f"{tip.title}: {worst.message}")
    size = f"{len(made.letter.message) / 1024:.0f} KB"
    return Check("Email", "ok", f"{following.slot}, {tip.title}, {size}")


def _relay(config: Config) -> Check:
    """Connect and log in as the sender would."""
    settings = config.settings
    if settings.delivery.transport is TransportKind.FILE:
        folder = config.path(settings.delivery.folder)
        return Check("Relay", "warning", f"letters are only written to {folder}")
    relay = relay_of(config)
    timeout = min(relay.timeout_seconds, RELAY_TIMEOUT_SECONDS)
    try:
        SmtpTransport(replace(relay, timeout_seconds=timeout)).check()
    except OSError as error:
        said = str(error).removeprefix(f"{relay.name} ")
        return Check("Relay", "error", f"{relay.name}: {said}. Check [smtp].")
    if relay.security is Security.NONE and not checks.is_loopback(relay.host):
        message = f"{relay.name} answers, but nothing protects the connection. "
        message += 'Set smtp.security = "starttls".'
        return Check("Relay", "warning", message)
    login = f"logged in as {relay.username}" if relay.username else "no login"
    return Check("Relay", "ok", f"{relay.name}, {login}")


def _mailbox(config: Config) -> Iterator[Check]:
    """Open the mailbox as `newsletter run` would, and read nothing."""
    mailbox = mailbox_of(config)
    if mailbox is None:
        return
    try:
        with mailbox.open():
            pass
    except MailboxProblem as error:
        message = f"{mailbox.name}: {error.reason.rstrip('.')}. Check [mailbox]."
        yield Check("Mailbox", "error", message)
    else:
        yield Check("Mailbox", "ok", mailbox.name)
